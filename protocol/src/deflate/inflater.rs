//! Inflates the messages of a peer.

use std::{fmt, mem};

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{WindowBits, contexts, history::History};

/// What a sender removes from the end of a message ([RFC 7692 section
/// 7.2.2](https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2)), and an empty last block. The
/// inflater reaches the end of that block without output only when the message did not end inside
/// of a block.
const TAIL: [u8; 6] = [0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00];

/// How much output is asked for at once.
const CHUNK: usize = 16 << 10;

/// After a block that says it is the last, the inflater starts again with the window that it had. A
/// message may do that this often, and once more for each `BYTES_PER_RESTART` bytes: it costs the
/// copy of a window, and the peer two bytes.
const RESTARTS: usize = 8;
const BYTES_PER_RESTART: usize = 1 << 10;

/// Inflates the messages of one direction of a session, one after the other, piece by piece.
///
/// Between messages, it keeps what the next one may refer to, and nothing else.
pub struct Inflater {
    /// `None` when each message is compressed for itself.
    history: Option<History>,
    /// Of a message that has begun.
    context: Option<Box<Inflate>>,
    compressed: usize,
    restarts: usize,
}

/// Whether a call of the [`Inflater`] has done all it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The input is used up, and all its output is there.
    Done,
    /// The output has its largest size, and there may be more: call again with room.
    Full,
}

/// The data does not inflate, or goes on behind its end. Close with 1007.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenData;

impl Inflater {
    /// Makes an inflater. `takeover` is the window that messages may refer to; `None` when each is
    /// compressed for itself.
    #[must_use]
    pub fn new(takeover: Option<WindowBits>) -> Self {
        Self {
            history: takeover.map(History::new),
            context: None,
            compressed: 0,
            restarts: 0,
        }
    }

    /// Inflates the next bytes of a message. Appends to `output`, in which the message begins at
    /// `start`, until that is `most` bytes long.
    ///
    /// # Errors
    /// [`BrokenData`]; the inflater must not be used afterwards.
    pub fn inflate(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        start: usize,
        most: usize,
    ) -> Result<Progress, BrokenData> {
        let before = input.len();
        let progress = self.run(input, output, start, most, false);
        self.compressed += before - input.len();
        progress
    }

    /// Ends a message, after its last byte. Call it again when there was no room.
    ///
    /// # Errors
    /// [`BrokenData`], also when the message ended inside of a block.
    pub fn finish(
        &mut self,
        output: &mut Vec<u8>,
        start: usize,
        most: usize,
    ) -> Result<Progress, BrokenData> {
        if self.run(&mut &[][..], output, start, most, false)? == Progress::Full {
            return Ok(Progress::Full);
        }
        let (len, mut rest) = (output.len(), &TAIL[..]);
        self.run(&mut rest, output, start, len + TAIL.len(), true)?;
        if self.context.is_some() || output.len() > len {
            return Err(BrokenData);
        }
        if let Some(history) = &mut self.history {
            history.add(&output[start..]);
        }
        (self.compressed, self.restarts) = (0, 0);
        Ok(Progress::Done)
    }

    /// How many bytes the inflater holds.
    #[must_use]
    pub fn held(&self) -> usize {
        let context = match self.context {
            Some(_) => contexts::INFLATE_SIZE,
            None => 0,
        };
        let history = self.history.as_ref();
        context + history.map_or(0, |history| history.bytes().len())
    }

    fn run(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        start: usize,
        most: usize,
        is_tail: bool,
    ) -> Result<Progress, BrokenData> {
        loop {
            let history = self.history.as_ref().map_or(&[][..], History::bytes);
            let context = self.context.get_or_insert_with(|| {
                let mut context = contexts::inflate();
                restore(&mut context, history, &output[start..]);
                context
            });
            let len = output.len();
            let room = most.saturating_sub(len).min(CHUNK);
            if room == 0 {
                return Ok(Progress::Full);
            }
            output.resize(len + room, 0);
            let (read, written) = (context.total_in(), context.total_out());
            let status = context.decompress(input, &mut output[len..], InflateFlush::SyncFlush);
            let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
            let read = count(context.total_in(), read);
            let written = count(context.total_out(), written);
            *input = &input[read..];
            output.truncate(len + written);
            match status.map_err(|_| BrokenData)? {
                Status::StreamEnd if is_tail && input.is_empty() => {
                    contexts::give_back_inflate(mem::take(&mut self.context));
                    return Ok(Progress::Done);
                }
                Status::StreamEnd => {
                    self.restarts += 1;
                    if self.restarts > RESTARTS + self.compressed / BYTES_PER_RESTART {
                        return Err(BrokenData);
                    }
                    context.reset(false);
                    restore(context, history, &output[start..]);
                }
                Status::Ok | Status::BufError if written == room => {}
                Status::Ok | Status::BufError if input.is_empty() => return Ok(Progress::Done),
                Status::Ok if read > 0 || written > 0 => {}
                Status::Ok | Status::BufError => return Err(BrokenData),
            }
        }
    }
}

/// Lets a context refer to what was said before.
fn restore(context: &mut Inflate, history: &[u8], said: &[u8]) {
    for window in [history, said] {
        if !window.is_empty() {
            let known = context.set_dictionary(window);
            known.expect("an inflater without a header takes a dictionary at any time");
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        contexts::give_back_inflate(mem::take(&mut self.context));
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for BrokenData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a compressed message does not inflate")
    }
}

impl std::error::Error for BrokenData {}
