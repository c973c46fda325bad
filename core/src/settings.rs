//! The settings of an endpoint, the same on every server.

mod builder;
mod error;
mod rate;
mod slow;

use std::time::Duration;

pub use self::{
    builder::WebSocketSettingsBuilder, error::InvalidSettings, rate::RatePolicy,
    slow::SlowConsumerPolicy,
};

/// What a session may use, and how long things may take.
///
/// One value with the same meaning on every server; safe as it is. Built and checked by
/// [`WebSocketSettings::builder`].
///
/// ```
/// use switchwire_core::WebSocketSettings;
///
/// let settings = WebSocketSettings::builder()
///     .with_max_message_size(16 << 20)
///     .with_max_frame_size(16 << 20)
///     .build()?;
/// assert_eq!(settings.max_message_size(), 16 << 20);
/// assert!(WebSocketSettings::builder().with_max_message_size(0).build().is_err());
/// # Ok::<(), switchwire_core::InvalidSettings>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSocketSettings {
    max_message_size: usize,
    max_frame_size: usize,
    max_fragments: usize,
    read_buffer_size: usize,
    inbound_buffer_size: usize,
    inbound_messages: usize,
    outbound_buffer_size: usize,
    outbound_messages: usize,
    slow_consumer: SlowConsumerPolicy,
    max_messages_per_second: Option<usize>,
    max_bytes_per_second: Option<usize>,
    rate_policy: RatePolicy,
    max_pings_per_second: Option<usize>,
    ping_interval: Option<Duration>,
    pong_timeout: Duration,
    idle_timeout: Option<Duration>,
    max_session_age: Option<Duration>,
    handshake_timeout: Duration,
    closing_deadline: Duration,
    handler_grace: Duration,
    answer_grace: Duration,
    answer_grace_after_close: Duration,
    message_timeout: Duration,
    control_frames: bool,
    max_sessions: Option<usize>,
    max_sessions_per_address: Option<usize>,
    ipv6_prefix_length: u8,
    max_request_head_size: usize,
}

impl Default for WebSocketSettings {
    fn default() -> Self {
        Self {
            max_message_size: 1 << 20,
            max_frame_size: 1 << 20,
            max_fragments: 16 << 10,
            read_buffer_size: 64 << 10,
            inbound_buffer_size: 64 << 10,
            inbound_messages: 256,
            outbound_buffer_size: 256 << 10,
            outbound_messages: 1024,
            slow_consumer: SlowConsumerPolicy::default(),
            max_messages_per_second: None,
            max_bytes_per_second: None,
            rate_policy: RatePolicy::Wait,
            max_pings_per_second: None,
            ping_interval: Some(Duration::from_secs(30)),
            pong_timeout: Duration::from_secs(20),
            idle_timeout: None,
            max_session_age: None,
            handshake_timeout: Duration::from_secs(10),
            closing_deadline: Duration::from_secs(5),
            handler_grace: Duration::from_secs(30),
            answer_grace: Duration::from_secs(5),
            answer_grace_after_close: Duration::ZERO,
            message_timeout: Duration::from_secs(120),
            control_frames: false,
            max_sessions: None,
            max_sessions_per_address: None,
            ipv6_prefix_length: 64,
            max_request_head_size: 16 << 10,
        }
    }
}

impl WebSocketSettings {
    /// Starts from the defaults.
    pub fn builder() -> WebSocketSettingsBuilder {
        WebSocketSettingsBuilder::default()
    }

    /// The largest message a peer may send, in bytes over all its fragments. Default 1 MiB.
    /// `limits.message.1` A larger one closes the session with 1009.
    #[must_use]
    pub fn max_message_size(&self) -> usize {
        self.max_message_size
    }

    /// The largest frame a peer may send, in bytes. Default 1 MiB.
    /// `limits.frame.1` A larger one is refused with 1009 when its header has been read.
    #[must_use]
    pub fn max_frame_size(&self) -> usize {
        self.max_frame_size
    }

    /// The most frames one message may have. Default 16 384.
    /// `limits.fragments.1` A message with more closes the session with 1008.
    #[must_use]
    pub fn max_fragments(&self) -> usize {
        self.max_fragments
    }

    /// The size of the buffer that is read into, in bytes, which all sessions of a thread share; a frame's header fits in
    /// besides. Default 64 KiB, from 512 bytes to 16 MiB. A session keeps only what a read left over. The rest of a
    /// payload that is larger is read to its place in the message.
    #[must_use]
    pub fn read_buffer_size(&self) -> usize {
        self.read_buffer_size
    }

