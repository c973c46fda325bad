//! Frames as a case wants them, right or wrong (RFC 6455 section 5.2).

use std::fmt;

/// The opcodes in use.
pub mod opcode {
    /// A fragment after the first.
    pub const CONTINUATION: u8 = 0x0;
    /// A text message, or its first fragment.
    pub const TEXT: u8 = 0x1;
    /// A binary message, or its first fragment.
    pub const BINARY: u8 = 0x2;
    /// Close.
    pub const CLOSE: u8 = 0x8;
    /// Ping.
    pub const PING: u8 = 0x9;
    /// Pong.
    pub const PONG: u8 = 0xa;
}

/// How the payload length is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// In the shortest form, as the RFC asks.
    Shortest,
    /// In 16 bits, whether it needs them or not.
    Bits16,
    /// In 64 bits, whether it needs them or not.
    Bits64,
    /// In 64 bits, and not the length of the payload at all.
    Announced(u64),
}

/// One frame. Masked with a key of zeros unless told otherwise, so that transcripts are readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether it ends its message.
    pub fin: bool,
    /// The reserved bits, RSV1 being `0b100`.
    pub rsv: u8,
    /// The opcode, in use or not.
    pub opcode: u8,
    /// The masking key, if the frame is masked.
    pub mask: Option<[u8; 4]>,
    /// How its length is written.
    pub length: Length,
    /// The payload, not masked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A whole, masked frame.
    pub fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self {
            fin: true,
            rsv: 0,
            opcode,
            mask: Some([0; 4]),
            length: Length::Shortest,
            payload: payload.as_ref().to_vec(),
        }
    }

    /// A text message.
    pub fn text(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::TEXT, payload)
    }

    /// A binary message.
    pub fn binary(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::BINARY, payload)
    }

    /// The last fragment of a message.
    pub fn continuation(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::CONTINUATION, payload)
    }

    /// A ping.
    pub fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::PING, payload)
    }

    /// A pong.
    pub fn pong(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::PONG, payload)
    }

    /// A Close frame with a code.
    pub fn close(code: u16, reason: impl AsRef<[u8]>) -> Self {
        let payload = [&code.to_be_bytes(), reason.as_ref()].concat();
        Self::new(opcode::CLOSE, payload)
    }

    /// A Close frame without a code.
    #[must_use]
    pub fn empty_close() -> Self {
        Self::new(opcode::CLOSE, [])
    }

    /// The same frame without FIN: more fragments follow.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.fin = false;
        self
    }

    /// With reserved bits, RSV1 being `0b100`.
    #[must_use]
    pub fn reserved(mut self, bits: u8) -> Self {
        self.rsv = bits;
        self
    }

    /// The same frame, not masked.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    /// The same frame, masked with this key.
    #[must_use]
    pub fn masked_with(mut self, key: [u8; 4]) -> Self {
        self.mask = Some(key);
        self
    }

    /// The same frame with its length written so.
    #[must_use]
    pub fn with_length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    /// Whether the opcode is one of a control frame.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }

    /// The code of a Close frame, if it has one.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*code))
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        let masked = u8::from(self.mask.is_some()) << 7;
        let len = self.payload.len() as u64;
        match (self.length, len) {
            (Length::Shortest, 0..=125) => out.push(masked | len as u8),
            (Length::Shortest, 126..=0xffff) | (Length::Bits16, _) => {
                out.push(masked | 126);
                out.extend((len as u16).to_be_bytes());
            }
            (Length::Shortest | Length::Bits64, _) => {
                out.push(masked | 127);
                out.extend(len.to_be_bytes());
            }
            (Length::Announced(announced), _) => {
                out.push(masked | 127);
                out.extend(announced.to_be_bytes());
            }
        }
        let key = self.mask.unwrap_or_default();
        out.extend(self.mask.into_iter().flatten());
        let payload = out.len();
        out.extend_from_slice(&self.payload);
        mask_with(key, &mut out[payload..]);
        out
    }

    /// Reads the frame at the start of `bytes`, and how many bytes it took; `None` when it is not complete.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (length, len, mut at) = match second & 0x7f {
            126 => {
                let len = u16::from_be_bytes(*bytes[2..].first_chunk()?);
                (Length::Bits16, u64::from(len), 4)
            }
            127 => {
                let len = u64::from_be_bytes(*bytes[2..].first_chunk()?);
                (Length::Bits64, len, 10)
            }
            len => (Length::Shortest, u64::from(len), 2),
        };
        let length = match (length, len) {
            (Length::Bits16, 126..) | (Length::Bits64, 0x1_0000..) => Length::Shortest,
            (form, _) => form,
        };
        let mask = if second & 0x80 == 0 {
            None
        } else {
            let key = *bytes.get(at..)?.first_chunk::<4>()?;
            at += 4;
            Some(key)
        };
        let end = at.checked_add(usize::try_from(len).ok()?)?;
        let key = mask.unwrap_or_default();
        let mut payload = bytes.get(at..end)?.to_vec();
        mask_with(key, &mut payload);
        let frame = Self {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 0x7,
            opcode: first & 0xf,
            mask,
            length,
            payload,
        };
        Some((frame, end))
    }
}

