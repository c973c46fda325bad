//! The table of phases: how far a connection is from open to gone.

use std::time::Instant;

use switchwire_core::{CloseOutcome, CloseStatus, Error, spi::ReceiveEnd};

/// How far a live connection is.
///
/// | phase | entered when | reads | writes | left when | deadline | outcome at the deadline |
/// |---|---|---|---|---|---|---|
/// | `Open` | the session opens | messages | messages, pings, pongs | the peer ends: `Draining`; a close is asked for: `AwaitingClose`; the peer is silent: `Flushing` | the earliest timer of the session | none: each timer says what it does |
/// | `Draining` | the peer sent Close, broke a rule or left; or the application shuts down | nothing | what the handler still sends, pongs | the handler owes no answer, or its grace is over: `Flushing` after the peer's end, `AwaitingClose` at shutdown | the grace for answers and the closing deadline | timed out; after a violation its error |
/// | `AwaitingClose` | our Close was sent first | until the peer's Close | nothing | the peer's Close or a violation is read: `Flushing` | the closing deadline | timed out |
/// | `Flushing` | all is said | nothing | nothing | all is written: `HalfClosed` | the closing deadline of the phase before | timed out; after a violation or a silent peer its error |
/// | `HalfClosed` | all is written and our half of TCP is closed | and discards | nothing | the peer has closed its half: gone | the closing deadline anew | the outcome it has |
///
/// Whatever the phase, a failure of the network and an abort lead to gone at once. Then only the
/// handler is left, until it ends or its grace is over.
#[derive(Debug)]
pub(super) enum Phase {
    Open,
    Draining(Box<Draining>),
    AwaitingClose(CloseStatus),
    Flushing(CloseOutcome),
    HalfClosed(CloseOutcome),
}

/// The handler answers what it has taken, before a Close is sent.
#[derive(Debug)]
pub(super) struct Draining {
    pub(super) cause: Cause,
    /// How many messages the handler had not taken when it was last looked at.
    pub(super) unread: usize,
    /// A handler that owes an answer may give it until then.
    pub(super) answer_by: Instant,
    /// The connection is dropped then.
    pub(super) ends_at: Instant,
}

/// Why a connection drains.
#[derive(Debug)]
pub(super) enum Cause {
    PeerEnded(ReceiveEnd),
    ShutDown,
}

impl Phase {
    /// How a connection ends that fails in this phase.
    pub(super) fn failed(self, error: Error) -> CloseOutcome {
        match self {
            Self::Draining(draining) => match draining.cause {
                Cause::PeerEnded(ReceiveEnd::Close(status)) => CloseOutcome::ByPeer(status),
                Cause::PeerEnded(ReceiveEnd::Failed(error)) => CloseOutcome::Abnormal(error),
                Cause::ShutDown => CloseOutcome::Abnormal(error),
            },
            // What the peer asked for is known, though our answer did not reach it.
            Self::Flushing(outcome @ (CloseOutcome::ByPeer(_) | CloseOutcome::Abnormal(_)))
            | Self::HalfClosed(outcome) => outcome,
            Self::Open | Self::AwaitingClose(_) | Self::Flushing(_) => {
                CloseOutcome::Abnormal(error)
            }
        }
    }

    /// How a connection ends whose time is up in this phase.
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
