use std::{io::Cursor, mem};

use bytes::{BufMut, Bytes, buf::Limit};
use bytestring::ByteString;
use switchwire_core::{
    CloseCode, CloseStatus, Error, ErrorKind, Inbox, InboxEnd, WebSocketMessage, WebSocketSettings,
};
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::{
    mask,
    pool::{self, POOLED_FROM},
};

/// The longest header: two bytes, a 64-bit length and a masking key.
pub(crate) const MAX_HEADER: usize = 14;

/// With this much of a payload to come, it is read to its place.
const IN_PLACE_FROM: usize = 32 << 10;

/// How much is read to its place at once: it is still in the cache when it is unmasked.
const IN_PLACE: usize = 256 << 10;

/// The bit beside the length that says that a frame is masked.
const MASKED: u8 = 0x80;

/// Turns the bytes of a peer into messages, checking everything RFC 6455 sections 5.1 to 5.5, 7.4 and 8.1 ask of it.
///
/// Bytes may come in any pieces. A violation ends the inbox with its error as soon as it can be known: a bad
/// header before its payload came, bad UTF-8 before its frame ended.
#[derive(Debug)]
pub struct Decoder {
    /// The bit that says that a frame is masked, as every frame of the peer must have it: set by a client, clear by a server.
    mask_bit: u8,
    max_frame_size: usize,
    max_message_size: usize,
    max_fragments: usize,
    /// The beginning of a header that was cut.
    header: [u8; MAX_HEADER],
    header_len: usize,
    frame: Option<Frame>,
    message: Option<Message>,
    control: Vec<u8>,
    /// Whether a frame ended that is no whole message.
    ended_frame: bool,
}

/// The frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    /// None from a server, whose frames are not masked.
    key: Option<[u8; 4]>,
    received: usize,
    remaining: usize,
}

/// The data message that is being put together.
#[derive(Debug)]
struct Message {
    is_text: bool,
    /// What has come, behind a lead of so many bytes.
    payload: Vec<u8>,
    lead: usize,
    /// Up to where a text is known to be whole code points.
    checked: usize,
    fragments: usize,
}

impl Decoder {
    /// A server's decoder of what a client sends, with the limits of the settings.
    #[must_use]
    pub fn new(settings: &WebSocketSettings) -> Self {
        Self::with_mask_bit(MASKED, settings)
    }

    /// A client's decoder of what a server sends, with the limits of the settings.
    ///
    /// `client.28` A frame that is masked is a violation, told with 1002.
    #[must_use]
    pub fn client(settings: &WebSocketSettings) -> Self {
        Self::with_mask_bit(0, settings)
    }

    fn with_mask_bit(mask_bit: u8, settings: &WebSocketSettings) -> Self {
        Self {
            mask_bit,
            max_frame_size: settings.max_frame_size(),
            max_message_size: settings.max_message_size(),
            max_fragments: settings.max_fragments(),
            header: [0; MAX_HEADER],
            header_len: 0,
            frame: None,
            message: None,
            control: Vec::new(),
            ended_frame: false,
        }
    }

    /// Reads from the front of `input` until it is used up or the inbox is full or ended.
    pub fn decode(&mut self, input: &mut &[u8], inbox: &mut Inbox) {
        let before = input.len();
        self.decode_frames(input, inbox);
        inbox.note_bytes(before - input.len(), mem::take(&mut self.ended_frame));
    }

    fn decode_frames(&mut self, input: &mut &[u8], inbox: &mut Inbox) {
        while !inbox.is_full() {
            let step = match self.frame {
                None if input.is_empty() => return,
                None => match self.whole_message(input) {
                    Some(message) => message.map(|message| {
                        inbox.push(message);
                        true
                    }),
                    None => self.decode_header(input),
                },
                Some(frame) => self.decode_payload(frame, input, inbox),
            };
            match step {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return inbox.end(InboxEnd::Failed(error)),
            }
        }
    }

    /// Takes the commonest of frames, if it is wholly at the front of `input`: a message of moderate size, which is
    /// copied once into memory of exactly its size.
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

