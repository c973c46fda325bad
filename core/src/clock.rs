//! What tells the time and wakes a task, whichever runtime there is.

use std::{
    fmt,
    task::{Context, Poll},
    time::Instant,
};

/// Tells the time, and wakes the driver's task when a time has come. A session has one clock, with one alarm.
///
/// `TokioClock` of `switchwire-driver` is the default. Another one is for what runs without tokio, and for tests.
pub trait Clock: fmt::Debug {
    /// The time.
    fn now(&self) -> Instant;

    /// Sets the alarm to `at`, in place of the time it was set to before, and wakes the task of `cx` then. Ready when that
    /// time has come.
    ///
    /// The driver calls it when the time changes and when its task has another waker, not in each poll.
    fn poll_alarm(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()>;

    /// Whether the time that the alarm was set to has come. The driver asks often, so it should cost next to nothing.
    fn has_gone_off(&self) -> bool;

    /// Unsets the alarm.
    fn cancel(&mut self);
}
