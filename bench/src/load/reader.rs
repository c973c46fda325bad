//! Reads what a server sends back and compares it with what was sent.

use super::Failure;
use super::frames::FrameRing;

/// The receiving side of one connection.
///
/// A message may come back in fragments, and control frames may come in between; a changed byte, a lost or doubled
/// message is a failure.
#[derive(Debug)]
pub(super) struct EchoReader {
    raw: bool,
    /// The next message of the ring to come back, and how much of it has.
    message: u64,
    offset: usize,
    header: [u8; MAX_HEADER],
    header_len: usize,
    /// The frame whose payload is being read.
    frame: Frame,
    left: usize,
    control: Vec<u8>,
}

/// What some bytes amounted to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// Messages that came back whole.
    pub(super) messages: u64,
    /// A ping that wants an answer.
    pub(super) ping: Option<Vec<u8>>,
    /// The server's Close frame was among them.
    pub(super) closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    None,
    Data { fin: bool },
    Control { opcode: u8 },
}

impl EchoReader {
    /// A reader that expects the messages of a ring from `first` on.
    pub(super) fn new(raw: bool, first: u64) -> Self {
        Self {
            raw,
            message: first,
            offset: 0,
            header: [0; MAX_HEADER],
            header_len: 0,
            frame: Frame::None,
            left: 0,
            control: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], ring: &FrameRing) -> Result<Received, Failure> {
        let mut received = Received::default();
        loop {
            if self.frame == Frame::None {
                let taken = self.read_header(bytes, ring)?;
                bytes = &bytes[taken..];
                if self.frame == Frame::None {
                    return Ok(received);
                }
            }
            let (payload, rest) = bytes.split_at(self.left.min(bytes.len()));
            bytes = rest;
            self.left -= payload.len();
            self.take_payload(payload, ring)?;
            if self.left > 0 {
                return Ok(received);
            }
            self.end_frame(ring, &mut received)?;
        }
    }

    /// Takes the bytes of a frame's header; `frame` is set once it is whole.
    fn read_header(&mut self, bytes: &[u8], ring: &FrameRing) -> Result<usize, Failure> {
        let mut taken = 0;
        loop {
            let needed = self.header_needs();
            if self.header_len == needed {
                break;
            }
            let part = (needed - self.header_len).min(bytes.len() - taken);
            if part == 0 {
                return Ok(taken);
            }
            self.header[self.header_len..self.header_len + part]
                .copy_from_slice(&bytes[taken..taken + part]);
            self.header_len += part;
            taken += part;
        }
        self.header_len = 0;
        self.left = match self.header[1] & 0x7F {
            126 => usize::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => u64::from_be_bytes(self.header[2..10].try_into().expect("eight bytes")) as usize,
            len => usize::from(len),
        };
        self.frame = self.begin_frame(ring)?;
        Ok(taken)
    }

    fn header_needs(&self) -> usize {
        if self.header_len < 2 {
            return 2;
        }
        let extended = match self.header[1] & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + extended + if self.raw { 4 } else { 0 }
    }

    fn begin_frame(&mut self, ring: &FrameRing) -> Result<Frame, Failure> {
        let [first, second, ..] = self.header;
        let (fin, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0F);
        if reserved != 0 || (second & 0x80 != 0) != self.raw {
            return Err(Failure::new(format!(
                "a frame began with {first:#04x} {second:#04x}"
            )));
        }
        if opcode >= 0x8 {
            self.control.clear();
            return Ok(Frame::Control { opcode });
        }
        let expected = if self.offset == 0 {
            ring.kind() as u8
        } else {
            CONTINUATION
        };
        if opcode != expected {
            return Err(Failure::new(format!(
                "message {}: opcode {opcode} instead of {expected}",
                self.message
            )));
        }
        if self.offset + self.left > ring.payload_len() {
            return Err(Failure::new(format!(
                "message {} is longer than what was sent",
                self.message
            )));
        }
        Ok(Frame::Data { fin })
    }

