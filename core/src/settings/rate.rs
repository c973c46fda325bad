/// What the driver does when a peer sends faster than
/// [`max_messages_per_second`](crate::WebSocketSettings::max_messages_per_second) and
/// [`max_bytes_per_second`](crate::WebSocketSettings::max_bytes_per_second) allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RatePolicy {
    /// The driver stops reading until more is allowed, which slows the peer down through TCP.
    ///
    /// `limits.rate.4` Nothing is lost.
    #[default]
    Wait,
    /// The driver closes the session with 1008.
    ///
    /// `limits.rate.5` The session receives the messages before that.
    Close,
}