    /// How many bytes of messages wait for the handler before reading stops. Default 64 KiB.
    /// `session.backpressure.1` One message more than this is the most that is held.
    #[must_use]
    pub fn inbound_buffer_size(&self) -> usize {
        self.inbound_buffer_size
    }

    /// How many messages wait for the handler before reading stops. Default 256.
    #[must_use]
    pub fn inbound_messages(&self) -> usize {
        self.inbound_messages
    }

    /// The high-water mark of what waits for the socket, in bytes. Default 256 KiB.
    /// `session.backpressure.2` While more waits, `send` waits too.
    #[must_use]
    pub fn outbound_buffer_size(&self) -> usize {
        self.outbound_buffer_size
    }

    /// The high-water mark of what waits for the socket, in messages. Default 1 024.
    #[must_use]
    pub fn outbound_messages(&self) -> usize {
        self.outbound_messages
    }

    /// What becomes of messages for a peer that does not read them fast enough. Default: `send` waits, and a peer
    /// that takes too little for 60 s is closed with 1008 ([`SlowConsumerPolicy::Close`]).
    #[must_use]
    pub fn slow_consumer(&self) -> SlowConsumerPolicy {
        self.slow_consumer
    }

    /// How many messages a peer may send in a second, and at once after a quiet one. Default: any number.
    /// `limits.rate.1` What is over it waits or closes the session, as the [policy](RatePolicy) says.
    #[must_use]
    pub fn max_messages_per_second(&self) -> Option<usize> {
        self.max_messages_per_second
    }

    /// How many bytes a peer may send in a second, and at once after a quiet one: all of them, frame headers and
    /// control frames too. Default: any number. A message larger than this takes several seconds. Bytes are counted read by
    /// read, so that up to one read more may come at once, which is 256 KiB of a large message; waiting makes up for it.
    /// `limits.rate.2` What is over it waits or closes the session, as the [policy](RatePolicy) says.
    #[must_use]
    pub fn max_bytes_per_second(&self) -> Option<usize> {
        self.max_bytes_per_second
    }

    /// What becomes of what a peer sends faster than allowed. Default: it waits.
    #[must_use]
    pub fn rate_policy(&self) -> RatePolicy {
        self.rate_policy
    }

    /// How many pings a peer may send in a second, and at once after a quiet one. Default: any number, as a ping costs
    /// no more than a small message and no queue of answers grows.
    /// `limits.rate.3` A peer that sends more is closed with 1008; those before are answered.
    #[must_use]
    pub fn max_pings_per_second(&self) -> Option<usize> {
        self.max_pings_per_second
    }

    /// How often a peer is pinged; `None` for never. Default 30 s.
    ///
    /// - `session.keepalive.1` A ping is sent in each interval; the first one at a time between half and a whole one, so
    ///   that sessions opened together are not pinged together.
    /// - `session.keepalive.2` No ping is added to output that is blocked, and none follows a Close.
    /// - `session.keepalive.3` The handler sees neither these pings nor their pongs; with control frames it sees its own.
    #[must_use]
    pub fn ping_interval(&self) -> Option<Duration> {
        self.ping_interval
    }

    /// How long a peer may stay silent after a ping. Default 20 s.
    ///
    /// - `session.keepalive.4` A peer that is silent for longer is given up: the handler is told at once
    ///   ([`ErrorKind::Timeout`](crate::ErrorKind::Timeout)), Close 1011 is tried, in case it is only its WebSocket that
    ///   is stuck, and TCP is dropped at the closing deadline.
    /// - `session.keepalive.5` Not silent is a peer that sent the pong or any other whole frame, or 1 KiB of one, or that
    ///   reads what was blocked. A few bytes of a frame are silence.
    /// - `session.keepalive.6` While the session does not read, because the handler's queue is full or the rate is
    ///   limited, the driver must not count silence against a peer that takes what is written. A peer that takes
    ///   nothing is given up all the same. When output is blocked the driver sends no ping and counts bytes that the
    ///   peer takes as life.
    /// - `session.keepalive.8` After this process stood still the time runs anew.
    /// - `session.keepalive.9` When the peer has closed TCP while the session does not read, and the handler takes no
    ///   message from one ping to its timeout, the driver gives the peer up without reading what is left.
    #[must_use]
    pub fn pong_timeout(&self) -> Duration {
        self.pong_timeout
    }

    /// How long a session may go without a message either way; `None` for ever. Default none.
    ///
    /// - `session.idle.1` Between that time and a quarter more it is closed with 1001. Pings and pongs are no messages.
    /// - `session.idle.2` The time does not run while the session does not read, because the handler's queue is full or
    ///   the rate is limited, unless output is blocked, too.
    #[must_use]
    pub fn idle_timeout(&self) -> Option<Duration> {
        self.idle_timeout
    }

