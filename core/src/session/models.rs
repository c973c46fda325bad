//! Concurrent steps of session and driver, in every order: loom runs each model in all of them. A
//! lost wake-up is a deadlock, which loom reports. `scripts/loom` checks the models.

mod signals;
mod waits;

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use loom::sync::atomic::{AtomicUsize, Ordering};

/// A task that never runs, and counts how often it is woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Task {
    fn waker(self: &Arc<Self>) -> Waker {
        self.clone().into()
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
