use std::time::Duration;

/// What becomes of messages while more than the high-water mark
/// ([`outbound_buffer_size`](crate::WebSocketSettings::outbound_buffer_size) or
/// [`outbound_messages`](crate::WebSocketSettings::outbound_messages)) waits for a peer that reads too slowly.
///
/// - `session.slow.1` With [`Wait`](Self::Wait), `send` waits, and no message is ever lost.
/// - `session.slow.2` With [`Close`](Self::Close), `send` waits. When the session has been above the mark for `after`,
///   and the peer took fewer bytes in that time than waited when it began, or than the mark if more waited, the driver
///   closes the session with 1008. A peer that reads steadily over a slow line is kept, though its queue never empties.
/// - `session.slow.3` With [`DropNewest`](Self::DropNewest), a message that finds no room is dropped.
/// - `session.slow.4` With [`DropOldest`](Self::DropOldest), a message that finds no room displaces those that have
///   waited longest.
/// - `session.slow.5` With a policy that drops, `send` never waits for the peer: when there is no room it lets the driver
///   try to write, and drops when that is blocked. After a share of drops others have their turn, so that a handler that
///   sends in a loop hears of the session's end like any other. The session is never closed for being slow, and
///   [`dropped`](crate::WebSocketSession::dropped) counts what was dropped.
/// - `session.slow.6` [`try_send`](crate::WebSocketSession::try_send) never waits, not even for the driver: it drops where
///   the policy does, and gives the message back where `send` would wait.
/// - `session.slow.7` Order is kept among what is not dropped, and no message is cut.
/// - `session.slow.8` Answers to pings, keepalive pings and the Close frame are never dropped, nor do they count. What a
///   handler sends is a message, its pings too.
///
/// A peer that neither reads anything nor says anything is not slow but silent: that is for
/// [`pong_timeout`](crate::WebSocketSettings::pong_timeout).
///
/// What counts is bytes and messages that were accepted and are not written, so a session holds no more than the mark
/// and one message. Below the mark it is again when what it held has been written; until then its peer is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowConsumerPolicy {
    /// Whoever sends waits, for as long as the peer takes anything at all: a peer that takes one byte a second holds up
    /// whoever sends to it for ever.
    Wait,
    /// Whoever sends waits, until the session is closed with 1008. The default, after 60 s. When the Close cannot be written either, TCP is
    /// dropped at the [closing deadline](crate::WebSocketSettings::closing_deadline).
    Close {
        /// How long the session may stay above the mark with a peer that takes too little.
        after: Duration,
    },
    /// A new message is dropped while there is no room: what the peer sees is old, and without gaps up to one point.
    DropNewest,
    /// The oldest messages make room for a new one: what the peer sees is recent. What is already on its way to the
    /// socket cannot be taken back; with nothing else left, the new message is dropped.
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
    /// Whether messages may be dropped, so that `send` never waits.
    #[must_use]
    pub const fn drops(self) -> bool {
        matches!(self, Self::DropNewest | Self::DropOldest)
    }

    /// For how long a session may stay above the mark, where that closes it.
    #[must_use]
    pub const fn closes_after(self) -> Option<Duration> {
        match self {
            Self::Close { after } => Some(after),
            Self::Wait | Self::DropNewest | Self::DropOldest => None,
        }
    }
}
