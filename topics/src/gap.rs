//! What members are told when messages may be missing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

/// Messages of a topic may not have reached its members: an adapter's connection to its broker was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// How many messages are missing, if that is known.
    pub missed: Option<u64>,
}

impl Gap {
    /// A gap of so many messages, or of nobody knows how many.
    #[must_use]
    pub fn new(missed: impl Into<Option<u64>>) -> Self {
        Self {
            missed: missed.into(),
        }
    }
}

/// The gaps of one topic.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    told: Mutex<Told>,
    event: Event,
}

/// What was told of since the topic began.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    gaps: u64,
    /// Of those gaps, how many were of nobody knows how many messages.
    unknown: u64,
    /// The messages of the others.
    missed: u64,
}

impl Gaps {
    pub(super) fn tell(&self, gap: Gap) {
        let mut told = self.lock();
        told.gaps += 1;
        match gap
            .missed
            .and_then(|missed| told.missed.checked_add(missed))
        {
            Some(missed) => told.missed = missed,
            None => told.unknown += 1,
        }
        drop(told);
        self.event.notify(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one member has heard of the gaps.
#[derive(Debug)]
pub(super) struct Heard {
    gaps: Arc<Gaps>,
    told: Told,
}

impl Heard {
    /// All that was told so far.
    pub(super) fn new(gaps: Arc<Gaps>) -> Self {
        let told = *gaps.lock();
        Self { gaps, told }
    }

    /// Waits for the next gap, or takes all since the last one as one.
    pub(super) async fn next(&mut self) -> Gap {
        loop {
            let listener = self.gaps.event.listen(); // hears of all that comes after this
            let told = *self.gaps.lock();
            let before = std::mem::replace(&mut self.told, told);
            if told.gaps != before.gaps {
                let missed = told.missed - before.missed;
                return Gap::new((told.unknown == before.unknown).then_some(missed));
            }
            listener.await;
        }
    }
}
