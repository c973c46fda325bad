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

/// The limits and timeouts of an endpoint's sessions, with the same meaning on every server.
///
/// The defaults bound what a peer can hold, and for how long. [`WebSocketSettings::builder`]
/// changes them and checks the result. Each setting below says its unit, its default, and what
/// happens at the limit.
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
///
/// # Errors
/// [`build`](WebSocketSettingsBuilder::build) returns [`InvalidSettings`] for a value outside of
/// these ranges:
/// - A size, a number or a rate is at least 1. `read_buffer_size` is 512 bytes to 16 MiB.
/// - A timeout is at least 1 ms. A grace may be zero. No time is longer than 10 years.
/// - `max_frame_size` is at most `max_message_size`.
/// - `ipv6_prefix_length` is 1 to 128.
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

    /// The size limit of one message of the peer, in bytes over all its fragments. Default 1 MiB.
    ///
    /// `limits.message.1` When a message is larger, the driver closes the session with 1009.
    #[must_use]
    pub fn max_message_size(&self) -> usize {
        self.max_message_size
    }

    /// The size limit of one frame of the peer, in bytes. Default 1 MiB, or `max_message_size` when
    /// that is smaller.
    ///
    /// `limits.frame.1` When a frame is larger, the driver closes the session with 1009 as soon as
    /// it has read the header.
    #[must_use]
    pub fn max_frame_size(&self) -> usize {
        self.max_frame_size
    }

    /// The limit of frames in one message. Default 16 384.
    ///
    /// `limits.fragments.1` When a message has more, the driver closes the session with 1008.
    #[must_use]
    pub fn max_fragments(&self) -> usize {
        self.max_fragments
    }

    /// The size of the read buffer, in bytes, plus room for one frame header. Default 64 KiB, from
    /// 512 bytes to 16 MiB.
    ///
    /// All sessions of a thread share one buffer. A session keeps only the bytes that a read left
    /// over. The driver reads the rest of a larger payload directly into its message.
    #[must_use]
    pub fn read_buffer_size(&self) -> usize {
        self.read_buffer_size
    }

    /// How many bytes of messages may wait for the handler before the driver stops reading. Default
    /// 64 KiB.
    ///
    /// `session.backpressure.1` The session holds at most one message more than this.
    #[must_use]
    pub fn inbound_buffer_size(&self) -> usize {
        self.inbound_buffer_size
    }

    /// How many messages may wait for the handler before the driver stops reading. Default 256.
    #[must_use]
    pub fn inbound_messages(&self) -> usize {
        self.inbound_messages
    }

    /// The high-water mark of unwritten messages, in bytes. Default 256 KiB.
    ///
    /// `session.backpressure.2` While more than this is unwritten, `send` waits.
    #[must_use]
    pub fn outbound_buffer_size(&self) -> usize {
        self.outbound_buffer_size
    }

    /// The high-water mark of unwritten messages, in messages. Default 1 024.
    #[must_use]
    pub fn outbound_messages(&self) -> usize {
        self.outbound_messages
    }

    /// What the session does when its peer does not read fast enough. Default: `send` waits, and
    /// the driver closes the session with 1008 when the peer takes too little for 60 s
    /// ([`SlowConsumerPolicy::Close`]).
    #[must_use]
    pub fn slow_consumer(&self) -> SlowConsumerPolicy {
        self.slow_consumer
    }

    /// How many messages a peer may send per second, and in one burst after a quiet second.
    /// Default: no limit.
    ///
    /// `limits.rate.1` When a peer sends more, its messages wait, or the driver closes the session,
    /// as the [policy](RatePolicy) says.
    #[must_use]
    pub fn max_messages_per_second(&self) -> Option<usize> {
        self.max_messages_per_second
    }

    /// How many bytes a peer may send per second, and in one burst after a quiet second. All bytes
    /// count, frame headers and control frames too. Default: no limit.
    ///
    /// A message larger than this takes several seconds. The driver counts bytes once per read. So
    /// one read more may come in a burst, which is 256 KiB of a large message, and waiting makes up
    /// for it.
    ///
    /// `limits.rate.2` When a peer sends more, its bytes wait, or the driver closes the session, as
    /// the [policy](RatePolicy) says.
    #[must_use]
    pub fn max_bytes_per_second(&self) -> Option<usize> {
        self.max_bytes_per_second
    }

    /// What the driver does when a peer exceeds a rate. Default: the excess waits.
    #[must_use]
    pub fn rate_policy(&self) -> RatePolicy {
        self.rate_policy
    }

    /// How many pings a peer may send per second, and in one burst after a quiet second. Default:
    /// no limit, because a ping costs no more than a small message and no queue of answers grows.
    ///
    /// `limits.rate.3` When a peer sends more, the driver closes the session with 1008. It answers
    /// the pings before that.
    #[must_use]
    pub fn max_pings_per_second(&self) -> Option<usize> {
        self.max_pings_per_second
    }

    /// The time between the driver's keepalive pings; `None` for no pings. Default 30 s.
    ///
    /// - `session.keepalive.1` The driver sends one ping per interval. It sends the first one after
    ///   half an interval to a whole one, so that sessions that were opened together are not pinged
    ///   together.
    /// - `session.keepalive.2` The driver adds no ping to blocked output, and sends none after a
    ///   Close.
    /// - `session.keepalive.3` The handler sees neither these pings nor their pongs. With control
    ///   frames, it sees its own.
    #[must_use]
    pub fn ping_interval(&self) -> Option<Duration> {
        self.ping_interval
    }

    /// How long a peer may be silent after a ping. Default 20 s.
    ///
    /// - `session.keepalive.4` When a peer is silent for longer, the driver gives it up: it tells
    ///   the handler at once ([`ErrorKind::Timeout`](crate::ErrorKind::Timeout)), tries Close 1011,
    ///   in case only the peer's WebSocket is blocked, and drops TCP at the closing deadline.
    /// - `session.keepalive.5` A peer is not silent when it sent the pong, any other whole frame,
    ///   or 1 KiB of one, or when it reads blocked output. A few bytes of a frame count as silence.
    /// - `session.keepalive.6` While the session does not read, because the handler's queue is full
    ///   or the rate is limited, the driver must not count silence against a peer that takes
    ///   output. It gives up a peer that takes nothing. While output is blocked, the driver sends
    ///   no ping, and counts the bytes that the peer takes as a sign of life.
    /// - `session.keepalive.8` When this process was suspended, the time starts again.
    /// - `session.keepalive.9` When the peer has closed TCP while the session does not read, and
    ///   the handler takes no message between a ping and its timeout, the driver gives the peer up
    ///   without reading the rest.
    #[must_use]
    pub fn pong_timeout(&self) -> Duration {
        self.pong_timeout
    }

    /// How long a session may have no message in either direction; `None` for no limit. Default
    /// none.
    ///
    /// - `session.idle.1` The driver closes an idle session with 1001 after this time to a quarter
    ///   more. Pings and pongs are not messages.
    /// - `session.idle.2` The time does not run while the session does not read, because the
    ///   handler's queue is full or the rate is limited, unless output is blocked, too.
    #[must_use]
    pub fn idle_timeout(&self) -> Option<Duration> {
        self.idle_timeout
    }

    /// The maximum age of a session; `None` for no limit. Default none.
    ///
    /// `session.age.1` The driver closes an older session with 1001, busy or not.
    #[must_use]
    pub fn max_session_age(&self) -> Option<Duration> {
        self.max_session_age
    }

    /// The timeout of each of three steps: the decision about a handshake with its interceptors,
    /// telling the interceptors the outcome, and switching the connection. Default 10 s.
    ///
    /// `handshake.timeout.1` When the decision takes longer, the server answers with 503.
    ///
    /// A client gives up when the server has not answered the opening handshake within this time.
    /// The time begins when the client sends its first request. It is one for all redirects that
    /// the client follows, and includes connecting to the servers that they name (`client.timeout.2`).
    #[must_use]
    pub fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }

    /// How long the closing handshake may take, from the call of `close`. Default 5 s. After it,
    /// the peer has the same time again to close TCP.
    ///
    /// `session.close.6` When the time has passed, the driver drops the connection.
    #[must_use]
    pub fn closing_deadline(&self) -> Duration {
        self.closing_deadline
    }

    /// How long a message may take from its first byte to its last. Default 120 s.
    ///
    /// `limits.message.2` When a message is not whole by then, the driver closes the session with
    /// 1008. The time starts again when the session itself did not read, because the handler's
    /// queue was full or the rate was limited.
    #[must_use]
    pub fn message_timeout(&self) -> Duration {
        self.message_timeout
    }

    /// How long a handler may take at shutdown to answer the last message that it took. Default 5
    /// s; zero is allowed.
    ///
    /// The time runs from the start of the shutdown, or from when the handler took the message if
    /// that is later. The deadline of the shutdown ends it. See rule `session.shutdown.3` of
    /// [`WebSocketSession`](crate::WebSocketSession). A handler that took one message and then only
    /// sends has not come back to `receive`, so it has all of this time.
    #[must_use]
    pub fn answer_grace(&self) -> Duration {
        self.answer_grace
    }

    /// How long a handler may take after the peer's Close to answer the messages that it took.
    /// Default zero.
    ///
    /// [RFC 6455 section 5.5.1](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1) lets an
    /// endpoint delay its Close until the message that it is sending is whole. A peer may have
    /// stopped listening, and waits. See rule `session.serve.2` of
    /// [`WebSocketSession`](crate::WebSocketSession).
    #[must_use]
    pub fn answer_grace_after_close(&self) -> Duration {
        self.answer_grace_after_close
    }

    /// How long a handler may run after its connection is gone; zero is allowed. Default 30 s. The
    /// driver drops its future then.
    #[must_use]
    pub fn handler_grace(&self) -> Duration {
        self.handler_grace
    }

    /// Whether the handler also receives pings and pongs of the peer. Default no. The driver
    /// answers pings in both cases, and a loop that echoes what it receives stays correct.
    #[must_use]
    pub fn control_frames(&self) -> bool {
        self.control_frames
    }

    /// How many sessions the endpoint may have at a time. Default: no limit.
    ///
    /// - `limits.sessions.1` When there are as many, the server answers one more valid handshake
    ///   with 503.
    /// - `limits.sessions.3` A permit is free again when its session has ended, handler included,
    ///   or its switch has failed.
    #[must_use]
    pub fn max_sessions(&self) -> Option<usize> {
        self.max_sessions
    }

    /// How many sessions the endpoint may have at a time from one address. Behind a trusted proxy,
    /// that is the client's own address. Default: no limit. IPv6 addresses count by their
    /// [prefix](Self::ipv6_prefix_length).
    ///
    /// `limits.sessions.2` When there are as many, the server answers one more handshake with 429.
    #[must_use]
    pub fn max_sessions_per_address(&self) -> Option<usize> {
        self.max_sessions_per_address
    }

    /// How many leading bits of an IPv6 address count for
    /// [`max_sessions_per_address`](Self::max_sessions_per_address), 1 to 128. Default 64, the size
    /// of a subnet: a host can have every address of its own ([RFC 4291 section
    /// 2.5.1](https://www.rfc-editor.org/rfc/rfc4291#section-2.5.1)). Networks often get 56 or 48.
    ///
    /// `limits.sessions.4` IPv6 addresses with the same prefix count as one. An IPv4 address in the
    /// form of IPv6 counts as the IPv4 address.
    #[must_use]
    pub fn ipv6_prefix_length(&self) -> u8 {
        self.ipv6_prefix_length
    }

    /// The size limit of a handshake's head, in bytes of its target and of the names and values of
    /// its headers. Default 16 KiB. A session keeps target and headers as long as it lives.
    ///
    /// `handshake.headers.1` When the target alone is larger, the server answers with 414. When
    /// target and headers together are larger, it answers with 431. It does so before it looks at
    /// any header.
    ///
    /// Servers have limits of their own for all requests. The lower limit acts first.
    #[must_use]
    pub fn max_request_head_size(&self) -> usize {
        self.max_request_head_size
    }
}
