//! Headers of frames, and what they must keep to.

use std::io::Cursor;

use switchwire_core::{Error, ErrorKind};
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Data, OpCode},
};

use super::{Decoder, Frame, MAX_HEADER, protocol};

impl Decoder {
    /// Reads a header; false when it is not whole yet.
    #[inline(never)] // or whole messages would be slower
    pub(super) fn decode_header(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
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
            self.begin_fragment(data);
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
