use std::{collections::VecDeque, io::IoSlice, mem};

use bytes::{Buf, Bytes};
use switchwire_core::{
    CloseStatus, WebSocketMessage,
    spi::{OutgoingFrame, Role, SessionParameters, SharedMessage, discard},
};

use crate::{mask, pool, random, spare};

/// Payloads of this size and more are not copied. They are written from their own memory.
const SHARED_FROM: usize = 8 << 10;

/// The first byte of a frame: the final bit, which every frame here has, and the opcode.
mod first {
    pub(super) const TEXT: u8 = 0x81;
    pub(super) const BINARY: u8 = 0x82;
    pub(super) const CLOSE: u8 = 0x88;
    pub(super) const PING: u8 = 0x89;
    pub(super) const PONG: u8 = 0x8a;
}

/// Turns messages into the bytes of frames. It does not fragment, it encodes lengths in their
/// shortest form, and only a client masks.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The first bytes: large payloads, and the small frames between them.
    chunks: VecDeque<Chunk>,
    /// Small frames after all chunks. The first `written` bytes of them are gone. When it is empty,
    /// the thread has its memory.
    tail: Vec<u8>,
    written: usize,
    len: usize,
    masks: bool,
}

impl Encoder {
    /// Makes a client's encoder. The default is a server's.
    ///
    /// - `client.26` The client masks every frame, including control frames and empty ones.
    /// - `client.27` Each frame has its own masking key, from random numbers of the operating
    ///   system ([RFC 6455 section 10.3](https://www.rfc-editor.org/rfc/rfc6455#section-10.3)).
    #[must_use]
    pub fn client() -> Self {
        Self {
            masks: true,
            ..Self::default()
        }
    }

    /// Makes the encoder of a session.
    #[must_use]
    pub fn for_session(parameters: &SessionParameters) -> Self {
        match parameters.role() {
            Role::Server => Self::default(),
            Role::Client => Self::client(),
        }
    }

    /// Encodes a frame after those that it holds.
    pub fn encode(&mut self, outgoing: OutgoingFrame) {
        match outgoing {
            OutgoingFrame::Message(message) => self.encode_message(message),
            OutgoingFrame::Shared(shared) => self.encode_shared(&shared),
            OutgoingFrame::Close(status) => self.encode_close(status),
        }
    }

    #[inline(always)]
    fn encode_message(&mut self, message: WebSocketMessage) {
        let first = match message {
            WebSocketMessage::Text(_) => first::TEXT,
            WebSocketMessage::Binary(_) => first::BINARY,
            WebSocketMessage::Ping(_) => first::PING,
            WebSocketMessage::Pong(_) => first::PONG,
        };
        let key = self.header(first, message.len());
        if message.len() < SHARED_FROM {
            self.copy_masked(message.payload(), key, 0);
            discard(message);
        } else {
            self.share(message.into_payload(), key);
        }
    }

    /// A server's frame of a small message is the same for all sessions. Large payloads are shared
    /// without a copy.
    #[inline(never)]
    fn encode_shared(&mut self, shared: &SharedMessage) {
        if self.masks || shared.message().len() >= SHARED_FROM {
            return self.encode_message(shared.message().clone());
        }
        let frame = shared.frame(|message| {
            let mut encoder = Self {
                tail: Vec::with_capacity(10 + message.len()),
                ..Self::default()
            };
            encoder.encode_message(message.clone());
            mem::take(&mut encoder.tail).into()
        });
        self.take_tail();
        self.copy(frame);
    }

