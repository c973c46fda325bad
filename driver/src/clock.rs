//! What the driver tells the time by.

use std::{
    fmt,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Instant,
};

use tokio::{
    task::coop::unconstrained,
    time::{Sleep, sleep_until},
};

/// Tells the time, and wakes the driver's task when a time has come. A session has one clock, with one alarm.
///
/// [`TokioClock`] is the default. Another one is for a driver that runs without tokio, and for tests.
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

/// The clock of tokio's runtime, which tests may stop.
#[derive(Debug, Default)]
pub struct TokioClock {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock for TokioClock {
    #[inline]
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn poll_alarm(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let at = at.into();
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                if sleep.deadline() != at {
                    sleep.as_mut().reset(at);
                }
                sleep
            }
            None => self.sleep.insert(Box::pin(sleep_until(at))),
        };
        // Without a budget it would be polled again each time, as it cannot say why it is pending.
        pin!(unconstrained(sleep.as_mut())).poll(cx)
    }

    #[inline]
    fn has_gone_off(&self) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed())
    }

    fn cancel(&mut self) {
        self.sleep = None;
    }
}
