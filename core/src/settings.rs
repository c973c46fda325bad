//! The settings of an endpoint, the same on every server.

use std::time::Duration;

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
    handshake_timeout: Duration,
    closing_deadline: Duration,
    handler_grace: Duration,
    control_frames: bool,
    max_sessions: Option<usize>,
    max_sessions_per_address: Option<usize>,
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
            handshake_timeout: Duration::from_secs(10),
            closing_deadline: Duration::from_secs(5),
            handler_grace: Duration::from_secs(30),
            control_frames: false,
            max_sessions: None,
            max_sessions_per_address: None,
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

    /// How many sessions the endpoint may have at a time. Default: any number.
    ///
    /// - `limits.sessions.1` A handshake for one more is answered with 503, once it is found to be right otherwise.
    /// - `limits.sessions.3` A place is free again when its session has ended, handler included, or its switch failed.
    #[must_use]
    pub fn max_sessions(&self) -> Option<usize> {
        self.max_sessions
    }

    /// How many sessions the endpoint may have at a time from one address, which is the client's own behind
    /// a trusted proxy. Default: any number.
    ///
    /// `limits.sessions.2` A handshake for one more is answered with 429.
    #[must_use]
    pub fn max_sessions_per_address(&self) -> Option<usize> {
        self.max_sessions_per_address
    }
}

/// Collects settings; see the methods of [`WebSocketSettings`] for their meaning and defaults.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is set until `build`"]
pub struct WebSocketSettingsBuilder {
    settings: WebSocketSettings,
}

macro_rules! with {
    ($($with:ident, $field:ident: $type:ty;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](WebSocketSettings::", stringify!($field), ").")]
        pub fn $with(mut self, $field: $type) -> Self {
            self.settings.$field = $field;
            self
        }
    )*};
}

impl WebSocketSettingsBuilder {
    with! {
        with_max_message_size, max_message_size: usize;
        with_max_frame_size, max_frame_size: usize;
        with_max_fragments, max_fragments: usize;
        with_read_buffer_size, read_buffer_size: usize;
        with_inbound_buffer_size, inbound_buffer_size: usize;
        with_inbound_messages, inbound_messages: usize;
        with_outbound_buffer_size, outbound_buffer_size: usize;
        with_outbound_messages, outbound_messages: usize;
        with_handshake_timeout, handshake_timeout: Duration;
        with_closing_deadline, closing_deadline: Duration;
        with_handler_grace, handler_grace: Duration;
        with_control_frames, control_frames: bool;
        with_max_sessions, max_sessions: Option<usize>;
        with_max_sessions_per_address, max_sessions_per_address: Option<usize>;
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`InvalidSettings`] names the first setting that cannot be honoured.
    pub fn build(self) -> Result<WebSocketSettings, InvalidSettings> {
        let settings = self.settings;
        let sizes = [
            ("max_message_size", settings.max_message_size, 1),
            ("max_frame_size", settings.max_frame_size, 1),
            ("max_fragments", settings.max_fragments, 1),
            ("read_buffer_size", settings.read_buffer_size, 512),
            ("inbound_buffer_size", settings.inbound_buffer_size, 1),
            ("inbound_messages", settings.inbound_messages, 1),
            ("outbound_buffer_size", settings.outbound_buffer_size, 1),
            ("outbound_messages", settings.outbound_messages, 1),
        ];
        for (name, value, least) in sizes {
            if value < least {
                return Err(InvalidSettings::TooSmall { name, value, least });
            }
            if value > isize::MAX as usize {
                return Err(InvalidSettings::TooLarge { name, value });
            }
        }
        let numbers = [
            ("max_sessions", settings.max_sessions),
            (
                "max_sessions_per_address",
                settings.max_sessions_per_address,
            ),
        ];
        for (name, most) in numbers {
            if most == Some(0) {
                let (value, least) = (0, 1);
                return Err(InvalidSettings::TooSmall { name, value, least });
            }
        }
        if settings.max_frame_size > settings.max_message_size {
            return Err(InvalidSettings::FrameOverMessage {
                frame: settings.max_frame_size,
                message: settings.max_message_size,
            });
        }
        let times = [
            ("handshake_timeout", settings.handshake_timeout),
            ("closing_deadline", settings.closing_deadline),
        ];
        for (name, time) in times {
            if time.is_zero() {
                return Err(InvalidSettings::NoTime(name));
            }
        }
        Ok(settings)
    }
}

/// A setting that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// A size is too small to work with.
    #[error("{name} is {value}, it must be at least {least}")]
    TooSmall {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        value: usize,
        /// The least that works.
        least: usize,
    },
    /// A size is more than any allocation can have.
    #[error("{name} is {value}, more than an allocation can have")]
    TooLarge {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        value: usize,
    },
    /// No frame of the allowed size could be part of an allowed message.
    #[error(
        "max_frame_size {frame} is over max_message_size {message}; raise the one or lower the other"
    )]
    FrameOverMessage {
        /// The frame limit.
        frame: usize,
        /// The message limit.
        message: usize,
    },
    /// The server has no way to do this.
    #[error("{server} cannot honour {name}; leave it at its default")]
    Unsupported {
        /// The setting.
        name: &'static str,
        /// The server.
        server: &'static str,
    },
    /// A deadline of zero would pass before anything could happen.
    #[error("{0} is zero; nothing could meet it")]
    NoTime(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(
            WebSocketSettings::builder().build(),
            Ok(WebSocketSettings::default())
        );
    }

    #[test]
    fn an_error_names_the_setting() {
        let error = WebSocketSettings::builder()
            .with_read_buffer_size(10)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("read_buffer_size"), "{error}");
        let error = WebSocketSettings::builder()
            .with_max_message_size(100)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("max_frame_size"), "{error}");
    }
}