    fn encode_close(&mut self, status: Option<CloseStatus>) {
        let Some(status) = status else {
            self.header(first::CLOSE, 0);
            return;
        };
        let key = self.header(first::CLOSE, 2 + status.reason().len());
        self.copy_masked(&status.code().as_u16().to_be_bytes(), key, 0);
        self.copy_masked(status.reason().as_bytes(), key, 2);
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All bytes, when they are contiguous, which they are unless there are large payloads.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[u8]> {
        self.chunks.is_empty().then(|| &self.tail[self.written..])
    }

    /// Fills the slices with the next bytes, and returns how many slices it used.
    pub fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = &self.tail[self.written..];
        let parts = self.chunks.iter().map(|chunk| &chunk.0[..]);
        let parts = parts.chain((!tail.is_empty()).then_some(tail));
        let mut used = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = IoSlice::new(part);
            used += 1;
        }
        used
    }

    /// Drops the first `count` bytes, which were written, and releases memory that is no longer
    /// needed.
    ///
    /// # Panics
    /// When it holds fewer bytes.
    pub fn advance(&mut self, mut count: usize) {
        self.len -= count;
        while let Some(chunk) = self.chunks.front_mut() {
            if count < chunk.0.len() {
                chunk.0.advance(count);
                return;
            }
            count -= chunk.0.len();
            self.chunks.pop_front();
        }
        self.written += count;
        if self.len == 0 {
            self.written = 0;
            spare::give_back(mem::take(&mut self.tail));
        }
    }

    /// Takes the next contiguous bytes.
    pub fn take_chunk(&mut self) -> Option<Bytes> {
        let chunk = match self.chunks.pop_front() {
            // Code that drops the chunk is not harmed by its `Drop` either.
            Some(chunk) if chunk.0.len() >= SHARED_FROM => Bytes::from_owner(chunk),
            Some(mut chunk) => mem::take(&mut chunk.0),
            None if self.tail.is_empty() => return None,
            None => {
                let mut tail = Bytes::from(mem::take(&mut self.tail));
                tail.advance(mem::take(&mut self.written));
                tail
            }
        };
        self.len -= chunk.len();
        Some(chunk)
    }

    fn take_tail(&mut self) {
        if self.tail.capacity() == 0 {
            self.tail = spare::take();
        }
    }

    /// Writes a header, and returns the key to mask its payload with.
    fn header(&mut self, first: u8, payload: usize) -> Option<[u8; 4]> {
        self.take_tail();
        let masked = if self.masks { 0x80 } else { 0 };
        match payload {
            0..=125 => self.copy(&[first, masked | payload as u8]),
            126..=0xffff => {
                let [high, low] = (payload as u16).to_be_bytes();
                self.copy(&[first, masked | 126, high, low]);
            }
            _ => {
                self.copy(&[first, masked | 127]);
                self.copy(&(payload as u64).to_be_bytes());
            }
        }
        let key = self.masks.then(random::bytes);
        if let Some(key) = key {
            self.copy(&key);
        }
        key
    }

    /// Copies a part of a payload that begins `phase` bytes into its frame.
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

    fn share(&mut self, payload: Bytes, key: Option<[u8; 4]>) {
        let payload = match key {
            Some(key) => masked(payload, key),
            None => payload,
        };
        // This is usually a header. The payload must not keep a whole buffer alive for it.
        let before = Bytes::copy_from_slice(&self.tail[self.written..]);
        self.chunks.push_back(Chunk(before));
        self.len += payload.len();
        self.chunks.push_back(Chunk(payload));
        self.written = 0;
        spare::give_back(mem::take(&mut self.tail));
    }
}

/// Bytes that are written from their own memory.
#[derive(Debug)]
struct Chunk(Bytes);

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Chunk {
    /// The bytes may belong to the application, and then their `Drop` is the application's code.
    fn drop(&mut self) {
        discard(mem::take(&mut self.0));
    }
}

