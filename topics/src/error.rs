use std::error::Error;

/// Why a [`Broadcast`](crate::Broadcast) did not accept a message or a member.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// The broker between machines does not answer. Nothing was done.
    #[error("the broker is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
