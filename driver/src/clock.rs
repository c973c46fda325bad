//! The clock of the driver.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Instant,
};

use switchwire_core::spi::Clock;
use tokio::{
    task::coop::unconstrained,
    time::{Sleep, sleep_until},
};

/// The clock of tokio's runtime. Tests may pause it.
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
        // Polled outside tokio's budget: with a budget, it would be polled again each time, because
        // it cannot say why it is pending.
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
