//! A case: one thing a server must do, and how to find out.

use std::{borrow::Cow, fmt};

use crate::{Level, Requirement, Side, wire::Server};

/// One check of the suite.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// A path whose parts select: `rfc6455::s5_5_1::close_is_answered_with_close`.
    pub id: &'static str,
    /// What it shows, the main requirement first.
    pub requirements: &'static [&'static Requirement],
    /// What the server must offer for the case to run.
    pub needs: Needs,
    /// Where to look when it fails.
    pub hint: &'static str,
    pub(crate) check: fn(&Server) -> Verdict,
    pub(crate) alone: bool,
}

impl Case {
    /// A case that runs against any endpoint that echoes.
    pub(crate) const fn echo(
        id: &'static str,
        requirements: &'static [&'static Requirement],
        check: fn(&Server) -> Verdict,
    ) -> Self {
        Self {
            id,
            requirements,
            needs: Needs::Echo,
            hint: "",
            check,
            alone: false,
        }
    }

    /// A case that needs the kit's own handlers.
    pub(crate) const fn app(
        id: &'static str,
        requirements: &'static [&'static Requirement],
        check: fn(&Server) -> Verdict,
    ) -> Self {
        Self {
            needs: Needs::App,
            ..Self::echo(id, requirements, check)
        }
    }

    /// A case that a backend may leave out with its feature.
    pub(crate) const fn needing(mut self, feature: Feature) -> Self {
        self.needs = Needs::Feature(feature);
        self
    }

    /// A case that leaves the server unfit for others: it gets one of its own, and a control beside it.
    pub(crate) const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    pub(crate) const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// How binding the case is: as binding as its main requirement.
    #[must_use]
    pub fn level(&self) -> Level {
        self.about().level()
    }

    pub(crate) fn about(&self) -> About {
        About {
            id: self.id,
            requirements: self.requirements,
            hint: self.hint,
            side: Side::Server,
        }
    }
}

/// What is said of a case, whatever it tests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) id: &'static str,
    pub(crate) requirements: &'static [&'static Requirement],
    pub(crate) hint: &'static str,
    pub(crate) side: Side,
}

impl About {
    pub(crate) fn level(&self) -> Level {
        self.requirements[0].level
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .field("needs", &self.needs)
            .finish_non_exhaustive()
    }
}

/// What a server must offer for a case to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// An endpoint that sends back every message: any server in any language.
    Echo,
    /// The kit's own handlers, the kit's application.
    App,
    /// The kit's own handlers, and a feature that not every server can have.
    Feature(Feature),
}

/// What a backend may leave out, with [`Suite::without`](crate::Suite::without) and a reason.
///
/// Kept short on purpose: what can be made to work everywhere is no feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// HTTP and WebSocket on one port and one path: a plain request to a mapped path is answered by the
    /// application's HTTP side.
    HttpFallthrough,
    /// Connections have a remote address (a Unix domain socket has none).
    RemoteAddress,
    /// The build unwinds, so that a panic of a handler can be caught.
    Unwinding,
}

/// What a check found out.
pub(crate) type Verdict<T = ()> = Result<T, Failure>;

/// Why a check failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// What should have happened.
    pub(crate) expected: Cow<'static, str>,
    /// What happened.
    pub(crate) seen: String,
    /// The rule that was broken, when it is not the case's main one.
    pub(crate) rule: Option<&'static Requirement>,
}

impl Failure {
    pub(crate) fn new(expected: impl Into<Cow<'static, str>>, seen: impl fmt::Display) -> Self {
        Self {
            expected: expected.into(),
            seen: seen.to_string(),
            rule: None,
        }
    }

    /// Names the rule that was broken, when it is not the case's main one.
    pub(crate) fn breaking(mut self, rule: &'static Requirement) -> Self {
        self.rule.get_or_insert(rule);
        self
    }
}

/// Fails unless `holds`.
pub(crate) fn ensure(
    holds: bool,
    expected: impl Into<Cow<'static, str>>,
    seen: impl fmt::Display,
) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Failure::new(expected, seen))
    }
}
