use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};
use switchwire_core::{Outgoing, WebSocketMessage};
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// Payloads of this size and more are not copied, but written from where they are.
const SHARED_FROM: usize = 8 << 10;

/// What an empty buffer may keep of its memory.
const KEPT: usize = 4 << 10;

/// Turns messages into the bytes of a server's frames: unmasked, unfragmented, lengths in their shortest form.
#[derive(Debug, Default)]
pub struct Encoder {
    /// What comes first: large payloads, and the small frames between them.
    chunks: VecDeque<Bytes>,
    /// Small frames behind all chunks, of which the first `written` bytes are gone.
    tail: Vec<u8>,
    written: usize,
    len: usize,
}

impl Encoder {
    /// Puts a message behind what is there.
    pub fn encode(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Message(message) => {
                let opcode = match message {
                    WebSocketMessage::Text(_) => OpCode::Data(Data::Text),
                    WebSocketMessage::Binary(_) => OpCode::Data(Data::Binary),
                    WebSocketMessage::Ping(_) => OpCode::Control(Control::Ping),
                    WebSocketMessage::Pong(_) => OpCode::Control(Control::Pong),
                };
                self.header(opcode, message.len());
                if message.len() < SHARED_FROM {
                    self.copy(message.payload());
                } else {
                    self.share(message.into_payload());
                }
            }
            Outgoing::Close(None) => self.header(OpCode::Control(Control::Close), 0),
            Outgoing::Close(Some(status)) => {
                self.header(OpCode::Control(Control::Close), 2 + status.reason().len());
                self.copy(&status.code().as_u16().to_be_bytes());
                self.copy(status.reason().as_bytes());
            }
        }
    }

    /// How many bytes wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Shows the bytes that come next in as many slices as there are, and says how many it used.
    pub fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = &self.tail[self.written..];
        let parts = self.chunks.iter().map(|chunk| &chunk[..]);
        let parts = parts.chain((!tail.is_empty()).then_some(tail));
        let mut used = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = IoSlice::new(part);
            used += 1;
        }
        used
    }

    /// Drops the first `count` bytes, which were written, and gives back memory that is no longer needed.
    ///
    /// # Panics
    /// When fewer bytes wait.
    pub fn advance(&mut self, mut count: usize) {
        self.len -= count;
        while let Some(chunk) = self.chunks.front_mut() {
            if count < chunk.len() {
                chunk.advance(count);
                return;
            }
            count -= chunk.len();
            self.chunks.pop_front();
        }
        self.written += count;
        if self.len == 0 {
            self.written = 0;
            self.tail.clear();
            self.tail.shrink_to(KEPT);
        }
    }

    /// Takes the bytes that come next, as many as lie together.
    pub fn take_chunk(&mut self) -> Option<Bytes> {
        let chunk = match self.chunks.pop_front() {
            Some(chunk) => chunk,
            None if self.tail.is_empty() => return None,
            None => {
                let mut tail = Bytes::from(std::mem::take(&mut self.tail));
                tail.advance(std::mem::take(&mut self.written));
                tail
            }
        };
        self.len -= chunk.len();
        Some(chunk)
    }

    fn header(&mut self, opcode: OpCode, payload: usize) {
        let header = FrameHeader {
            opcode,
            ..FrameHeader::default()
        };
        let mut bytes = [0; 10];
        let size = header.len(payload as u64);
        header
            .format(payload as u64, &mut &mut bytes[..])
            .expect("a header without a key has at most 10 bytes");
        self.copy(&bytes[..size]);
    }

    fn copy(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.len += bytes.len();
    }

    fn share(&mut self, payload: Bytes) {
        let mut before = Bytes::from(std::mem::take(&mut self.tail));
        before.advance(std::mem::take(&mut self.written));
        self.chunks.push_back(before);
        self.len += payload.len();
        self.chunks.push_back(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(encoder: &Encoder) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 16];
        let used = encoder.fill(&mut slices);
        slices[..used]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect()
    }

    #[test]
    fn frames_of_every_size_keep_their_order_through_partial_writes() {
        let mut encoder = Encoder::default();
        let mut expected = Vec::new();
        for len in [0, 1, 125, 126, 8 << 10, 3, 65_536, 7] {
            encoder.encode(Outgoing::Message(vec![7_u8; len].into()));
            expected.push(0x82);
            match len {
                0..=125 => expected.push(len as u8),
                126..=65_535 => {
                    expected.push(126);
                    expected.extend((len as u16).to_be_bytes());
                }
                _ => {
                    expected.push(127);
                    expected.extend((len as u64).to_be_bytes());
                }
            }
            expected.extend(vec![7; len]);
        }
        assert_eq!(encoder.len(), expected.len());
        let mut written = 0;
        while written < expected.len() {
            assert_eq!(bytes(&encoder), &expected[written..]);
            let step = 1_000.min(expected.len() - written);
            encoder.advance(step);
            written += step;
        }
        assert!(encoder.is_empty());
    }

    #[test]
    fn an_empty_encoder_keeps_little_memory() {
        let mut encoder = Encoder::default();
        for _ in 0..100 {
            encoder.encode(Outgoing::Message(vec![1; 8_000].into()));
        }
        encoder.advance(encoder.len());
        assert!(encoder.tail.capacity() <= KEPT);
    }

    #[test]
    fn chunks_are_the_same_bytes() {
        let mut encoder = Encoder::default();
        encoder.encode(Outgoing::Message("hi".into()));
        encoder.encode(Outgoing::Message(vec![1; 9_000].into()));
        encoder.encode(Outgoing::Close(None));
        let expected = bytes(&encoder);
        let mut taken = Vec::new();
        while let Some(chunk) = encoder.take_chunk() {
            taken.extend_from_slice(&chunk);
        }
        assert_eq!(taken, expected);
        assert!(encoder.is_empty());
    }
}
