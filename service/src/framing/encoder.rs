use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};
use switchwire_core::{Outgoing, WebSocketMessage};
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::{mask, pool};
use crate::random;

/// Payloads of this size and more are not copied, but written from where they are.
const SHARED_FROM: usize = 8 << 10;

/// What an empty buffer may keep of its memory.
const KEPT: usize = 4 << 10;

/// Turns messages into the bytes of frames: unfragmented, lengths in their shortest form, masked by a client only.
#[derive(Debug, Default)]
pub struct Encoder {
    /// What comes first: large payloads, and the small frames between them.
    chunks: VecDeque<Bytes>,
    /// Small frames behind all chunks, of which the first `written` bytes are gone.
    tail: Vec<u8>,
    written: usize,
    len: usize,
    masks: bool,
}

impl Encoder {
    /// A client's encoder. The default is a server's.
    ///
    /// - `client.26` Every frame is masked, control frames and empty ones included.
    /// - `client.27` Each has a key of its own, of the operating system's random numbers.
    #[must_use]
    pub fn client() -> Self {
        Self {
            masks: true,
            ..Self::default()
        }
    }

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
                let key = self.header(opcode, message.len());
                if message.len() < SHARED_FROM {
                    self.copy_masked(message.payload(), key, 0);
                } else if let Some(key) = key {
                    self.share(masked(message.into_payload(), key));
                } else {
                    self.share(message.into_payload());
                }
            }
            Outgoing::Close(None) => {
                self.header(OpCode::Control(Control::Close), 0);
            }
            Outgoing::Close(Some(status)) => {
                let length = 2 + status.reason().len();
                let key = self.header(OpCode::Control(Control::Close), length);
                self.copy_masked(&status.code().as_u16().to_be_bytes(), key, 0);
                self.copy_masked(status.reason().as_bytes(), key, 2);
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

    /// Writes a header, and returns the key that its payload has to be masked with.
    fn header(&mut self, opcode: OpCode, payload: usize) -> Option<[u8; 4]> {
        let key = self.masks.then(random::next);
        let header = FrameHeader {
            opcode,
            mask: key,
            ..FrameHeader::default()
        };
        let mut bytes = [0; 14];
        let size = header.len(payload as u64);
        header
            .format(payload as u64, &mut &mut bytes[..])
            .expect("a header has at most 14 bytes");
        self.copy(&bytes[..size]);
        key
    }

    /// Copies a part of a payload that lies `phase` bytes into its frame.
    fn copy_masked(&mut self, bytes: &[u8], key: Option<[u8; 4]>, phase: usize) {
        self.copy(bytes);
        if let Some(key) = key {
            let start = self.tail.len() - bytes.len();
            mask::apply(&mut self.tail[start..], key, phase);
        }
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

/// A payload as it is sent: in its own memory when nobody else has a part in it, else in a copy.
fn masked(payload: Bytes, key: [u8; 4]) -> Bytes {
    match payload.try_into_mut() {
        Ok(mut payload) => {
            mask::apply(&mut payload, key, 0);
            payload.freeze()
        }
        Err(shared) => {
            let mut payload = pool::take(shared.len());
            payload.extend_from_slice(&shared);
            mask::apply(&mut payload, key, 0);
            pool::freeze(payload)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_masks_every_frame_with_a_key_of_its_own() {
        use std::collections::HashSet;

        use switchwire_core::{CloseCode, CloseStatus, Inbox, InboxEnd, WebSocketSettings};

        use crate::framing::Decoder;

        let shared = Bytes::from(vec![3; 9_000]);
        let messages = [
            WebSocketMessage::from(""),
            "text".into(),
            vec![1; 300].into(),
            vec![2; 70_000].into(),
            shared.clone().into(),
            WebSocketMessage::Ping(Bytes::from_static(b"ping")),
            WebSocketMessage::Pong(Bytes::new()),
        ];
        let status = CloseStatus::new(CloseCode::NORMAL, "done").unwrap();
        let mut encoder = Encoder::client();
        let mut keys = HashSet::new();
        for message in &messages {
            let before = bytes(&encoder).len();
            encoder.encode(Outgoing::Message(message.clone()));
            let frame = &bytes(&encoder)[before..];
            assert_eq!(frame[1] & 0x80, 0x80, "masked");
            let key = frame.len() - message.len() - 4;
            assert!(keys.insert(frame[key..key + 4].to_vec()));
        }
        encoder.encode(Outgoing::Close(Some(status.clone())));
        assert_eq!(
            shared,
            vec![3; 9_000],
            "the application's own is left alone"
        );

        let mut inbox = Inbox::new(true);
        let sent = bytes(&encoder);
        let settings = WebSocketSettings::default();
        Decoder::new(&settings).decode(&mut &sent[..], &mut inbox);
        assert_eq!(inbox.take_messages(), messages);
        assert!(matches!(inbox.take_end(), Some(InboxEnd::Close(Some(it))) if it == status));

        let mut inbox = Inbox::new(true);
        Decoder::client(&settings).decode(&mut &sent[..], &mut inbox);
        let Some(InboxEnd::Failed(error)) = inbox.take_end() else {
            panic!("a client took masked frames");
        };
        assert_eq!(error.close_code(), Some(CloseCode::PROTOCOL_ERROR));
    }

    #[test]
    fn a_client_reads_what_a_server_writes_in_any_pieces() {
        use switchwire_core::{Inbox, InboxEnd, WebSocketSettings};

        use crate::framing::Decoder;

        let messages: [WebSocketMessage; 4] = [
            "".into(),
            "héllo".into(),
            vec![2; 300].into(),
            vec![3; 70_000].into(),
        ];
        let mut encoder = Encoder::default();
        for message in messages.clone() {
            encoder.encode(Outgoing::Message(message));
        }
        encoder.encode(Outgoing::Close(None));
        let sent = bytes(&encoder);
        for size in [1, 2, 7, 4_096, sent.len()] {
            let mut inbox = Inbox::new(true);
            let mut decoder = Decoder::client(&WebSocketSettings::default());
            for mut piece in sent.chunks(size) {
                decoder.decode(&mut piece, &mut inbox);
            }
            assert_eq!(inbox.take_messages(), messages);
            assert!(matches!(inbox.take_end(), Some(InboxEnd::Close(None))));
        }
    }

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
