use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Wake, Waker},
};

use super::sync::{AtomicU8, Mutex};

/// The driver is being polled. It looks at the signals again before it sleeps, so nothing needs to
/// wake it.
const ACTIVE: u8 = 1;
/// The handler can continue.
const HANDLER: u8 = 2;
/// The session was used: there is a message to send, room to read, or a close.
const SESSION: u8 = 4;
/// The registry gave a command.
const COMMAND: u8 = 8;

/// Wakes the driver and tells it why. It does not wake the task from inside the task's own poll.
#[derive(Debug, Default)]
pub(super) struct Signals {
    raised: AtomicU8,
    driver: Mutex<Option<Waker>>,
}

impl Signals {
    /// Begins a poll of the driver. True when its waker differs from the last one.
    pub(super) fn begin_poll(&self, waker: &Waker) -> bool {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !driver.as_ref().is_some_and(|known| known.will_wake(waker));
        let old = if is_new {
            driver.replace(waker.clone())
        } else {
            None
        };
        drop(driver);
        drop(old);
        self.raised.fetch_or(ACTIVE, Ordering::AcqRel);
        is_new
    }

    /// Ends a poll of the driver. False when there was a signal meanwhile, and the driver has to
    /// look again.
    pub(super) fn end_poll(&self) -> bool {
        self.raised
            .compare_exchange(ACTIVE, 0, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Takes the signal that the session was used. The driver looks at the details after that,
    /// under the session's lock.
    pub(super) fn take_session(&self) -> bool {
        self.raised.fetch_and(!SESSION, Ordering::AcqRel) & SESSION != 0
    }

    /// Takes the signal that the handler can continue.
    pub(super) fn take_handler(&self) -> bool {
        self.raised.fetch_and(!HANDLER, Ordering::AcqRel) & HANDLER != 0
    }

    /// Takes the signal that a command was given. The driver checks it often, so it writes only
    /// when there is one.
    pub(super) fn take_command(&self) -> bool {
        self.raised.load(Ordering::Acquire) & COMMAND != 0
            && self.raised.fetch_and(!COMMAND, Ordering::AcqRel) & COMMAND != 0
    }

    /// Signals that a command was given.
    pub(super) fn command(&self) {
        self.raise(COMMAND);
    }

    /// Signals that the session was used. It is called after the change under the session's lock.
    pub(super) fn session(&self) {
        // The driver takes the signal and then the lock. If the signal is still set here, the
        // driver has yet to look.
        if self.raised.load(Ordering::Acquire) & SESSION == 0 {
            self.raise(SESSION);
        }
    }

    fn raise(&self, signal: u8) {
        if self.raised.fetch_or(signal, Ordering::AcqRel) == 0 {
            let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
            let waker = driver.clone();
            drop(driver);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// The handler's waker.
impl Wake for Signals {
    fn wake(self: Arc<Self>) {
        self.raise(HANDLER);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.raise(HANDLER);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_signal_wakes_a_sleeping_driver_once_and_a_running_one_never() {
        let signals = Arc::new(Signals::default());
        let count = Arc::new(Count::default());
        let woken = || count.0.load(Ordering::Relaxed);

        signals.begin_poll(&count.clone().into());
        signals.session();
        assert!(!signals.end_poll(), "a signal came during the poll");
        assert!(signals.take_session());
        assert!(signals.end_poll());
        assert_eq!(woken(), 0);

        Waker::from(signals.clone()).wake();
        signals.session();
        assert_eq!(woken(), 1);
        assert!(signals.take_handler());
    }
}
