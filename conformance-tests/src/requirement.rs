//! What a server must do, as data.

use std::fmt;

/// One testable rule, with where it stands and how binding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// Stable name, for example `framing.9` or `session.close.1`.
    pub id: &'static str,
    /// The document that states the rule.
    pub spec: Spec,
    /// Section of that document, for example `5.2`.
    pub section: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The rule in one sentence of our own.
    pub text: &'static str,
    /// Whether a case can show it over the wire.
    pub testable: Testable,
}

impl Requirement {
    /// Where the rule can be read.
    #[must_use]
    pub fn link(&self) -> String {
        match self.spec.number() {
            Some(number) => format!(
                "https://www.rfc-editor.org/rfc/rfc{number}#section-{}",
                self.section
            ),
            None => format!(
                "{}/blob/main/docs/requirements.md#{}",
                env!("CARGO_PKG_REPOSITORY"),
                self.id.replace('.', "")
            ),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} section {}, {}): {}",
            self.id, self.spec, self.section, self.level, self.text
        )
    }
}

/// The documents that rules come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Spec {
    /// The WebSocket Protocol.
    Rfc6455,
    /// Compression Extensions for WebSocket.
    Rfc7692,
    /// Bootstrapping WebSockets with HTTP/2.
    Rfc8441,
    /// HTTP Semantics.
    Rfc9110,
    /// HTTP/1.1.
    Rfc9112,
    /// HTTP/2.
    Rfc9113,
    /// Bootstrapping WebSockets with HTTP/3.
    Rfc9220,
    /// The project's own contract, stated in the docs of its traits.
    Contract,
}

impl Spec {
    fn number(self) -> Option<u16> {
        Some(match self {
            Self::Rfc6455 => 6455,
            Self::Rfc7692 => 7692,
            Self::Rfc8441 => 8441,
            Self::Rfc9110 => 9110,
            Self::Rfc9112 => 9112,
            Self::Rfc9113 => 9113,
            Self::Rfc9220 => 9220,
            Self::Contract => return None,
        })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "RFC {number}"),
            None => f.write_str("contract"),
        }
    }
}

/// How binding a rule is (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// A backend without it does not conform.
    Must,
    /// A backend may leave it out for a stated reason.
    Should,
    /// Permitted; judged when the backend claims it.
    May,
}

impl Level {
    /// `MUST`, `SHOULD` or `MAY`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a case can show that a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Testable {
    /// At least one case covers it.
    Yes,
    /// No case does, for this reason.
    No(&'static str),
}
