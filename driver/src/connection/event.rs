//! The inputs of a connection's state machine, and its outputs.

use switchwire_core::{
    CloseOutcome, CloseStatus, Error,
    spi::{OutgoingFrame, ReceiveEnd},
};

use super::{Condition, Reason};

/// An event.
#[derive(Debug)]
pub(crate) enum Event {
    /// Nothing more arrives from the peer: it sent Close, broke a rule or disconnected, or the
    /// network failed.
    PeerEnded(ReceiveEnd),
    /// The handler has run until it waits, or had no reason to run.
    HandlerWaits(Waiting),
    /// The handler has returned.
    HandlerEnded,
    /// The application asked for a close, and the transport has all messages before it.
    CloseAsked(CloseStatus),
    /// The transport has written everything.
    Flushed,
    /// Output is blocked, and the session holds `held` bytes, which exceeds its high-water mark.
    /// The peer's TCP has not acknowledged `unacknowledged` written bytes.
    OverMark { held: usize, unacknowledged: usize },
    /// The network failed.
    Failed(Error),
    /// A timer is due.
    Timer(Condition),
    /// The application shuts down.
    ShutDown,
    /// The application drops the session.
    Abort,
    /// The peer closed its half of TCP after both Close frames.
    PeerFinished,
}

/// The remaining work of a handler that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// It has just run.
    pub(crate) has_run: bool,
    /// Output is blocked, or not written yet. No answer could be sent, and the handler may be
    /// waiting for room.
    pub(crate) is_blocked: bool,
    /// The handler took a message and has not come back to `receive`.
    pub(crate) owes: bool,
    /// How many messages the handler has not taken.
    pub(crate) unread: usize,
}

/// An action for the driver. The driver performs actions in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Hand this frame to the transport.
    Send(OutgoingFrame),
    /// Ask the session for a close. The driver sends its accepted messages before
    /// [`Event::CloseAsked`].
    AskForClose(CloseStatus),
    /// Write the bytes that can be written at once.
    TryFlush,
    /// The session ends with this outcome. The first outcome counts.
    Finish(CloseOutcome),
    /// Report in logs and metrics why the driver ends the session.
    Report(Reason),
    /// Log a warning that the handler does not read.
    WarnNotReading,
    DropTransport,
    DropHandler,
}

/// Several actions. Usually there are none.
pub(crate) type Actions = Vec<Action>;
