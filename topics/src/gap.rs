//! Gaps: they tell members that messages may be missing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

/// A gap in the messages of a topic: some may not have reached its members, because an adapter's
/// connection to its broker was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// How many messages are missing, if the number is known.
    pub missed: Option<u64>,
}

impl Gap {
    /// Makes a gap of this many messages, or of an unknown number.
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

/// The gaps that were reported since the topic began.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    gaps: u64,
    /// How many of those gaps had an unknown number of messages.
    unknown: u64,
    /// The messages of the other gaps.
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

/// The gaps that one member has learned of.
#[derive(Debug)]
pub(super) struct Heard {
    gaps: Arc<Gaps>,
    told: Told,
}

impl Heard {
    /// Begins with all gaps that were reported so far.
    pub(super) fn new(gaps: Arc<Gaps>) -> Self {
        let told = *gaps.lock();
        Self { gaps, told }
    }

    /// Waits for the next gap. Several gaps since the last one count as one.
    pub(super) async fn next(&mut self) -> Gap {
        loop {
            let listener = self.gaps.event.listen(); // from here on it misses no event
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
