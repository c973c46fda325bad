//! Asks a server, and compares.

use super::{
    answer::Answer,
    corpus::{Entry, Expected, corpus},
};
use crate::{
    case::{Failure, Verdict, ensure},
    contract::HTTP_BODY,
    wire::Server,
};

/// What came.
enum Seen {
    /// An answer, and what followed it.
    Answer(Answer, Vec<u8>),
    Closed,
}

/// Every request of a section is answered as it must be.
pub(crate) fn run(server: &Server, section: &str) -> Verdict {
    let mut wrong = Vec::new();
    for entry in corpus().iter().filter(|entry| entry.section == section) {
        match entry.ask(server) {
            Ok(answer) if entry.may_differ() => server.note(&entry.title(), &answer),
            Ok(_) => {}
            Err(failure) => wrong.push(format!(
                "\n    {}\n      expected {}\n      seen     {}",
                entry.title(),
                failure.expected,
                failure.seen
            )),
        }
    }
    let expected = "the exact answer to each request";
    ensure(wrong.is_empty(), expected, wrong.concat())
}

impl Entry {
    /// Asks, compares, and tells in a word who answered what.
    fn ask(&self, server: &Server) -> Verdict<String> {
        let seen = self.exchange(server)?;
        if !self.expected.iter().any(|expected| expected.is(&seen)) {
            let expected: Vec<_> = self.expected.iter().map(Expected::told).collect();
            let seen = match seen {
                Seen::Answer(answer, rest) if rest.is_empty() => answer.to_string(),
                Seen::Answer(answer, rest) => format!("{answer}, then {}", rest.escape_ascii()),
                Seen::Closed => "TCP closed".to_owned(),
            };
            return Err(Failure::new(expected.join("\n            or "), seen));
        }
        let exact = self.expected.iter().any(|expected| {
            matches!(expected, Expected::Exact(_) | Expected::Application) && expected.is(&seen)
        });
        Ok(match seen {
            _ if self.by_chance => "by chance".to_owned(),
            Seen::Closed => "closes".to_owned(),
            Seen::Answer(answer, _) if exact => answer.status().unwrap_or(0).to_string(),
            Seen::Answer(answer, _) => format!("its own {}", answer.status().unwrap_or(0)),
        })
    }

    fn exchange(&self, server: &Server) -> Verdict<Seen> {
        let mut peer = server.connect()?;
        peer.write(&self.request);
        if self.finishes {
            peer.finish();
        }
        let is_head = self.request.starts_with(b"HEAD ");
        let length = |head: &[u8]| Answer::parse(head).map_or(0, |head| head.length(is_head));
        let Some(bytes) = peer.bytes_of_answer(length)? else {
            return Ok(Seen::Closed);
        };
        let Some(answer) = Answer::parse(&bytes) else {
            return Err(Failure::new("an HTTP answer", bytes.escape_ascii()));
        };
        let [sent, received] = &self.frames;
        if answer.status() == Some(101) {
            peer.write(sent);
        } else {
            peer.finish();
        }
        let mut rest = peer.bytes_to_the_end()?;
        if answer.status() == Some(101) && rest == *received {
            rest.clear();
        }
        Ok(Seen::Answer(answer, rest))
    }
}

impl Expected {
    fn is(&self, seen: &Seen) -> bool {
        match (self, seen) {
            (Self::Exact(expected), Seen::Answer(answer, rest)) => {
                expected == answer && rest.is_empty()
            }
            (Self::Application, Seen::Answer(answer, rest)) => {
                let page = HTTP_BODY.as_bytes();
                answer.status() == Some(200) && answer.body == page && rest.is_empty()
            }
            (Self::Own(status), Seen::Answer(answer, _)) => answer.status() == Some(*status),
            (Self::Closed, Seen::Closed) => true,
            _ => false,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Exact(answer) => answer.to_string(),
            Self::Application => "the page of the application".to_owned(),
            Self::Own(status) => format!("an answer of the server's own with status {status}"),
            Self::Closed => "TCP closed".to_owned(),
        }
    }
}
