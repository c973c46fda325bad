//! What goes into the state machine of a connection, and what comes out.

use switchwire_core::{
    CloseOutcome, CloseStatus, Error,
    spi::{OutgoingFrame, ReceiveEnd},
};

use super::{Condition, Reason};

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// Nothing more comes from the peer: it sent Close, broke a rule, left, or the network failed.
    PeerEnded(ReceiveEnd),
    /// The handler has run until it waits, or had nothing to run for.
    HandlerWaits(Waiting),
    /// The handler has returned.
    HandlerEnded,
    /// A close was asked for, and all that was sent before it was handed to the transport.
    CloseAsked(CloseStatus),
    /// All that was handed to the transport is written.
    Flushed,
    /// Output is blocked, and the session holds so many bytes, which is over its high-water mark. So many bytes that were
    /// written the peer's TCP has not acknowledged.
    OverMark { held: usize, unacknowledged: usize },
    /// The network failed.
    Failed(Error),
    /// Time has passed.
    Timer(Condition),
    /// The application shuts down.
    ShutDown,
    /// The application drops the session.
    Abort,
    /// The peer closed its half of TCP after both Close frames.
    PeerFinished,
}

/// What a handler that waits has left to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// It has just run.
    pub(crate) has_run: bool,
    /// Output is blocked, or not written yet: no answer could leave, and it may be waiting for room.
    pub(crate) is_blocked: bool,
    /// It took a message and has not come back to `receive`.
    pub(crate) owes: bool,
    /// So many messages it has not taken.
    pub(crate) unread: usize,
}

/// What the driver has to do, in this order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Hand this to the transport.
    Send(OutgoingFrame),
    /// Ask the session for a close. What it has accepted goes out before [`Event::CloseAsked`].
    AskForClose(CloseStatus),
    /// Write what can be written at once.
    TryFlush,
    /// The session is over like this; the first time counts.
    Finish(CloseOutcome),
    /// Say in logs and metrics why the driver ends the session.
    Report(Reason),
    /// Say in the log that the handler does not read.
    WarnNotReading,
    DropTransport,
    DropHandler,
}

/// Several actions; most often none.
pub(crate) type Actions = Vec<Action>;