/// Masks a payload: in its own memory when nothing else shares it, otherwise in a copy.
fn masked(payload: Bytes, key: [u8; 4]) -> Bytes {
    match payload.try_into_mut() {
        Ok(mut payload) => {
            mask::apply(&mut payload, key, 0);
            payload.freeze()
        }
        Err(shared) => {
            let mut payload = pool::take(shared.len());
            let lead = payload.len();
            payload.extend_from_slice(&shared);
            mask::apply(&mut payload[lead..], key, 0);
            pool::freeze(payload, lead)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_masks_every_frame_with_a_key_of_its_own() {
        use std::collections::HashSet;

        use switchwire_core::{
            CloseCode, CloseStatus, WebSocketSettings,
            spi::{ReceiveBuffer, ReceiveEnd},
        };

        use crate::decoder::Decoder;

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
            encoder.encode(OutgoingFrame::Message(message.clone()));
            let frame = &bytes(&encoder)[before..];
            assert_eq!(frame[1] & 0x80, 0x80, "masked");
            let key = frame.len() - message.len() - 4;
            assert!(keys.insert(frame[key..key + 4].to_vec()));
        }
        encoder.encode(OutgoingFrame::Close(Some(status.clone())));
        assert_eq!(
            shared,
            vec![3; 9_000],
            "the application's own is left alone"
        );

        let mut incoming = ReceiveBuffer::new(true);
        let sent = bytes(&encoder);
        let settings = WebSocketSettings::default();
        Decoder::new(&settings).decode(&mut &sent[..], &mut incoming);
        assert_eq!(incoming.take_messages(), messages);
        assert!(matches!(incoming.take_end(), Some(ReceiveEnd::Close(Some(it))) if it == status));

        let mut incoming = ReceiveBuffer::new(true);
        Decoder::client(&settings).decode(&mut &sent[..], &mut incoming);
        let Some(ReceiveEnd::Failed(error)) = incoming.take_end() else {
            panic!("a client took masked frames");
        };
        assert_eq!(error.close_code(), Some(CloseCode::PROTOCOL_ERROR));
    }

    #[test]
    fn a_client_reads_what_a_server_writes_in_any_pieces() {
        use switchwire_core::{
            WebSocketSettings,
            spi::{ReceiveBuffer, ReceiveEnd},
        };

        use crate::decoder::Decoder;

        let messages: [WebSocketMessage; 4] = [
            "".into(),
            "héllo".into(),
            vec![2; 300].into(),
            vec![3; 70_000].into(),
        ];
        let mut encoder = Encoder::default();
        for message in messages.clone() {
            encoder.encode(OutgoingFrame::Message(message));
        }
        encoder.encode(OutgoingFrame::Close(None));
        let sent = bytes(&encoder);
        for size in [1, 2, 7, 4_096, sent.len()] {
            let mut incoming = ReceiveBuffer::new(true);
            let mut decoder = Decoder::client(&WebSocketSettings::default());
            for mut piece in sent.chunks(size) {
                decoder.decode(&mut piece, &mut incoming);
            }
            assert_eq!(incoming.take_messages(), messages);
            assert!(matches!(incoming.take_end(), Some(ReceiveEnd::Close(None))));
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
            encoder.encode(OutgoingFrame::Message(vec![7_u8; len].into()));
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
    fn an_empty_encoder_keeps_no_memory() {
        let mut encoder = Encoder::default();
        for _ in 0..100 {
            encoder.encode(OutgoingFrame::Message(vec![1; 8_000].into()));
        }
        encoder.advance(encoder.len());
        assert_eq!(encoder.tail.capacity(), 0);
    }

    #[test]
    fn chunks_are_the_same_bytes() {
        let mut encoder = Encoder::default();
        encoder.encode(OutgoingFrame::Message("hi".into()));
        encoder.encode(OutgoingFrame::Message(vec![1; 9_000].into()));
        encoder.encode(OutgoingFrame::Close(None));
        let expected = bytes(&encoder);
        let mut taken = Vec::new();
        while let Some(chunk) = encoder.take_chunk() {
            taken.extend_from_slice(&chunk);
        }
        assert_eq!(taken, expected);
        assert!(encoder.is_empty());
    }

    #[test]
    fn what_many_send_is_encoded_once_and_the_same() {
        use switchwire_core::{WebSocketSettings, spi::ReceiveBuffer};

        use crate::decoder::Decoder;

        for len in [0, 125, 126, SHARED_FROM - 1, SHARED_FROM, 70_000] {
            let message = WebSocketMessage::from(vec![7; len]);
            let shared = SharedMessage::new(message.clone());
            let mut alone = Encoder::default();
            alone.encode(OutgoingFrame::Message(message.clone()));
            for _ in 0..3 {
                let mut encoder = Encoder::default();
                encoder.encode(OutgoingFrame::Message("before".into()));
                encoder.encode(OutgoingFrame::Shared(shared.clone()));
                encoder.encode(OutgoingFrame::Message("behind".into()));
                let expected = [b"\x81\x06before", &bytes(&alone)[..], b"\x81\x06behind"];
                assert_eq!(bytes(&encoder), expected.concat(), "{len}");
                assert_eq!(encoder.len(), expected.concat().len());
            }
            let frame = shared.frame(|_| Bytes::from_static(b"not made before"));
            assert_eq!(frame != "not made before", len < SHARED_FROM, "{len}");

            let mut client = Encoder::client();
            client.encode(OutgoingFrame::Shared(shared));
            let mut incoming = ReceiveBuffer::new(false);
            let sent = bytes(&client);
            Decoder::new(&WebSocketSettings::default()).decode(&mut &sent[..], &mut incoming);
            assert_eq!(incoming.take_messages(), [message]);
        }
    }
}
