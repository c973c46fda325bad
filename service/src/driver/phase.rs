use switchwire_core::{CloseOutcome, CloseStatus, InboxEnd};

/// How far the connection is from open to gone.
#[derive(Debug)]
pub(super) enum Phase {
    /// Messages go both ways.
    Open,
    /// The peer sent a Close, broke the rules or left: the answer goes out once the handler has got no further with
    /// the messages before it. The number is of those that it had not received yet.
    Ending(InboxEnd, usize),
    /// The application shuts down: our Close goes out once the handler has got no further with the messages that it had
    /// not received yet.
    Leaving(usize),
    /// Our Close is on its way; the peer's is awaited.
    AwaitingClose(CloseStatus),
    /// All is said; it has to be written.
    Flushing(CloseOutcome),
    /// All is written: our half of TCP is closed, the peer's is awaited.
    ShuttingDown,
    /// The connection is gone.
    Gone,
}

impl Phase {
    /// How a connection ends that is dropped in this phase, if the peer has settled that.
    pub(super) fn outcome(self) -> Option<CloseOutcome> {
        match self {
            Self::Ending(InboxEnd::Close(status), _) => Some(CloseOutcome::ByPeer(status)),
            Self::Ending(InboxEnd::Failed(error), _) => Some(CloseOutcome::Abnormal(error)),
            Self::Flushing(outcome) => Some(outcome),
            Self::Open
            | Self::Leaving(_)
            | Self::AwaitingClose(_)
            | Self::ShuttingDown
            | Self::Gone => None,
        }
    }
}
