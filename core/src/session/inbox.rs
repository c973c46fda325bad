use std::{collections::VecDeque, mem};

use bytes::Bytes;

use crate::{CloseStatus, Error, WebSocketMessage};

/// Where a transport puts what it read, with room for as much as the session may hold.
///
/// For authors of transports and drivers.
#[derive(Debug, Default)]
pub struct Inbox {
    pub(super) messages: VecDeque<WebSocketMessage>,
    pub(super) bytes: usize,
    pub(super) room: Room,
    pings: Vec<Bytes>,
    end: Option<InboxEnd>,
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

/// Why nothing more comes from the peer.
#[derive(Debug, Clone)]
pub enum InboxEnd {
    /// The peer sent a Close frame, with a status or empty.
    Close(Option<CloseStatus>),
    /// The peer broke the rules, left without a Close, or the network failed.
    Failed(Error),
}

impl Inbox {
    /// An empty inbox without a bound; `control_frames` says whether pings and pongs are kept as messages too.
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
        if let WebSocketMessage::Ping(payload) = &message {
            self.pings.push(payload.clone());
        }
        if self.discard || (message.is_control() && !self.control_frames) {
            return;
        }
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    /// Says that nothing more comes. The first end counts.
    pub fn end(&mut self, end: InboxEnd) {
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

    /// Takes the pings that came in and have to be answered, in order.
    pub fn take_pings(&mut self) -> Vec<Bytes> {
        mem::take(&mut self.pings)
    }

    /// Takes the end, if it came.
    pub fn take_end(&mut self) -> Option<InboxEnd> {
        self.end.take()
    }
}
