//! What session and driver do at the same time, in every order: loom runs each model in all of them. A wake-up that is
//! lost is a deadlock, which loom reports. Checked by `scripts/loom`.

mod signals;
mod waits;

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use loom::sync::atomic::{AtomicUsize, Ordering};

/// A task that is never run, and counts how often it would have been.
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
