//! The headers of frames, and their rules.

use switchwire_core::{Error, ErrorKind};

use super::{Decoder, Frame, MASKED, protocol};

/// The kind of a frame ([RFC 6455 section
/// 5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Data(Data),
    Control(Control),
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    Continuation,
    Text,
    Binary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    Close,
    Ping,
    Pong,
}

/// A header as it arrived.
#[derive(Debug, Clone, Copy)]
struct Header {
    first: u8,
    key: Option<[u8; 4]>,
    length: u64,
    /// The size of the header itself, in bytes.
    size: usize,
}

impl Decoder {
    /// Decodes a header. False when it is incomplete.
    #[inline(never)] // inlined, it would slow down whole messages
    pub(super) fn decode_header(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let kept = self.header_len;
        let parsed = if kept == 0 {
            Header::parse(input)
        } else {
            let added = input.len().min(Self::MAX_HEADER_SIZE - kept);
            self.header[kept..kept + added].copy_from_slice(&input[..added]);
            self.header_len += added;
            Header::parse(&self.header[..self.header_len])
        };
        let Some(header) = parsed else {
            if kept == 0 {
                self.header[..input.len()].copy_from_slice(input);
                self.header_len = input.len();
            }
            *input = &[];
            return Ok(false);
        };
        *input = &input[header.size - kept..];
        self.header_len = 0;
        let frame = self.begin_frame(header)?;
        if let Opcode::Data(data) = frame.opcode {
            self.begin_fragment(data);
        }
        self.frame = Some(frame);
        Ok(true)
    }

    /// Checks a header against the rules, its message, and the limits.
    fn begin_frame(&mut self, header: Header) -> Result<Frame, Error> {
        let opcode = header
            .opcode()
            .ok_or_else(|| protocol("the opcode is reserved"))?;
        if header.first & RESERVED != 0 {
            return Err(protocol("a reserved bit is set"));
        }
        match header.key {
            None if self.mask_bit != 0 => {
                return Err(protocol("a frame of a client is not masked"));
            }
            Some(_) if self.mask_bit == 0 => {
                return Err(protocol("a frame of a server is masked"));
            }
            _ => {}
        }
        if !header.is_shortest() {
            return Err(protocol("the length is not in its shortest form"));
        }
        if header.length >> 63 != 0 {
            return Err(protocol("the length has its highest bit set"));
        }
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let is_final = header.first & FINAL != 0;
        match opcode {
            Opcode::Control(_) if !is_final => {
                return Err(protocol("a control frame is fragmented"));
            }
            Opcode::Control(_) if length > 125 => {
                return Err(protocol("a control frame has more than 125 bytes"));
            }
            Opcode::Control(_) => {}
            Opcode::Data(data) => self.check_fragment(data, length)?,
        }
        Ok(Frame {
            opcode,
            is_final,
            key: header.key,
            received: 0,
            remaining: length,
        })
    }

    /// Checks a data frame against its message and the limits.
    fn check_fragment(&self, data: Data, length: usize) -> Result<(), Error> {
        let (received, fragments) = match (data, &self.message) {
            (Data::Continuation, Some(message)) => (message.len(), message.fragments),
            (Data::Continuation, None) => {
                return Err(protocol("a continuation continues nothing"));
            }
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
}

/// The bits of the first byte.
const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;

impl Header {
    /// Parses the header at the front of `input`, if it is complete.
    fn parse(input: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = input.split_first_chunk()?;
        let (length, rest) = match second & !MASKED {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            length => (u64::from(length), rest),
        };
        let (key, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(*key), rest)
        };
        Some(Self {
            first,
            key,
            length,
            size: input.len() - rest.len(),
        })
    }

    /// `None` for an opcode that no extension uses yet.
    fn opcode(&self) -> Option<Opcode> {
        Some(match self.first & OPCODE {
            0x0 => Opcode::Data(Data::Continuation),
            0x1 => Opcode::Data(Data::Text),
            0x2 => Opcode::Data(Data::Binary),
            0x8 => Opcode::Control(Control::Close),
            0x9 => Opcode::Control(Control::Ping),
            0xa => Opcode::Control(Control::Pong),
            _ => return None,
        })
    }

    /// Whether the length is encoded in as few bytes as possible.
    fn is_shortest(&self) -> bool {
        let length = match self.length {
            0..=125 => 0,
            126..=0xffff => 2,
            _ => 8,
        };
        self.size == 2 + length + self.key.map_or(0, |key| key.len())
    }
}