    /// How old a session may become; `None` for any age. Default none.
    /// `session.age.1` It is then closed with 1001, busy or not.
    #[must_use]
    pub fn max_session_age(&self) -> Option<Duration> {
        self.max_session_age
    }

    /// How long deciding a handshake may take, interceptors included, then telling them the outcome, and then switching
    /// the connection; each has this time. Default 10 s.
    /// `handshake.timeout.1` A decision that takes longer is answered with 503.
    #[must_use]
    pub fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }

    /// How long the closing handshake may take, from the call of `close`. Default 5 s. The same time again
    /// is given to the peer to close TCP after that.
    /// `session.close.6` When it passes, the connection is dropped.
    #[must_use]
    pub fn closing_deadline(&self) -> Duration {
        self.closing_deadline
    }

    /// How long a message may take from its first byte to its last. Default 120 s.
    ///
    /// `limits.message.2` When a message is not whole by then, the driver closes the session with 1008. The time starts
    /// anew when the session itself did not read, because the handler's queue was full or the rate was limited.
    #[must_use]
    pub fn message_timeout(&self) -> Duration {
        self.message_timeout
    }

    /// How long a handler may take, at shutdown, to answer the message that it took last. Default 5 s; zero is allowed.
    ///
    /// It runs from the beginning of the shutdown or from when the message was taken, whichever is later. The deadline of
    /// the shutdown ends it.
    /// See rule `session.shutdown.3` of [`WebSocketSession`](crate::WebSocketSession). A handler that took one message and
    /// then only sends has not come back to `receive`: it goes on for all of this time.
    #[must_use]
    pub fn answer_grace(&self) -> Duration {
        self.answer_grace
    }

    /// How long a handler may take, after the peer's Close, to answer what it has taken. Default zero.
    ///
    /// [RFC 6455 section 5.5.1](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1) lets an endpoint delay its Close
    /// until the message that it is sending is whole; a peer may have stopped listening, and waits.
    /// See rule `session.serve.2` of [`WebSocketSession`](crate::WebSocketSession).
    #[must_use]
    pub fn answer_grace_after_close(&self) -> Duration {
        self.answer_grace_after_close
    }

    /// How long a handler may go on after its connection is gone; zero is allowed. Default 30 s.
    #[must_use]
    pub fn handler_grace(&self) -> Duration {
        self.handler_grace
    }

    /// Whether pings and pongs of the peer are also handed to the handler. Default no: pings are
    /// answered either way, and a loop that sends back what it receives stays correct.
    #[must_use]
    pub fn control_frames(&self) -> bool {
        self.control_frames
    }

    /// How many sessions the endpoint may have at a time. Default: any number.
    ///
    /// - `limits.sessions.1` A handshake for one more is answered with 503, once it is found to be right otherwise.
    /// - `limits.sessions.3` A place is free again when its session has ended, handler included, or its switch failed.
    #[must_use]
    pub fn max_sessions(&self) -> Option<usize> {
        self.max_sessions
    }

    /// How many sessions the endpoint may have at a time from one address, which is the client's own behind
    /// a trusted proxy. Default: any number. IPv6 addresses are counted by their
    /// [prefix](Self::ipv6_prefix_length).
    ///
    /// `limits.sessions.2` A handshake for one more is answered with 429.
    #[must_use]
    pub fn max_sessions_per_address(&self) -> Option<usize> {
        self.max_sessions_per_address
    }

    /// How many leading bits of IPv6 addresses make them one for
    /// [`max_sessions_per_address`](Self::max_sessions_per_address), 1 to 128. Default 64, the size of a
    /// subnet: a host can have every address of its own
    /// ([RFC 4291 section 2.5.1](https://www.rfc-editor.org/rfc/rfc4291#section-2.5.1)). Networks often get 56 or 48.
    ///
    /// `limits.sessions.4` IPv6 addresses with this prefix in common count as one; an IPv4 address in the form of IPv6
    /// counts as what it is.
    #[must_use]
    pub fn ipv6_prefix_length(&self) -> u8 {
        self.ipv6_prefix_length
    }

    /// How large the head of a handshake may be, in bytes of its target and of the names and values of its headers.
    /// Default 16 KiB. A session keeps target and headers for as long as it lives.
    ///
    /// `handshake.headers.1` A handshake whose target alone is larger is answered with 414, one that is larger with its
    /// headers with 431, before any header is looked at.
    ///
    /// Servers have limits of their own for all requests, which act first where they are lower.
    #[must_use]
    pub fn max_request_head_size(&self) -> usize {
        self.max_request_head_size
    }
}
