//! Payloads that arrive in parts, and the messages that they make.

use std::mem;

use bytes::{BufMut, Bytes, buf::Limit};
use bytestring::ByteString;
use switchwire_core::{
    CloseCode, CloseStatus, Error, ErrorKind, WebSocketMessage,
    spi::{ReceiveBuffer, ReceiveEnd},
};

use super::{
    Decoder, Frame, checked_text,
    header::{Control, Data, Opcode},
    invalid_text, protocol,
};
use crate::{
    mask,
    pool::{self, POOLED_FROM},
};

/// When this many bytes of a payload are still to arrive, they are read directly into the message.
const IN_PLACE_FROM: usize = 32 << 10;

/// How many bytes are read directly into the message at once. They are still in the cache when they
/// are unmasked.
const IN_PLACE: usize = 256 << 10;

/// The data message that is being assembled.
#[derive(Debug)]
pub(super) struct Message {
    is_text: bool,
    /// The bytes that have arrived, after a lead of `lead` bytes.
    payload: Vec<u8>,
    lead: usize,
    /// The length of the text that is known to be whole code points.
    checked: usize,
    pub(super) fragments: usize,
}

impl Decoder {
    /// Begins a data frame.
    pub(super) fn begin_fragment(&mut self, data: Data) {
        let message = self.message.get_or_insert_with(|| Message {
            is_text: data == Data::Text,
            payload: Vec::new(),
            lead: 0,
            checked: 0,
            fragments: 0,
        });
        message.fragments += 1;
    }

    /// Decodes payload. False when the frame is incomplete.
    #[inline(never)] // inlined, it would slow down whole messages
    pub(super) fn decode_payload(
        &mut self,
        frame: Frame,
        input: &mut &[u8],
        incoming: &mut ReceiveBuffer,
    ) -> Result<bool, Error> {
        let (arrived, rest) = input.split_at(frame.remaining.min(input.len()));
        *input = rest;
        let payload = self.reserve(frame, arrived.len());
        payload.extend_from_slice(arrived);
        self.take_payload(frame, arrived.len(), incoming)
    }

    /// Returns room in the message for the next bytes, when they belong to a large payload. Reading
    /// them there saves a copy.
    ///
    /// The transport that fills the room calls [`filled`](Self::filled).
    pub fn room(&mut self) -> Option<Limit<&mut Vec<u8>>> {
        let frame = self
            .frame
            .filter(|frame| frame.remaining >= IN_PLACE_FROM)?;
        let payload = self.payload(frame.opcode);
        let (arrived, spare) = (payload.len(), payload.capacity() - payload.len());
        if arrived < IN_PLACE_FROM && spare < IN_PLACE_FROM {
            return None; // too little has arrived for so much memory
        }
        let payload = self.reserve(frame, IN_PLACE_FROM);
        let room = frame.remaining.min(payload.capacity() - payload.len());
        Some(payload.limit(room.min(IN_PLACE)))
    }

    /// Decodes the `count` bytes that the transport put into the [`room`](Self::room).
    ///
    /// # Panics
    /// When there was no room.
    pub fn filled(&mut self, count: usize, incoming: &mut ReceiveBuffer) {
        let frame = self.frame.expect("a frame has the room");
        if let Err(error) = self.take_payload(frame, count, incoming) {
            incoming.end(ReceiveEnd::Failed(error));
        }
        incoming.note_bytes(count, mem::take(&mut self.ended_frame));
    }

    /// Reserves memory for the payload of a frame, with room for `needed` more bytes. It never
    /// allocates more than twice the bytes that have arrived. For a message of one frame, it
    /// allocates no spare bytes.
    fn reserve(&mut self, frame: Frame, needed: usize) -> &mut Vec<u8> {
        let message = self.message.as_mut();
        let is_only = match message {
            Some(message) => {
                message.use_pool(frame.remaining, needed);
                message.len() == frame.received
            }
            None => true,
        };
        let payload = self.payload(frame.opcode);
        if payload.capacity() - payload.len() < needed {
            let more = frame.remaining.min(needed.max(payload.len()));
            if is_only && frame.is_final {
                payload.reserve_exact(more);
            } else {
                payload.reserve(more); // many small fragments must not be copied each time
            }
        }
        payload
    }

