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
    /// A size is too large to work with.
    #[error("{name} is {value}, it must be at most {most}")]
    TooLarge {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        value: usize,
        /// The most that works.
        most: usize,
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
    /// No IPv6 address has a prefix of this length.
    #[error("ipv6_prefix_length is {0}, it must be 1 to 128")]
    NoPrefix(u8),
    /// A deadline would pass before anything could happen: timers count milliseconds.
    #[error("{0} is under a millisecond; nothing could meet it")]
    NoTime(&'static str),
    /// A time is longer than clocks can be set to.
    #[error("{0} is over ten years, the most that clocks are set to")]
    TooLong(&'static str),
}
