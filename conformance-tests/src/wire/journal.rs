//! What a handler saw, told over a second connection.

use std::{
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{Event, Frame, Peer, Server, opcode};
use crate::case::{Failure, Verdict, ensure};

/// A connection to `/journal` that tells what handlers with its key write, one text message an entry.
///
/// So a case learns what happened behind the API without being in the server's process.
#[derive(Debug)]
pub(crate) struct Journal {
    key: String,
    peer: Peer,
}

impl Journal {
    pub(super) fn open(server: &Server) -> Verdict<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = format!("{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let peer = server.open(&format!("/journal?key={key}"))?;
        Ok(Self { key, peer })
    }

    /// The path of a handler that writes to this journal.
    pub(crate) fn path_to(&self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}key={}", self.key)
    }

    /// Lets the handlers of this journal go on that wait for that.
    pub(crate) fn start(&self, server: &Server) -> Verdict {
        server.open(&self.path_to("/start"))?.expect_text("started")
    }

    /// The next entry.
    pub(crate) fn next(&mut self) -> Verdict<String> {
        let message = self.peer.message()?;
        ensure(
            message.opcode == opcode::TEXT,
            "an entry of the journal",
            &message,
        )?;
        Ok(String::from_utf8_lossy(&message.payload).into_owned())
    }

    /// The next entry is this one.
    pub(crate) fn expect(&mut self, entry: &str) -> Verdict {
        let seen = self.next().map_err(|failure| Failure {
            expected: format!("the handler to see: {entry}").into(),
            ..failure
        })?;
        ensure(seen == entry, format!("the handler to see: {entry}"), seen)
    }

    /// The next entries are these.
    pub(crate) fn expect_all(&mut self, entries: &[&str]) -> Verdict {
        entries.iter().try_for_each(|entry| self.expect(entry))
    }

    /// Nothing is written for the silent time.
    pub(crate) fn expect_nothing(&mut self) -> Verdict {
        self.peer.expect_silence()
    }

    /// The next entry that begins so, whatever comes before it; what follows the beginning.
    pub(crate) fn find(&mut self, beginning: &str) -> Verdict<String> {
        loop {
            let entry = self.next().map_err(|failure| Failure {
                expected: format!("the handler to see: {beginning}").into(),
                ..failure
            })?;
            if let Some(rest) = entry.strip_prefix(beginning) {
                return Ok(rest.to_owned());
            }
        }
    }

    /// Whether this entry is the next that comes this soon.
    pub(crate) fn says_within(&mut self, entry: &str, time: Duration) -> Verdict<bool> {
        match self.peer.within(time)? {
            Some(Event::Frame(frame)) if frame.payload == entry.as_bytes() => Ok(true),
            None => Ok(false),
            Some(other) => Err(Failure::new(format!("the handler to see: {entry}"), other)),
        }
    }

    /// Reads entries until none came for the silent time, and returns the last one.
    pub(crate) fn last(&mut self) -> Verdict<Option<String>> {
        let mut last = None;
        while let Some(message) = self.peer.message_or_silence()? {
            last = Some(String::from_utf8_lossy(&message.payload).into_owned());
        }
        Ok(last)
    }

    /// Ends it, so that nothing is left behind.
    pub(crate) fn close(mut self) {
        self.peer.send(&Frame::close(1000, ""));
    }
}