    fn take_payload(&mut self, payload: &[u8], ring: &FrameRing) -> Result<(), Failure> {
        match self.frame {
            Frame::Control { .. } => self.control.extend_from_slice(payload),
            Frame::Data { .. } => {
                let end = self.offset + payload.len();
                if ring.echoed(self.message)[self.offset..end] != *payload {
                    return Err(Failure::new(format!(
                        "message {} came back changed or out of order",
                        self.message
                    )));
                }
                self.offset = end;
            }
            Frame::None => {}
        }
        Ok(())
    }

    fn end_frame(&mut self, ring: &FrameRing, received: &mut Received) -> Result<(), Failure> {
        match self.frame {
            Frame::Data { fin: true } if self.offset < ring.payload_len() => {
                return Err(Failure::new(format!(
                    "message {} is shorter than what was sent",
                    self.message
                )));
            }
            Frame::Data { fin: true } => {
                self.offset = 0;
                self.message += 1;
                received.messages += 1;
            }
            Frame::Control { opcode: CLOSE } => received.closed = true,
            Frame::Control { opcode: PING } => received.ping = Some(self.control.clone()),
            _ => {}
        }
        self.frame = Frame::None;
        Ok(())
    }
}

const CONTINUATION: u8 = 0x0;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const MAX_HEADER: usize = 14;

#[cfg(test)]
mod tests {
    use super::super::frames::Kind;
    use super::*;

    fn ring() -> FrameRing {
        FrameRing::new(Kind::Text, 200, 4, false)
    }

    fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first_byte];
        if payload.len() < 126 {
            frame.push(payload.len() as u8);
        } else {
            frame.push(126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn echoes_are_counted_however_they_are_cut() {
        let ring = ring();
        let bytes = [frame(0x81, ring.echoed(3)), frame(0x81, ring.echoed(4))].concat();
        for cut in 1..bytes.len() {
            let mut reader = EchoReader::new(false, 3);
            let messages: u64 = bytes
                .chunks(cut)
                .map(|chunk| reader.feed(chunk, &ring).expect("a true echo").messages)
                .sum();
            assert_eq!(messages, 2, "cut every {cut} bytes");
        }
    }

    #[test]
    fn fragments_and_a_ping_between_them_are_one_message() {
        let ring = ring();
        let (head, tail) = ring.echoed(0).split_at(77);
        let bytes = [frame(0x01, head), frame(0x89, b"hi"), frame(0x80, tail)].concat();
        let received = EchoReader::new(false, 0)
            .feed(&bytes, &ring)
            .expect("a true echo");
        assert_eq!(
            received,
            Received {
                messages: 1,
                ping: Some(b"hi".to_vec()),
                closed: false
            }
        );
    }

    #[test]
    fn a_masked_echo_is_what_a_raw_server_sends() {
        let ring = FrameRing::new(Kind::Text, 200, 4, true);
        let bytes = ring.wire(0, 3 * ring.frame_len());
        assert_eq!(
            EchoReader::new(true, 0)
                .feed(bytes, &ring)
                .expect("a true echo")
                .messages,
            3
        );
        assert!(
            EchoReader::new(false, 0).feed(bytes, &ring).is_err(),
            "a WebSocket server must not mask"
        );
    }

    #[test]
    fn what_is_not_an_echo_is_a_failure() {
        let ring = ring();
        let mut changed = ring.echoed(0).to_vec();
        changed[199] ^= 1;
        let long = [ring.echoed(0), b"!"].concat();
        for (case, bytes) in [
            ("changed", frame(0x81, &changed)),
            ("out of order", frame(0x81, ring.echoed(1))),
            ("short", frame(0x81, &ring.echoed(0)[..199])),
            ("long", frame(0x81, &long)),
            ("binary", frame(0x82, ring.echoed(0))),
            ("compressed", frame(0xC1, ring.echoed(0))),
        ] {
            assert!(
                EchoReader::new(false, 0).feed(&bytes, &ring).is_err(),
                "{case}"
            );
        }
    }
}
