use std::{
    pin::{Pin, pin},
    task::Context,
    time::Instant,
};

use tokio::{
    task::coop::unconstrained,
    time::{Sleep, sleep_until},
};

/// The one timer of a session, set anew only when its time changes, and polled only after it was set.
#[derive(Debug, Default)]
pub(super) struct Clock {
    sleep: Option<Pin<Box<Sleep>>>,
    /// What it is set to.
    at: Option<Instant>,
    registered: bool,
}

impl Clock {
    /// The task has another waker.
    pub(super) fn forget_waker(&mut self) {
        self.registered = false;
    }

    /// Sees to it that the task is woken at this time; false when it has come.
    #[inline]
    pub(super) fn sleep_until(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> bool {
        (self.at == at && self.registered) || self.set(at, cx)
    }

    fn set(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let has_changed = self.at != at;
        self.at = at;
        self.registered = true;
        let Some(at) = at else {
            self.sleep = None;
            return true;
        };
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                if has_changed {
                    sleep.as_mut().reset(at.into());
                }
                sleep
            }
            None => self.sleep.insert(Box::pin(sleep_until(at.into()))),
        };
        // Without a budget it would be polled again each time, as it cannot say why it is pending.
        pin!(unconstrained(sleep.as_mut())).poll(cx).is_pending()
    }

    /// Whether its time has come. Said once.
    #[inline]
    pub(super) fn take_gone_off(&mut self) -> bool {
        let has_gone_off =
            self.at.is_some() && self.sleep.as_ref().is_some_and(|it| it.is_elapsed());
        if has_gone_off {
            self.at = None;
        }
        has_gone_off
    }
}
