use std::{collections::VecDeque, mem};

use bytes::Bytes;

use crate::{close::CloseStatus, error::Error, message::WebSocketMessage};

/// Where a transport puts what it read, with room for as much as the session may hold.
///
/// For authors of transports and drivers.
#[derive(Debug, Default)]
pub struct ReceiveBuffer {
    pub(super) messages: VecDeque<WebSocketMessage>,
    pub(super) bytes: usize,
    pub(super) room: Room,
    pings: Vec<Bytes>,
    /// How many messages were here when each of them came.
    before_pings: Vec<usize>,
    received: ReadSummary,
    /// How the payloads of the driver's own pings begin, and what followed in the last pong with one.
    ping_tag: Option<[u8; 4]>,
    pong: Option<[u8; 4]>,
    end: Option<ReceiveEnd>,
    control_frames: bool,
    discard: bool,
}

/// How many pings may wait for their answer before they are taken.
const PINGS: usize = 64;

/// How many more bytes and messages fit.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) messages: usize,
}

/// What a transport has read, to be judged by the driver.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadSummary {
    /// How many messages, text and binary.
    pub messages: usize,
    /// How many bytes, of all frames with their headers.
    pub bytes: usize,
    /// Whether a frame of any kind was whole.
    pub is_whole_frame: bool,
}

/// Why nothing more comes from the peer.
#[derive(Debug, Clone)]
pub enum ReceiveEnd {
    /// The peer sent a Close frame, with a status or empty.
    Close(Option<CloseStatus>),
    /// The peer broke the rules, left without a Close, or the network failed.
    Failed(Error),
}

impl ReceiveBuffer {
    /// An empty incoming without a bound; `control_frames` says whether pings and pongs are kept as messages too.
    #[must_use]
    pub fn new(control_frames: bool) -> Self {
        Self {
            control_frames,
            room: Room {
                bytes: usize::MAX,
                messages: usize::MAX,
            },
            ..Self::default()
        }
    }

    /// Whether the transport must stop reading: there is no room, or nothing may follow.
    #[must_use]
    #[inline]
    pub fn is_full(&self) -> bool {
        self.end.is_some()
            || self.pings.len() >= PINGS
            || (!self.discard
                && (self.bytes >= self.room.bytes || self.messages.len() >= self.room.messages))
    }

    /// Puts in a whole message.
    #[inline]
    pub fn push(&mut self, message: WebSocketMessage) {
        if message.is_control() {
            return self.push_control(message);
        }
        self.received.messages += 1;
        if !self.discard {
            self.keep(message);
        }
    }

    fn push_control(&mut self, message: WebSocketMessage) {
        self.received.is_whole_frame = true;
        if let WebSocketMessage::Ping(payload) = &message {
            self.pings.push(payload.clone());
            self.before_pings.push(self.messages.len());
        } else if let Some((tag, rest)) = message.payload().split_first_chunk()
            && self.ping_tag.as_ref() == Some(tag)
            && let Ok(rest) = rest.try_into()
        {
            self.pong = Some(rest);
            return;
        }
        if self.control_frames && !self.discard {
            self.keep(message);
        }
    }

    #[inline]
    fn keep(&mut self, message: WebSocketMessage) {
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    /// Notes that bytes of the peer were read, and whether they ended a frame that is no whole message.
    ///
    /// Transports call it for all bytes they take, or silence would be held against a peer that talks, and limits of
    /// bytes would not hold.
    #[inline]
    pub fn note_bytes(&mut self, bytes: usize, is_whole_frame: bool) {
        self.received.bytes += bytes;
        self.received.is_whole_frame |= is_whole_frame;
    }

    /// Takes the account of what was read.
    #[must_use]
    #[inline]
    pub fn take_summary(&mut self) -> ReadSummary {
        let mut received = mem::take(&mut self.received);
        received.is_whole_frame |= received.messages > 0;
        received
    }

    /// Says how the payloads of the driver's own pings begin; four bytes follow. Their pongs are no messages.
    pub fn set_ping_tag(&mut self, tag: [u8; 4]) {
        self.ping_tag = Some(tag);
    }

    /// Takes the four bytes after the tag of the last pong that answered one of the driver's own pings.
    #[must_use]
    pub fn take_pong(&mut self) -> Option<[u8; 4]> {
        self.pong.take()
    }

    /// Says that nothing more comes. The first end counts.
    pub fn end(&mut self, end: ReceiveEnd) {
        self.end.get_or_insert(end);
    }

    /// Drops data messages from now on, so that a Close behind them is found.
    pub fn set_discard(&mut self, discard: bool) {
        self.discard = discard;
    }

    /// Takes the messages that came in, in order.
    #[must_use]
    pub fn take_messages(&mut self) -> VecDeque<WebSocketMessage> {
        self.bytes = 0;
        mem::take(&mut self.messages)
    }

    /// Whether there is neither a ping to be answered, nor a pong, nor an end: the common case.
    #[must_use]
    #[inline]
    pub fn has_messages_only(&self) -> bool {
        self.pings.is_empty() && self.pong.is_none() && self.end.is_none()
    }

    /// How many pings came in.
    #[must_use]
    pub fn pings(&self) -> usize {
        self.pings.len()
    }

    /// Takes the pings that came in and have to be answered, in order.
    pub fn take_pings(&mut self) -> Vec<Bytes> {
        self.before_pings.clear();
        mem::take(&mut self.pings)
    }

    /// Keeps so many pings, and drops the next one with all messages behind it.
    pub fn truncate_pings(&mut self, count: usize) {
        if let Some(messages) = self.before_pings.get(count) {
            self.messages.truncate(*messages);
            self.bytes = self.messages.iter().map(WebSocketMessage::len).sum();
            self.pings.truncate(count);
            self.before_pings.truncate(count);
        }
    }

    /// Takes the end, if it came.
    pub fn take_end(&mut self) -> Option<ReceiveEnd> {
        self.end.take()
    }
}
