//! How the reference server reads frames, byte by byte if need be.

use std::str;

use super::{Fault, World};
use switchwire_conformance::internals::opcode;

/// What was read.
#[derive(Debug)]
pub(super) enum Event {
    Message {
        text: bool,
        payload: Vec<u8>,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Vec<u8>),
    /// The peer broke a rule; this is the code to tell it.
    Violation(u16),
}

/// What an endpoint takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) frame: u64,
    pub(super) message: u64,
    pub(super) fragments: usize,
}

pub(super) struct Inbound<'a> {
    world: &'a World,
    /// Whether the frames are a server's.
    of_server: bool,
    limits: Limits,
    buffer: Vec<u8>,
    frame: Option<Header>,
    message: Option<Message>,
    /// Fragments of the message under way.
    fragments: usize,
    /// Whole frames so far.
    pub(super) frames: usize,
    /// Bytes so far.
    pub(super) received: usize,
    /// What [`Fault::PongsAfterTheMessage`] holds back.
    held: Vec<Event>,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    fin: bool,
    opcode: u8,
    key: [u8; 4],
    len: u64,
    /// How much of the payload was read.
    at: u64,
}

struct Message {
    text: bool,
    payload: Vec<u8>,
    /// How much of the payload is known to be UTF-8.
    checked: usize,
}

impl<'a> Inbound<'a> {
    pub(super) fn new(world: &'a World, limits: Limits, buffer: Vec<u8>) -> Self {
        Self {
            world,
            of_server: false,
            limits,
            buffer,
            frame: None,
            message: None,
            fragments: 0,
            frames: 0,
            received: 0,
            held: Vec::new(),
        }
    }

    /// Reads what a server sends.
    pub(super) fn of_server(world: &'a World, limits: Limits, buffer: Vec<u8>) -> Self {
        Self {
            of_server: true,
            ..Self::new(world, limits, buffer)
        }
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.world.has(Fault::ForgetsCutFrames)
            && (!self.buffer.is_empty() || self.frame.is_some())
        {
            self.buffer.clear();
            self.frame = None;
            self.message = None;
        }
        self.buffer.extend_from_slice(bytes);
        self.received += bytes.len();
    }

    pub(super) fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The message that is not complete, for [`Fault::DeliversHalfMessages`].
    pub(super) fn half(&mut self) -> Option<Event> {
        self.message.take().map(|message| Event::Message {
            text: message.text,
            payload: message.payload,
        })
    }

    pub(super) fn is_in_message(&self) -> bool {
        self.message.is_some()
    }

    /// The next event, or `None` when more bytes are needed.
    pub(super) fn next(&mut self) -> Option<Event> {
        if self.message.is_none()
            && let Some(held) = self.held.pop()
        {
            return Some(held);
        }
        loop {
            let header = match self.frame {
                Some(header) => header,
                None => match self.header()? {
                    Ok(header) => header,
                    Err(code) => {
                        self.buffer.clear();
                        return Some(Event::Violation(code));
                    }
                },
            };
            self.frame = Some(header);
            let event = if header.opcode & 0x8 != 0 {
                self.control(header)?
            } else {
                self.data(header)?
            };
            if let Some(event) = event {
                return Some(event);
            }
        }
    }

    /// Reads and checks a header as soon as each part of it is there.
    fn header(&mut self) -> Option<Result<Header, u16>> {
        let has = |fault| self.world.has(fault);
        let (first, second) = (*self.buffer.first()?, *self.buffer.get(1)?);
        let (fin, rsv, opcode) = (first & 0x80 != 0, first & 0x70, first & 0xf);
        let (masked, short) = (second & 0x80 != 0, second & 0x7f);
        let early = self.check(fin, rsv, opcode, masked, short);
        if let (Err(code), false) = (early, has(Fault::WaitsForPayloads)) {
            return Some(Err(code));
        }
        let (len, at) = match short {
            126 => (
                u64::from(u16::from_be_bytes(*self.buffer.get(2..)?.first_chunk()?)),
                4,
            ),
            127 => (
                u64::from_be_bytes(*self.buffer.get(2..)?.first_chunk()?),
                10,
            ),
            short => (u64::from(short), 2),
        };
        let late = early.and_then(|()| self.check_length(opcode, short, len));
        if has(Fault::WaitsForPayloads)
            && late.is_err()
            && (self.buffer.len() as u64) < len.saturating_add(at as u64 + 4)
        {
            return None;
        }
        if let Err(code) = late {
            return Some(Err(code));
        }
        let key = if masked {
            *self.buffer.get(at..)?.first_chunk()?
        } else {
            [0; 4]
        };
        self.buffer.drain(..at + if masked { 4 } else { 0 });
        Some(self.begin(Header {
            fin,
            opcode,
            key,
            len,
            at: 0,
        }))
    }

    fn check(&self, fin: bool, rsv: u8, opcode: u8, masked: bool, short: u8) -> Result<(), u16> {
        let has = |fault| self.world.has(fault);
        let fail = |broken: bool, excused: bool| {
            if broken && !excused {
                Err(1002)
            } else {
                Ok(())
            }
        };
        let control = opcode & 0x8 != 0;
        fail(rsv != 0, has(Fault::IgnoresReservedBits))?;
        fail(
            matches!(opcode, 0x3..=0x7 | 0xb..=0xf),
            has(Fault::IgnoresReservedOpcodes),
        )?;
        fail(masked == self.of_server, has(Fault::AcceptsUnmasked))?;
        fail(control && !fin, has(Fault::AcceptsFragmentedControlFrames))?;
        fail(control && short > 125, has(Fault::AcceptsLongControlFrames))?;
        fail(
            opcode == opcode::CONTINUATION && self.message.is_none(),
            has(Fault::AcceptsStrayContinuations) || has(Fault::KeepsFragmentsApart),
        )?;
        fail(
            matches!(opcode, opcode::TEXT | opcode::BINARY) && self.message.is_some(),
            has(Fault::AcceptsInterleaving),
        )
    }