    /// Reads a header; false when it is not whole yet.
    #[inline(never)] // or whole messages would be slower
    fn decode_header(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let kept = self.header_len;
        let parsed = if kept == 0 {
            parse_header(input)?
        } else {
            let added = input.len().min(MAX_HEADER - kept);
            self.header[kept..kept + added].copy_from_slice(&input[..added]);
            self.header_len += added;
            parse_header(&self.header[..self.header_len])?
        };
        let Some((header, length, size)) = parsed else {
            if kept == 0 {
                self.header[..input.len()].copy_from_slice(input);
                self.header_len = input.len();
            }
            *input = &[];
            return Ok(false);
        };
        *input = &input[size - kept..];
        self.header_len = 0;
        let frame = self.begin_frame(&header, length, size)?;
        if let OpCode::Data(data) = frame.opcode {
            self.begin_fragment(data, frame.remaining);
        }
        self.frame = Some(frame);
        Ok(true)
    }

    /// Checks a header against the rules, the message it belongs to, and the limits.
    fn begin_frame(
        &mut self,
        header: &FrameHeader,
        length: u64,
        size: usize,
    ) -> Result<Frame, Error> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(protocol("a reserved bit is set"));
        }
        match header.mask {
            None if self.mask_bit != 0 => {
                return Err(protocol("a frame of a client is not masked"));
            }
            Some(_) if self.mask_bit == 0 => {
                return Err(protocol("a frame of a server is masked"));
            }
            _ => {}
        }
        if size != header.len(length) {
            return Err(protocol("the length is not in its shortest form"));
        }
        if length >> 63 != 0 {
            return Err(protocol("the length has its highest bit set"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match header.opcode {
            OpCode::Control(_) if !header.is_final => {
                return Err(protocol("a control frame is fragmented"));
            }
            OpCode::Control(_) if length > 125 => {
                return Err(protocol("a control frame has more than 125 bytes"));
            }
            OpCode::Control(_) => {}
            OpCode::Data(data) => self.check_fragment(data, length)?,
        }
        Ok(Frame {
            opcode: header.opcode,
            is_final: header.is_final,
            key: header.mask,
            received: 0,
            remaining: length,
        })
    }

    /// Checks a data frame against the message it belongs to and the limits.
    fn check_fragment(&self, data: Data, length: usize) -> Result<(), Error> {
        let (received, fragments) = match (data, &self.message) {
            (Data::Continue, Some(message)) => (message.len(), message.fragments),
            (Data::Continue, None) => return Err(protocol("a continuation continues nothing")),
            (_, Some(_)) => return Err(protocol("a message begins inside another")),
            (_, None) => (0, 0),
        };
        let limits = [
            (
                length > self.max_frame_size,
                ErrorKind::TooBig,
                "a frame is over the limit",
            ),
            (
                length > self.max_message_size - received,
                ErrorKind::TooBig,
                "a message is over the limit",
            ),
            (
                fragments == self.max_fragments,
                ErrorKind::Policy,
                "a message has too many fragments",
            ),
        ];
        match limits.into_iter().find(|(is_over, ..)| *is_over) {
            Some((_, kind, limit)) => Err(Error::with_source(kind, limit)),
            None => Ok(()),
        }
    }

    fn begin_fragment(&mut self, data: Data, length: usize) {
        let message = self.message.get_or_insert_with(|| {
            let payload = pool::take(length);
            Message {
                is_text: data == Data::Text,
                lead: payload.len(),
                checked: payload.len(),
                payload,
                fragments: 0,
            }
        });
        message.fragments += 1;
    }

    /// Reads payload; false when the frame is not whole yet.
    #[inline(never)] // or whole messages would be slower
    fn decode_payload(
        &mut self,
        frame: Frame,
        input: &mut &[u8],
        inbox: &mut Inbox,
    ) -> Result<bool, Error> {
        let (arrived, rest) = input.split_at(frame.remaining.min(input.len()));
        *input = rest;
        let payload = self.reserve(frame, arrived.len());
        payload.extend_from_slice(arrived);
        self.take_payload(frame, arrived.len(), inbox)
    }

    /// Room for what comes next when that is a large payload: what is read to its place needs no copy.
    ///
    /// Whoever fills it says so with [`filled`](Self::filled).
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

    /// Decodes so many bytes that were put into the [`room`](Self::room).
    ///
    /// # Panics
    /// When there was none.
    pub fn filled(&mut self, count: usize, inbox: &mut Inbox) {
        let frame = self.frame.expect("a frame has the room");
        if let Err(error) = self.take_payload(frame, count, inbox) {
            inbox.end(InboxEnd::Failed(error));
        }
        inbox.note_bytes(count, mem::take(&mut self.ended_frame));
    }

    /// Where the payload of a frame goes, with room for so many more bytes: never for more than twice what has arrived,
    /// and exact when the end is in sight.
    fn reserve(&mut self, frame: Frame, needed: usize) -> &mut Vec<u8> {
        let message = self.message.as_ref();
        let is_only = message.is_none_or(|message| message.len() == frame.received);
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

    fn payload(&mut self, opcode: OpCode) -> &mut Vec<u8> {
        match opcode {
            OpCode::Control(_) => &mut self.control,
            OpCode::Data(_) => &mut self.message.as_mut().expect("a data frame has one").payload,
        }
    }

    /// Takes payload that arrived at its place; false when the frame is not whole yet.
    fn take_payload(
        &mut self,
        mut frame: Frame,
        arrived: usize,
        inbox: &mut Inbox,
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
            OpCode::Control(control) => {
                if is_whole {
                    self.end_control(control, inbox)?;
                }
            }
            OpCode::Data(_) => {
                let is_last = is_whole && frame.is_final;
                self.message
                    .as_mut()
                    .expect("a data frame has one")
                    .check_text(is_last)?;
                if is_last {
                    let message = self.message.take().expect("a data frame has one");
                    inbox.push(message.finish());
                }
            }
        }
        Ok(is_whole)
    }

    fn end_control(&mut self, control: Control, inbox: &mut Inbox) -> Result<(), Error> {
        let payload = Bytes::from(mem::take(&mut self.control));
        match control {
            Control::Ping => inbox.push(WebSocketMessage::Ping(payload)),
            Control::Pong => inbox.push(WebSocketMessage::Pong(payload)),
            Control::Close => inbox.end(InboxEnd::Close(close_status(&payload)?)),
            Control::Reserved(_) => unreachable!("the header parser refuses reserved opcodes"),
        }
        Ok(())
    }
}

impl Message {
    fn len(&self) -> usize {
        self.payload.len() - self.lead
    }

    /// Checks the text that has come in, and at the end that no code point was cut.
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

/// Short texts are most often ASCII, which is quickly seen.
fn is_utf8(text: &[u8]) -> bool {
    text.is_ascii() || simdutf8::basic::from_utf8(text).is_ok()
}

/// A text message of what has just been found to be UTF-8, all of it.
fn checked_text(payload: Bytes) -> WebSocketMessage {
    #[expect(unsafe_code, reason = "a text is checked once, as it comes in")]
    // SAFETY: both callers have checked all of `payload`.
    let text = unsafe { ByteString::from_bytes_unchecked(payload) };
    WebSocketMessage::Text(text)
}

/// The header at the front of `input`, the length of the payload and of the header, if it is whole.
fn parse_header(input: &[u8]) -> Result<Option<(FrameHeader, u64, usize)>, Error> {
    let mut cursor = Cursor::new(input);
    match FrameHeader::parse(&mut cursor) {
        Ok(Some((header, length))) => {
            let size = usize::try_from(cursor.position()).expect("a header has at most 14 bytes");
            Ok(Some((header, length, size)))
        }
        Ok(None) => Ok(None),
        Err(_) => Err(protocol("the opcode is reserved")),
    }
}

/// What the payload of a Close frame says
/// ([RFC 6455 section 5.5.1](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1)).
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

fn invalid_text() -> Error {
    Error::with_source(ErrorKind::InvalidPayload, "a text is not utf-8")
}

fn protocol(rule: &'static str) -> Error {
    Error::with_source(ErrorKind::Protocol, rule)
}
