//! Compresses the messages of this side.

use std::{fmt, mem};

use zlib_rs::{Deflate, DeflateFlush};

use super::{
    WindowBits,
    contexts::{self, Kind},
    history::History,
};

/// What is removed from the end of a message ([RFC 7692 section
/// 7.2.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1)).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Compresses the messages of one direction of a session, one after the other, piece by piece.
///
/// Between messages, it keeps what the next one may refer to, and nothing else.
pub struct Deflater {
    kind: Kind,
    /// `None` when each message is compressed for itself.
    history: Option<History>,
    /// Of a message that has begun.
    context: Option<Box<Deflate>>,
}

impl Deflater {
    /// Makes a compressor with a level of 1 (fast) to 9 (small) and a window of at least 9 bits.
    /// With `takeover`, a message may refer to those before it.
    #[must_use]
    pub fn new(level: u8, bits: WindowBits, takeover: bool) -> Self {
        Self {
            kind: (i32::from(level.clamp(1, 9)), bits),
            history: takeover.then(|| History::new(bits)),
            context: None,
        }
    }

    /// Compresses a piece of a message and appends to `output`. `is_last` ends the message.
    ///
    /// An empty message is one zero byte ([RFC 7692 section
    /// 7.2.3.6](https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.6)).
    pub fn compress(&mut self, mut input: &[u8], is_last: bool, output: &mut Vec<u8>) {
        if is_last && input.is_empty() && self.context.is_none() {
            output.push(0);
            return;
        }
        let said = input;
        let context = self.context.get_or_insert_with(|| {
            let history = self.history.as_ref().map_or(&[][..], History::bytes);
            begun(self.kind, history)
        });
        let flush = match is_last {
            true => DeflateFlush::SyncFlush,
            false => DeflateFlush::NoFlush,
        };
        while !step(context, &mut input, flush, output) {}
        if let Some(history) = &mut self.history {
            history.add(said);
        }
        if is_last {
            contexts::give_back_deflate(self.kind, mem::take(&mut self.context));
            debug_assert!(output.ends_with(&TAIL));
            output.truncate(output.len() - TAIL.len());
        }
    }

    /// Notes a message that was sent in a form that another compressor has made for itself. The
    /// peer's window has it, too.
    pub fn note(&mut self, said: &[u8]) {
        if let Some(history) = &mut self.history {
            history.add(said);
        }
    }
}

/// A compressor for a message that may refer to what was said before.
fn begun(kind: Kind, history: &[u8]) -> Box<Deflate> {
    let mut context = contexts::deflate(kind);
    if !history.is_empty() {
        let known = context.set_dictionary(history);
        known.expect("a compressor takes a dictionary before it begins");
    }
    context
}

/// Compresses what there is, and says whether everything is written.
fn step(
    context: &mut Deflate,
    input: &mut &[u8],
    flush: DeflateFlush,
    output: &mut Vec<u8>,
) -> bool {
    let len = output.len();
    output.resize(len + input.len() + 64, 0);
    let (read, written) = (context.total_in(), context.total_out());
    let done = context.compress(input, &mut output[len..], flush);
    done.expect("a compressor takes any input");
    let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
    *input = &input[count(context.total_in(), read)..];
    let written = len + count(context.total_out(), written);
    // With a full output, the flush may be incomplete.
    let is_full = written == output.len();
    output.truncate(written);
    input.is_empty() && !is_full
}

impl Drop for Deflater {
    fn drop(&mut self) {
        contexts::give_back_deflate(self.kind, mem::take(&mut self.context));
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
