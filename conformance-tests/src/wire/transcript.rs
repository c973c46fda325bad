//! What went over the wire during a case.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::frame::{Excerpt, Frame};

/// The lines of a transcript, shared by all connections of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transcript {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Transcript {
    pub(crate) fn sent(&self, connection: usize, what: impl fmt::Display) {
        self.push(format!("{connection} -> {what}"));
    }

    pub(crate) fn seen(&self, connection: usize, what: impl fmt::Display) {
        self.push(format!("{connection} <- {what}"));
    }

    /// Shows bytes as the frames they are, as far as they are frames.
    pub(crate) fn sent_bytes(&self, connection: usize, mut bytes: &[u8]) {
        let mut shown = 0;
        while let Some((frame, len)) = Frame::decode(bytes) {
            bytes = &bytes[len..];
            shown += 1;
            if shown > 20 {
                return self.sent(connection, "more");
            }
            self.sent(connection, frame);
        }
        if !bytes.is_empty() {
            self.sent(connection, format_args!("bytes {}", Excerpt(bytes)));
        }
    }

    fn push(&self, line: String) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}

impl fmt::Display for Transcript {
    /// The last lines; the middle of a long transcript says nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = lines.len().saturating_sub(SHOWN);
        if skipped > 0 {
            writeln!(f, "    ... {skipped} lines before")?;
        }
        for line in &lines[skipped..] {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
