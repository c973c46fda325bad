use std::{collections::VecDeque, mem};

use bytes::Bytes;

use crate::{close::CloseStatus, error::Error, message::WebSocketMessage};

/// Collects what a transport has read, within the room that the session has.
///
/// For authors of transports and drivers.
#[derive(Debug, Default)]
pub struct ReceiveBuffer {
    pub(super) messages: VecDeque<WebSocketMessage>,
    pub(super) bytes: usize,
    pub(super) room: Room,
    pings: Vec<Bytes>,
    /// For each ping, the number of messages that arrived before it.
    before_pings: Vec<usize>,
    received: ReadSummary,
    /// The tag with which the payloads of the driver's own pings begin, and the bytes after it in
    /// the last pong.
    ping_tag: Option<[u8; 4]>,
    pong: Option<[u8; 4]>,
    end: Option<ReceiveEnd>,
    control_frames: bool,
    discard: bool,
}

/// How many unanswered pings the buffer holds before the driver takes them.
const PINGS: usize = 64;

/// How many more bytes and messages fit.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) messages: usize,
}

/// A summary of what a transport has read, for the driver.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadSummary {
    /// How many messages, text and binary.
    pub messages: usize,
    /// How many bytes of all frames, headers included.
    pub bytes: usize,
    /// Whether a frame of any kind was complete.
    pub is_whole_frame: bool,
}

/// Why nothing more arrives from the peer.
#[derive(Debug, Clone)]
pub enum ReceiveEnd {
    /// The peer sent a Close frame, with a status or empty.
    Close(Option<CloseStatus>),
    /// The peer broke a rule or disconnected without a Close, or the network failed.
    Failed(Error),
}

impl ReceiveBuffer {
    /// Makes an empty buffer without a limit. `control_frames` says whether to keep pings and pongs
    /// as messages, too.
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

    /// Adds a whole message.
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

    /// Notes that bytes of the peer were read, and whether they ended a frame that is not a whole
    /// message.
    ///
    /// A transport calls it for all bytes that it reads. Otherwise the driver would take a peer for
    /// silent that is sending, and limits on bytes would not hold.
    #[inline]
    pub fn note_bytes(&mut self, bytes: usize, is_whole_frame: bool) {
        self.received.bytes += bytes;
        self.received.is_whole_frame |= is_whole_frame;
    }

    /// Takes the summary of the reads since the last call.
    #[must_use]
    #[inline]
    pub fn take_summary(&mut self) -> ReadSummary {
        let mut received = mem::take(&mut self.received);
        received.is_whole_frame |= received.messages > 0;
        received
    }

    /// Sets the tag with which the payloads of the driver's own pings begin; four bytes follow it.
    /// Their pongs are not messages.
    pub fn set_ping_tag(&mut self, tag: [u8; 4]) {
        self.ping_tag = Some(tag);
    }

    /// Takes the four bytes after the tag of the last pong that answered one of the driver's own
    /// pings.
    #[must_use]
    pub fn take_pong(&mut self) -> Option<[u8; 4]> {
        self.pong.take()
    }

    /// Notes that nothing more arrives. The first end counts.
    pub fn end(&mut self, end: ReceiveEnd) {
        self.end.get_or_insert(end);
    }

    /// Sets whether to drop data messages, so that a Close after them is found.
    pub fn set_discard(&mut self, discard: bool) {
        self.discard = discard;
    }

    /// Takes the messages, in order.
    #[must_use]
    pub fn take_messages(&mut self) -> VecDeque<WebSocketMessage> {
        self.bytes = 0;
        mem::take(&mut self.messages)
    }

    /// Whether there is no unanswered ping, no pong and no end. This is the common case.
    #[must_use]
    #[inline]
    pub fn has_messages_only(&self) -> bool {
        self.pings.is_empty() && self.pong.is_none() && self.end.is_none()
    }

    /// How many unanswered pings there are.
    #[must_use]
    pub fn pings(&self) -> usize {
        self.pings.len()
    }

    /// Takes the unanswered pings, in order.
    pub fn take_pings(&mut self) -> Vec<Bytes> {
        self.before_pings.clear();
        mem::take(&mut self.pings)
    }

    /// Keeps this many pings. Drops the next one with all messages after it.
    pub fn truncate_pings(&mut self, count: usize) {
        if let Some(messages) = self.before_pings.get(count) {
            self.messages.truncate(*messages);
            self.bytes = self.messages.iter().map(WebSocketMessage::len).sum();
            self.pings.truncate(count);
            self.before_pings.truncate(count);
        }
    }

    /// Takes the end, if there is one.
    pub fn take_end(&mut self) -> Option<ReceiveEnd> {
        self.end.take()
    }
}
