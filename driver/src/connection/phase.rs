//! The table of phases, from open to gone.

use std::time::Instant;

use switchwire_core::{CloseOutcome, CloseStatus, Error, spi::ReceiveEnd};

/// The phase of a live connection.
///
/// | phase | entered when | reads | writes | left when | deadline | outcome at the deadline |
/// |---|---|---|---|---|---|---|
/// | `Open` | the session opens | messages | messages, pings, pongs | the peer ends: `Draining`; the application asks for a close: `AwaitingClose`; the peer is silent: `Flushing` | the earliest timer of the session | none: each timer has its own effect |
/// | `Draining` | the peer sent Close, broke a rule or disconnected; or the application shuts down | nothing | the messages that the handler still sends, pongs | the handler owes no answer, or its grace is over: `Flushing` after the peer's end, `AwaitingClose` at shutdown | the grace for answers and the closing deadline | timed out; after a violation its error |
/// | `AwaitingClose` | our Close was sent first | until the peer's Close | nothing | the peer's Close or a violation is read: `Flushing` | the closing deadline | timed out |
/// | `Flushing` | the last frame is handed to the transport | nothing | nothing | everything is written: `HalfClosed` | the closing deadline of the phase before | timed out; after a violation or a silent peer its error |
/// | `HalfClosed` | everything is written and our half of TCP is closed | and discards | nothing | the peer has closed its half: gone | the closing deadline, started again | the outcome it has |
///
/// From every phase, a network failure or an abort leads to gone at once. Then only the handler is
/// left, until it returns or its grace is over.
#[derive(Debug)]
pub(super) enum Phase {
    Open,
    Draining(Box<Draining>),
    AwaitingClose(CloseStatus),
    Flushing(CloseOutcome),
    HalfClosed(CloseOutcome),
}

/// The handler answers the messages that it has taken, before the driver sends a Close.
#[derive(Debug)]
pub(super) struct Draining {
    pub(super) cause: Cause,
    /// How many messages the handler had not taken at the last check.
    pub(super) unread: usize,
    /// A handler that owes an answer may give it until this time.
    pub(super) answer_by: Instant,
    /// The driver drops the connection at this time.
    pub(super) ends_at: Instant,
}

/// Why a connection drains.
#[derive(Debug)]
pub(super) enum Cause {
    PeerEnded(ReceiveEnd),
    ShutDown,
}

impl Phase {
    /// The outcome of a connection that fails in this phase.
    pub(super) fn failed(self, error: Error) -> CloseOutcome {
        match self {
            Self::Draining(draining) => match draining.cause {
                Cause::PeerEnded(ReceiveEnd::Close(status)) => CloseOutcome::ByPeer(status),
                Cause::PeerEnded(ReceiveEnd::Failed(error)) => CloseOutcome::Abnormal(error),
                Cause::ShutDown => CloseOutcome::Abnormal(error),
            },
            // The peer's Close is known, although our answer did not reach it.
            Self::Flushing(outcome @ (CloseOutcome::ByPeer(_) | CloseOutcome::Abnormal(_)))
            | Self::HalfClosed(outcome) => outcome,
            Self::Open | Self::AwaitingClose(_) | Self::Flushing(_) => {
                CloseOutcome::Abnormal(error)
            }
        }
    }

    /// The outcome of a connection whose deadline passes in this phase.
    pub(super) fn timed_out(self) -> CloseOutcome {
        match self {
            Self::Draining(draining) => match draining.cause {
                Cause::PeerEnded(ReceiveEnd::Failed(error)) => CloseOutcome::Abnormal(error),
                Cause::PeerEnded(ReceiveEnd::Close(_)) | Cause::ShutDown => CloseOutcome::TimedOut,
            },
            Self::Flushing(outcome @ CloseOutcome::Abnormal(_)) | Self::HalfClosed(outcome) => {
                outcome
            }
            Self::Open | Self::AwaitingClose(_) | Self::Flushing(_) => CloseOutcome::TimedOut,
        }
    }
}