    fn check_length(&self, opcode: u8, short: u8, len: u64) -> Result<(), u16> {
        let has = |fault| self.world.has(fault);
        if len >> 63 != 0 {
            return Err(1002);
        }
        let shortest = !matches!((short, len), (126, 0..=125) | (127, 0..=0xffff));
        if !shortest && !has(Fault::AcceptsLongLengths) {
            return Err(1002);
        }
        if opcode & 0x8 != 0 || has(Fault::HasNoLimits) {
            return Ok(());
        }
        let before = self
            .message
            .as_ref()
            .map_or(0, |message| message.payload.len() as u64);
        let over =
            |len: u64, limit: u64| len > limit || (has(Fault::RefusesTheLimit) && len == limit);
        if over(len, self.limits.frame) || over(before.saturating_add(len), self.limits.message) {
            return Err(1009);
        }
        Ok(())
    }

    /// Counts the fragment that begins, and opens the message if it is the first.
    fn begin(&mut self, header: Header) -> Result<Header, u16> {
        let has = |fault| self.world.has(fault);
        if header.opcode & 0x8 != 0 {
            self.fragments += usize::from(has(Fault::CountsControlFrames));
            return Ok(header);
        }
        if self.message.is_none()
            && !has(Fault::CountsOverMessages)
            && !has(Fault::CountsControlFrames)
        {
            self.fragments = 0;
        }
        self.fragments += usize::from(
            !(has(Fault::CountsNoFragments)
                || (header.len == 0 && has(Fault::IgnoresEmptyFragments))),
        );
        let limit = self.limits.fragments - usize::from(has(Fault::RefusesTheLimit));
        if self.fragments > limit && !has(Fault::HasNoLimits) {
            return Err(1008);
        }
        self.message.get_or_insert_with(|| Message {
            text: header.opcode == opcode::TEXT,
            payload: Vec::new(),
            checked: 0,
        });
        Ok(header)
    }

    /// A control frame, when all of it is there.
    fn control(&mut self, header: Header) -> Option<Option<Event>> {
        let len = usize::try_from(header.len).ok()?;
        if self.buffer.len() < len {
            return None;
        }
        self.frame = None;
        self.frames += 1;
        let mut payload: Vec<u8> = self.buffer.drain(..len).collect();
        self.unmask(header, &mut payload);
        let event = match header.opcode {
            opcode::CLOSE => Event::Close(payload),
            opcode::PING => Event::Ping(payload),
            _ => Event::Pong(payload),
        };
        if self.message.is_some() {
            match (&event, self.world.fault) {
                (Event::Ping(_), Some(Fault::PongsAfterTheMessage)) => {
                    self.held.insert(0, event);
                    return Some(None);
                }
                (Event::Close(_), Some(Fault::MissesCloseInMessage)) => return Some(None),
                (Event::Pong(_), Some(Fault::FailsOnPongInMessage)) => {
                    return Some(Some(Event::Violation(1002)));
                }
                _ => {}
            }
        }
        Some(Some(event))
    }

    /// As much of a data frame as is there.
    fn data(&mut self, mut header: Header) -> Option<Option<Event>> {
        let left = header.len - header.at;
        let len = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        let mut piece: Vec<u8> = self.buffer.drain(..len).collect();
        self.unmask(header, &mut piece);
        header.at += len as u64;
        self.frame = Some(header);
        let complete = header.at == header.len;
        let ends = complete && (header.fin || self.world.has(Fault::KeepsFragmentsApart));
        let message = self
            .message
            .as_mut()
            .expect("a data frame belongs to a message");
        message.payload.extend_from_slice(&piece);
        if !message.is_text(self.world, &piece, ends) {
            self.message = None;
            self.buffer.clear();
            return Some(Some(Event::Violation(1007)));
        }
        if !complete {
            return None;
        }
        self.frame = None;
        self.frames += 1;
        if !ends {
            return Some(None);
        }
        let message = self.message.take().expect("the message was just extended");
        Some(Some(Event::Message {
            text: message.text,
            payload: message.payload,
        }))
    }

    fn unmask(&self, header: Header, payload: &mut [u8]) {
        let most = if self.world.has(Fault::UnmasksBadly) {
            payload.len() / 4 * 4
        } else {
            payload.len()
        };
        for (at, byte) in payload.iter_mut().enumerate().take(most) {
            *byte ^= header.key[(header.at as usize + at) % 4];
        }
    }
}

impl Message {
    /// Whether the text is UTF-8 as far as it came.
    fn is_text(&mut self, world: &World, piece: &[u8], ends: bool) -> bool {
        if !self.text && !world.has(Fault::ChecksBinary) {
            return true;
        }
        match world.fault {
            Some(Fault::AcceptsInvalidText) => return true,
            Some(Fault::ChecksPiecesAlone) => return str::from_utf8(piece).is_ok(),
            Some(Fault::ChecksTextLate) if !ends => return true,
            _ => {}
        }
        match str::from_utf8(&self.payload[self.checked..]) {
            Ok(_) => {
                self.checked = self.payload.len();
                true
            }
            Err(error) => {
                self.checked += error.valid_up_to();
                error.error_len().is_none() && !ends
            }
        }
    }
}
