use std::{
    pin::{Pin, pin},
    task::Context,
};

use tokio::{
    task::coop::unconstrained,
    time::{Instant, Sleep, sleep_until},
};

/// The one timer of a session: set anew only when it has to go off earlier, and polled only after it was set.
#[derive(Debug, Default)]
pub(super) struct Clock {
    sleep: Option<Pin<Box<Sleep>>>,
    registered: bool,
}

impl Clock {
    /// Goes off at this time, and not before.
    pub(super) fn set(&mut self, at: Instant) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.sleep = Some(Box::pin(sleep_until(at))),
        }
        self.registered = false;
    }

    /// Goes off at this time, or earlier if it is set so.
    pub(super) fn set_by(&mut self, at: Instant) {
        let is_early = |sleep: &Pin<Box<Sleep>>| sleep.is_elapsed() || sleep.deadline() <= at;
        if !self.sleep.as_ref().is_some_and(is_early) {
            self.set(at);
        }
    }

    /// Does not go off.
    pub(super) fn stop(&mut self) {
        self.sleep = None;
    }

    /// Whether it went off, and was neither set again nor stopped.
    pub(super) fn has_gone_off(&self) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed())
    }

    /// The task has another waker.
    pub(super) fn forget_waker(&mut self) {
        self.registered = false;
    }

    /// Sees to it that the task is woken; true when it went off already.
    pub(super) fn register(&mut self, cx: &mut Context<'_>) -> bool {
        if self.registered {
            return false;
        }
        let Some(sleep) = &mut self.sleep else {
            return false;
        };
        self.registered = true;
        // Without a budget it would be polled again each time, as it cannot say why it is pending.
        pin!(unconstrained(sleep.as_mut())).poll(cx).is_ready()
    }
}
