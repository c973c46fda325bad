use std::error::Error;

/// Why a [`Broadcast`](crate::Broadcast) did not take a message or a member.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// The broker that carries messages to other machines does not answer. Nothing was done.
    #[error("the broker is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
