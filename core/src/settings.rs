//! The settings of an endpoint, the same on every server.

mod builder;
mod error;
mod slow;

use std::time::Duration;

pub use self::{
    builder::WebSocketSettingsBuilder, error::InvalidSettings, slow::SlowConsumerPolicy,
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
    handshake_timeout: Duration,
    closing_deadline: Duration,
    handler_grace: Duration,
    control_frames: bool,
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
            slow_consumer: SlowConsumerPolicy::Wait,
            handshake_timeout: Duration::from_secs(10),
            closing_deadline: Duration::from_secs(5),
            handler_grace: Duration::from_secs(30),
            control_frames: false,
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

    /// The most bytes one read takes from the socket. Default 64 KiB. The buffer is shared by all
    /// sessions of a thread; a session keeps only what a read left over.
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

    /// What becomes of messages for a peer that does not read them fast enough. Default: `send` waits.
    #[must_use]
    pub fn slow_consumer(&self) -> SlowConsumerPolicy {
        self.slow_consumer
    }

    /// How long deciding a handshake may take, interceptors included, and then switching the connection. Default 10 s.
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

    /// How long a handler may go on after its connection is gone. Default 30 s.
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
}
