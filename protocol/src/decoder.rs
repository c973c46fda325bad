mod header;
mod payload;

use std::mem;

use bytes::Bytes;
use bytestring::ByteString;
use switchwire_core::{
    Error, ErrorKind, WebSocketMessage, WebSocketSettings,
    spi::{ReceiveBuffer, ReceiveEnd, Role, SessionParameters},
};

use self::{header::Opcode, payload::Message};
use crate::{mask, pool::POOLED_FROM};

/// The bit beside the length that marks a masked frame.
const MASKED: u8 = 0x80;

/// Turns the bytes of a peer into messages. It makes every check of RFC 6455 sections 5.1 to 5.5,
/// 7.4 and 8.1.
///
/// Bytes may arrive in any pieces. The decoder ends the receive buffer with the error as early as
/// possible: it detects an invalid header before the payload arrives, and invalid UTF-8 before the
/// frame ends.
#[derive(Debug)]
pub struct Decoder {
    /// The value that the mask bit of every frame of the peer must have: set by a client, clear by
    /// a server.
    mask_bit: u8,
    max_frame_size: usize,
    max_message_size: usize,
    max_fragments: usize,
    /// The first bytes of an incomplete header.
    header: [u8; Self::MAX_HEADER_SIZE],
    header_len: usize,
    frame: Option<Frame>,
    message: Option<Message>,
    control: Vec<u8>,
    /// Whether a frame ended that is not a whole message.
    ended_frame: bool,
}

/// The frame whose payload is being decoded.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    is_final: bool,
    /// `None` for a server's frames, which are not masked.
    key: Option<[u8; 4]>,
    received: usize,
    remaining: usize,
}

impl Decoder {
    /// The longest header in bytes: two bytes, a 64-bit length and a masking key.
    pub const MAX_HEADER_SIZE: usize = 14;

    /// Makes a server's decoder, for the frames of a client, with the limits of the settings.
    #[must_use]
    pub fn new(settings: &WebSocketSettings) -> Self {
        Self::with_mask_bit(MASKED, settings)
    }

    /// Makes a client's decoder, for the frames of a server, with the limits of the settings.
    ///
    /// `client.28` When a frame is masked, this is a violation, and the driver closes with 1002.
    #[must_use]
    pub fn client(settings: &WebSocketSettings) -> Self {
        Self::with_mask_bit(0, settings)
    }

    /// Makes the decoder of a session.
    #[must_use]
    pub fn for_session(parameters: &SessionParameters) -> Self {
        match parameters.role() {
            Role::Server => Self::new(parameters.settings()),
            Role::Client => Self::client(parameters.settings()),
        }
    }

    fn with_mask_bit(mask_bit: u8, settings: &WebSocketSettings) -> Self {
        Self {
            mask_bit,
            max_frame_size: settings.max_frame_size(),
            max_message_size: settings.max_message_size(),
            max_fragments: settings.max_fragments(),
            header: [0; Self::MAX_HEADER_SIZE],
            header_len: 0,
            frame: None,
            message: None,
            control: Vec::new(),
            ended_frame: false,
        }
    }

    /// Whether a message has begun and is incomplete.
    #[must_use]
    pub fn has_unfinished(&self) -> bool {
        self.message.is_some()
    }

    /// How many bytes are allocated for an incomplete message.
    #[must_use]
    #[inline]
    pub fn held(&self) -> usize {
        self.message.as_ref().map_or(0, Message::capacity)
    }

    /// Decodes from the front of `input`, until `input` is used up, or the receive buffer is full
    /// or ended.
    pub fn decode(&mut self, input: &mut &[u8], incoming: &mut ReceiveBuffer) {
        let before = input.len();
        self.decode_frames(input, incoming);
        incoming.note_bytes(before - input.len(), mem::take(&mut self.ended_frame));
    }

    fn decode_frames(&mut self, input: &mut &[u8], incoming: &mut ReceiveBuffer) {
        while !incoming.is_full() {
            let step = match self.frame {
                None if input.is_empty() => return,
                None => match self.whole_message(input) {
                    Some(message) => message.map(|message| {
                        incoming.push(message);
                        true
                    }),
                    None => self.decode_header(input),
                },
                Some(frame) => self.decode_payload(frame, input, incoming),
            };
            match step {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return incoming.end(ReceiveEnd::Failed(error)),
            }
        }
    }

    /// Takes the most common frame, if it is complete at the front of `input`: a message of
    /// moderate size. It is copied once, into memory of exactly its size.
    fn whole_message(&self, input: &mut &[u8]) -> Option<Result<WebSocketMessage, Error>> {
        if self.message.is_some() || self.header_len > 0 {
            return None;
        }
        let (&[first, second], rest) = input.split_first_chunk()?;
        let is_text = match first {
            0x81 => true,
            0x82 => false,
            _ => return None,
        };
        let (length, rest) = match second ^ self.mask_bit {
            length @ 0..=125 => (usize::from(length), rest),
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                match usize::from(u16::from_be_bytes(*length)) {
                    length @ 126..POOLED_FROM => (length, rest),
                    _ => return None,
                }
            }
            _ => return None,
        };
        // The settings guarantee that a frame may not be larger than a message. This is the limit of
        // the message, too.
        if length > self.max_frame_size {
            return None;
        }
        let (key, rest) = if self.mask_bit == 0 {
            (None, rest)
        } else {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(*key), rest)
        };
        let (payload, rest) = rest.split_at_checked(length)?;
        *input = rest;
        let mut payload = payload.to_vec();
        if let Some(key) = key {
            mask::apply(&mut payload, key, 0);
        }
        Some(if !is_text {
            Ok(WebSocketMessage::Binary(payload.into()))
        } else if is_utf8(&payload) {
            Ok(checked_text(payload.into()))
        } else {
            Err(invalid_text())
        })
    }
}

/// Short texts are usually ASCII, which is quick to check.
fn is_utf8(text: &[u8]) -> bool {
    text.is_ascii() || simdutf8::basic::from_utf8(text).is_ok()
}

/// Makes a text message of a payload that was completely checked to be UTF-8.
fn checked_text(payload: Bytes) -> WebSocketMessage {
    #[expect(unsafe_code, reason = "a text is checked once, as it comes in")]
    // SAFETY: both callers have checked all of `payload`.
    let text = unsafe { ByteString::from_bytes_unchecked(payload) };
    WebSocketMessage::Text(text)
}

fn invalid_text() -> Error {
    Error::with_source(ErrorKind::InvalidPayload, "a text is not utf-8")
}

fn protocol(rule: &'static str) -> Error {
    Error::with_source(ErrorKind::Protocol, rule)
}
