use std::time::Duration;

/// What a session does while more than the high-water mark
/// ([`outbound_buffer_size`](crate::WebSocketSettings::outbound_buffer_size) or
/// [`outbound_messages`](crate::WebSocketSettings::outbound_messages)) is unwritten, because its
/// peer reads too slowly.
///
/// - `session.slow.1` With [`Wait`](Self::Wait), `send` waits, and no message is ever lost.
/// - `session.slow.2` With [`Close`](Self::Close), `send` waits. When the session has been above
///   the mark for `after`, and the peer took fewer bytes in that time than were unwritten at its
///   start, or than the mark if more were unwritten, the driver closes the session with 1008. A
///   peer that reads steadily over a slow line is kept, even if its queue never empties.
/// - `session.slow.3` With [`DropNewest`](Self::DropNewest), the session drops a message that finds
///   no room.
/// - `session.slow.4` With [`DropOldest`](Self::DropOldest), a message that finds no room displaces
///   the messages that have waited longest.
/// - `session.slow.5` With a policy that drops, `send` never waits for the peer. When there is no
///   room, it lets the driver try to write, and drops when the driver is blocked. After a share of
///   drops it lets other tasks run, so that a handler that sends in a loop learns of the session's
///   end like any other. The session is never closed for being slow, and
///   [`dropped`](crate::WebSocketSession::dropped) counts the dropped messages.
/// - `session.slow.6` [`try_send`](crate::WebSocketSession::try_send) never waits, not even for the
///   driver. It drops where the policy drops, and gives the message back where `send` would wait.
/// - `session.slow.7` The messages that are not dropped keep their order, and no message is cut.
/// - `session.slow.8` Answers to pings, keepalive pings and the Close frame are never dropped, and
///   do not count. Everything that a handler sends is a message, its pings too.
///
/// A peer that neither reads nor sends anything is not slow but silent: see
/// [`pong_timeout`](crate::WebSocketSettings::pong_timeout).
///
/// The mark counts accepted messages that are not written yet. A session holds at most the mark and
/// one message. It is below the mark again when the messages that it held are written. Until then
/// its peer is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowConsumerPolicy {
    /// A sender waits as long as the peer takes anything at all. A peer that takes one byte per
    /// second holds up its senders without a limit.
    Wait,
    /// A sender waits until the driver closes the session with 1008. The default, after 60 s. When
    /// the driver cannot write the Close either, it drops TCP at the [closing
    /// deadline](crate::WebSocketSettings::closing_deadline).
    Close {
        /// How long the session may stay above the mark with a peer that takes too little.
        after: Duration,
    },
    /// The session drops a new message while there is no room. The peer sees old messages, without
    /// gaps up to one point.
    DropNewest,
    /// The oldest messages make room for a new one. The peer sees recent messages. The session
    /// cannot take back bytes that are on their way to the socket. When nothing else is left, it
    /// drops the new message.
    DropOldest,
}

impl Default for SlowConsumerPolicy {
    /// [`Close`](Self::Close) after 60 s.
    fn default() -> Self {
        Self::Close {
            after: Duration::from_secs(60),
        }
    }
}

impl SlowConsumerPolicy {
    /// Whether the policy drops messages, so that `send` never waits.
    #[must_use]
    pub const fn drops(self) -> bool {
        matches!(self, Self::DropNewest | Self::DropOldest)
    }

    /// How long a session may stay above the mark before the policy closes it. `None` when it does
    /// not.
    #[must_use]
    pub const fn closes_after(self) -> Option<Duration> {
        match self {
            Self::Close { after } => Some(after),
            Self::Wait | Self::DropNewest | Self::DropOldest => None,
        }
    }
}