/// Masks or unmasks. Zeros change nothing, and large payloads are not looked at byte by byte for it.
fn mask_with(key: [u8; 4], payload: &mut [u8]) {
    if key == [0; 4] {
        return;
    }
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

impl fmt::Display for Frame {
    /// One line for a transcript: kind, what is unusual about it, and the start of the payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.opcode {
            opcode::CONTINUATION => "continuation",
            opcode::TEXT => "text",
            opcode::BINARY => "binary",
            opcode::CLOSE => "Close",
            opcode::PING => "ping",
            opcode::PONG => "pong",
            _ => "",
        };
        if kind.is_empty() {
            write!(f, "opcode {:#x}", self.opcode)?;
        } else {
            f.write_str(kind)?;
        }
        if !self.fin {
            f.write_str(" (unfinished)")?;
        }
        if self.rsv != 0 {
            write!(f, " (reserved bits {:03b})", self.rsv)?;
        }
        match self.length {
            Length::Shortest => {}
            Length::Bits16 => f.write_str(" (length in 16 bits)")?,
            Length::Bits64 => f.write_str(" (length in 64 bits)")?,
            Length::Announced(announced) => write!(f, " (announcing {announced} bytes)")?,
        }
        let payload = match (self.opcode, self.close_code()) {
            (opcode::CLOSE, Some(code)) => {
                write!(f, " {code}")?;
                &self.payload[2..]
            }
            _ => &self.payload[..],
        };
        write!(f, " {}", Excerpt(payload))?;
        f.write_str(if self.mask.is_some() {
            ", masked"
        } else {
            ", not masked"
        })
    }
}

/// The start of a payload, readable, and its length when that is not obvious.
pub(super) struct Excerpt<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 48;
        let shown = &self.0[..self.0.len().min(SHOWN)];
        write!(f, "\"{}\"", shown.escape_ascii())?;
        if self.0.len() > SHOWN {
            write!(f, "... ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_section_5_7_encode_and_decode() {
        let examples: [(Frame, &[u8]); 4] = [
            (Frame::text("Hello").unmasked(), b"\x81\x05Hello"),
            (
                Frame::text("Hello").masked_with([0x37, 0xfa, 0x21, 0x3d]),
                b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            ),
            (Frame::text("Hel").unmasked().unfinished(), b"\x01\x03Hel"),
            (Frame::ping("Hello").unmasked(), b"\x89\x05Hello"),
        ];
        for (frame, bytes) in examples {
            assert_eq!(frame.encode(), bytes);
            assert_eq!(Frame::decode(bytes), Some((frame, bytes.len())));
        }
    }

    #[test]
    fn every_length_survives_and_no_prefix_is_a_frame() {
        for len in [0, 1, 125, 126, 127, 65535, 65536] {
            let frame = Frame::binary(vec![7; len]).masked_with([1, 2, 3, 4]);
            let bytes = frame.encode();
            assert_eq!(Frame::decode(&bytes[..bytes.len() - 1]), None);
            assert_eq!(Frame::decode(&bytes), Some((frame, bytes.len())));
        }
    }

    #[test]
    fn a_length_that_is_not_the_shortest_is_noticed() {
        let bytes = Frame::binary("x").with_length(Length::Bits64).encode();
        let (frame, _) = Frame::decode(&bytes).unwrap();
        assert_eq!(frame.length, Length::Bits64);
    }
}
