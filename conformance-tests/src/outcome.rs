//! Running one case, and telling how it went.

use std::{fmt, io, net::SocketAddr};

use crate::{
    Case, Requirement, Served, Side, Target, Timing,
    case::{About, Failure, Verdict},
    wire::{Server, Transcript},
};

/// How a case went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The server does what it must.
    Passed,
    /// It does not, and this is the whole story.
    Failed(String),
}

/// A case that was run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// How it went.
    pub outcome: Outcome,
    /// The rule that was broken, when one was.
    pub broken: Option<&'static Requirement>,
    /// What the server answered to requests where servers may differ, by their names.
    pub answers: Vec<(String, String)>,
}

impl Case {
    /// Runs the case against a server that serves the kit's application or, for a case that
    /// [needs](crate::Needs) no more, echoes at `/echo`.
    #[must_use]
    pub fn run(&self, address: SocketAddr, timing: Timing) -> Verified {
        self.run_at(address, &address.to_string(), "/echo", timing)
    }

    pub(crate) fn run_at(
        &self,
        address: SocketAddr,
        host: &str,
        echo: &str,
        timing: Timing,
    ) -> Verified {
        self.judge(&Server::new(
            address,
            host.to_owned(),
            echo.to_owned(),
            timing,
        ))
    }

    /// Runs the case on servers of its own: for a case after which a server is no good to others.
    ///
    /// # Errors
    /// When the server cannot be started.
    pub fn run_alone(&self, target: &dyn Target, timing: Timing) -> io::Result<Verified> {
        let (app, control) = target.start_with_control()?;
        let at = |served: &Served| {
            let address = served.address();
            Server::new(address, address.to_string(), "/echo".to_owned(), timing)
        };
        Ok(self.judge(&at(&app).with_control(at(&control))))
    }

    /// Whether the case leaves a server unfit for others, so that it has to [run alone](Self::run_alone).
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    fn judge(&self, server: &Server) -> Verified {
        let result = (self.check)(server);
        Verified {
            answers: server.notes(),
            ..verified(self.about(), result, server.transcript())
        }
    }
}

/// What a check's result says of a case.
pub(crate) fn verified(about: About, result: Verdict, transcript: &Transcript) -> Verified {
    let Err(failure) = result else {
        return Verified {
            outcome: Outcome::Passed,
            broken: None,
            answers: Vec::new(),
        };
    };
    let broken = failure.rule.unwrap_or(about.requirements[0]);
    let story = Story {
        case: about,
        failure: &failure,
        broken,
        transcript,
    };
    Verified {
        outcome: Outcome::Failed(story.to_string()),
        broken: Some(broken),
        answers: Vec::new(),
    }
}

/// What a failure prints.
struct Story<'a> {
    case: About,
    failure: &'a Failure,
    broken: &'static Requirement,
    transcript: &'a Transcript,
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.case.id)?;
        writeln!(f, "  rule      {}", self.broken)?;
        writeln!(f, "            {}", self.broken.link())?;
        for also in self.case.requirements {
            if also.id != self.broken.id {
                writeln!(f, "  also      {also}")?;
            }
        }
        writeln!(f, "  expected  {}", self.failure.expected)?;
        writeln!(f, "  seen      {}", self.failure.seen)?;
        if !self.case.hint.is_empty() {
            writeln!(f, "  hint      {}", self.case.hint)?;
        }
        let tested = match self.case.side {
            Side::Server => "server",
            Side::Client => "client",
            Side::Pair => return Ok(()),
        };
        writeln!(
            f,
            "  on the wire (number of the connection, -> to the {tested}, <- from it):"
        )?;
        write!(f, "{}", self.transcript)
    }
}
