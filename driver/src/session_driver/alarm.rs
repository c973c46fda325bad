use std::{task::Context, time::Instant};

use switchwire_core::spi::Clock;

/// The one timer of a session. It sets the clock only when its time changes, and when the task has
/// another waker.
#[derive(Debug)]
pub(super) struct Alarm<C> {
    pub(super) clock: C,
    /// The time that it is set to.
    at: Option<Instant>,
    registered: bool,
}

impl<C: Clock> Alarm<C> {
    pub(super) fn new(clock: C) -> Self {
        Self {
            clock,
            at: None,
            registered: false,
        }
    }

    /// Notes that the task has another waker.
    pub(super) fn forget_waker(&mut self) {
        self.registered = false;
    }

    /// Makes the clock wake the task at this time. False when the time has come.
    #[inline]
    pub(super) fn set(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> bool {
        (self.at == at && self.registered) || self.set_anew(at, cx)
    }

    fn set_anew(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> bool {
        self.at = at;
        self.registered = true;
        match at {
            Some(at) => self.clock.poll_alarm(at, cx).is_pending(),
            None => {
                self.clock.cancel();
                true
            }
        }
    }

    /// Whether the time has come. True once.
    #[inline]
    pub(super) fn take_gone_off(&mut self) -> bool {
        let has_gone_off = self.at.is_some() && self.clock.has_gone_off();
        if has_gone_off {
            self.at = None;
        }
        has_gone_off
    }
}
