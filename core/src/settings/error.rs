/// Why settings are invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// A size is too small.
    #[error("{name} is {value}, it must be at least {least}")]
    TooSmall {
        /// The setting.
        name: &'static str,
        /// The given value.
        value: usize,
        /// The smallest valid value.
        least: usize,
    },
    /// A size is too large.
    #[error("{name} is {value}, it must be at most {most}")]
    TooLarge {
        /// The setting.
        name: &'static str,
        /// The given value.
        value: usize,
        /// The largest valid value.
        most: usize,
    },
    /// The frame limit exceeds the message limit, so that no frame of that size could be part of a
    /// valid message.
    #[error(
        "max_frame_size {frame} is over max_message_size {message}; raise the one or lower the other"
    )]
    FrameOverMessage {
        /// The frame limit.
        frame: usize,
        /// The message limit.
        message: usize,
    },
    /// The server does not support this setting.
    #[error("{server} cannot honour {name}; leave it at its default")]
    Unsupported {
        /// The setting.
        name: &'static str,
        /// The server.
        server: &'static str,
    },
    /// No IPv6 address has a prefix of this length.
    #[error("ipv6_prefix_length is {0}, it must be 1 to 128")]
    NoPrefix(u8),
    /// A timeout is zero or shorter than a millisecond. The timers count milliseconds.
    #[error("{0} is under a millisecond; nothing could meet it")]
    NoTime(&'static str),
    /// The name of a subprotocol is not a token.
    #[error("the subprotocol {0:?} is not a token: letters, digits and some of the punctuation")]
    Subprotocol(&'static str),
    /// A time is longer than a clock can be set to.
    #[error("{0} is over ten years, the most that clocks are set to")]
    TooLong(&'static str),
}
