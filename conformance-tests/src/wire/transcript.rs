//! What went over the wire during a case.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    frame::{Excerpt, Frame},
    lines::Text,
};

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

    pub(crate) fn sent_bytes(&self, connection: usize, bytes: &[u8], is_switched: bool) {
        shown(bytes, is_switched, |what| self.sent(connection, what));
    }

    pub(crate) fn seen_bytes(&self, connection: usize, bytes: &[u8], is_switched: bool) {
        shown(bytes, is_switched, |what| self.seen(connection, what));
    }

    fn push(&self, line: String) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}

/// Shows bytes before the switch as the text they are, and after it as frames, as far as they are frames.
fn shown(mut bytes: &[u8], is_switched: bool, show: impl Fn(&dyn fmt::Display)) {
    const SHOWN: usize = 20;
    if !is_switched {
        return show(&Text(bytes));
    }
    for _ in 0..SHOWN {
        let Some((frame, len)) = Frame::decode(bytes) else {
            break;
        };
        bytes = &bytes[len..];
        show(&frame);
    }
    if Frame::decode(bytes).is_some() {
        show(&"more");
    } else if !bytes.is_empty() {
        show(&format_args!("bytes {}", Excerpt(bytes)));
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