    fn payload(&mut self, opcode: Opcode) -> &mut Vec<u8> {
        match opcode {
            Opcode::Control(_) => &mut self.control,
            Opcode::Data(_) => &mut self.message.as_mut().expect("a data frame has one").payload,
        }
    }

    /// Takes payload that was read directly into the message. False when the frame is incomplete.
    fn take_payload(
        &mut self,
        mut frame: Frame,
        arrived: usize,
        incoming: &mut ReceiveBuffer,
    ) -> Result<bool, Error> {
        let payload = self.payload(frame.opcode);
        let start = payload.len() - arrived;
        if let Some(key) = frame.key {
            mask::apply(&mut payload[start..], key, frame.received);
        }
        frame.received += arrived;
        frame.remaining -= arrived;

        let is_whole = frame.remaining == 0;
        self.ended_frame |= is_whole;
        self.frame = (!is_whole).then_some(frame);
        match frame.opcode {
            Opcode::Control(control) => {
                if is_whole {
                    self.end_control(control, incoming)?;
                }
            }
            Opcode::Data(_) => {
                let is_last = is_whole && frame.is_final;
                self.message
                    .as_mut()
                    .expect("a data frame has one")
                    .check_text(is_last)?;
                if is_last {
                    let message = self.message.take().expect("a data frame has one");
                    incoming.push(message.finish());
                }
            }
        }
        Ok(is_whole)
    }

    fn end_control(&mut self, control: Control, incoming: &mut ReceiveBuffer) -> Result<(), Error> {
        let payload = Bytes::from(mem::take(&mut self.control));
        match control {
            Control::Ping => incoming.push(WebSocketMessage::Ping(payload)),
            Control::Pong => incoming.push(WebSocketMessage::Pong(payload)),
            Control::Close => incoming.end(ReceiveEnd::Close(close_status(&payload)?)),
        }
        Ok(())
    }
}

impl Message {
    /// Moves to memory of the pool when enough bytes have arrived or are arriving now. A header
    /// alone takes no memory of the pool.
    fn use_pool(&mut self, remaining: usize, needed: usize) {
        let has_room = self.payload.capacity() - self.payload.len() >= needed;
        if has_room || self.lead > 0 || self.payload.len() + needed < POOLED_FROM {
            return;
        }
        let mut payload = pool::take(self.payload.len() + remaining);
        self.lead = payload.len();
        self.checked += self.lead;
        payload.extend_from_slice(&self.payload);
        self.payload = payload;
    }

    pub(super) fn capacity(&self) -> usize {
        self.payload.capacity()
    }

    pub(super) fn len(&self) -> usize {
        self.payload.len() - self.lead
    }

    /// Checks the text that has arrived. At the end, checks that no code point is cut.
    fn check_text(&mut self, is_last: bool) -> Result<(), Error> {
        if !self.is_text {
            return Ok(());
        }
        match simdutf8::compat::from_utf8(&self.payload[self.checked..]) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() && !is_last => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(invalid_text()),
        }
        Ok(())
    }

    fn finish(self) -> WebSocketMessage {
        let payload = pool::freeze(self.payload, self.lead);
        if self.is_text {
            checked_text(payload)
        } else {
            WebSocketMessage::Binary(payload)
        }
    }
}

/// Decodes the payload of a Close frame ([RFC 6455 section
/// 5.5.1](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1)).
fn close_status(payload: &Bytes) -> Result<Option<CloseStatus>, Error> {
    let Some((code, _)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(protocol("a close frame has half a code"))
        };
    };
    let code = CloseCode::new(u16::from_be_bytes(*code))
        .map_err(|_| protocol("a close code may not be sent"))?;
    let reason = ByteString::try_from(payload.slice(2..)).map_err(|_| {
        Error::with_source(ErrorKind::InvalidPayload, "a close reason is not utf-8")
    })?;
    let status = CloseStatus::new(code, reason).expect("a control frame holds 123 bytes of reason");
    Ok(Some(status))
}
