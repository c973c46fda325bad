//! The clock of a session: it tells the time and wakes a task, on any runtime.

use std::{
    fmt,
    task::{Context, Poll},
    time::Instant,
};

/// Tells the time, and wakes the driver's task at a given time. A session has one clock, with one
/// alarm.
///
/// `TokioClock` of `switchwire-driver` is the default. Write another one for a runtime other than
/// tokio, and for tests.
pub trait Clock: fmt::Debug {
    /// The time.
    fn now(&self) -> Instant;

    /// Sets the alarm to `at`, in place of its previous time, and wakes the task of `cx` then.
    /// Ready when that time has come.
    ///
    /// The driver calls it when the time changes, and when its task has another waker. The driver
    /// does not call it in each poll.
    fn poll_alarm(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()>;

    /// Whether the time of the alarm has come. The driver calls it often, so it must be cheap.
    fn has_gone_off(&self) -> bool;

    /// Unsets the alarm.
    fn cancel(&mut self);
}
