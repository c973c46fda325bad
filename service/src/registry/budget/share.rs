use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{CLOSED, Held, STEP, Shared};

/// A session's share of what its registry may hold. Its driver tells how much that is; dropping it gives all back.
pub(crate) struct Share {
    registry: Arc<Shared>,
    held: Arc<Held>,
    /// What was told last; less than a step is nothing.
    told: usize,
    /// How much has left since progress was noted.
    moved: usize,
    is_closed: bool,
}

impl Share {
    pub(in crate::registry) fn new(registry: Arc<Shared>, held: Arc<Held>) -> Self {
        Self {
            registry,
            held,
            told: 0,
            moved: 0,
            is_closed: false,
        }
    }

    /// Whether something was told, so that the driver has to reckon again although it holds little now.
    #[inline]
    pub(crate) fn holds(&self) -> bool {
        self.told > 0
    }

    /// Tells at the end of a poll of the driver that the session holds `held` bytes, and that `moved` bytes of what it
    /// held have left since the last call, to the peer or to the handler. True once: when the registry has closed the
    /// session for what all hold.
    ///
    /// A session that holds little pays for a comparison, and neither for the clock nor for what is shared with others.
    #[inline]
    pub(crate) fn report(
        &mut self,
        held: usize,
        moved: usize,
        now: impl FnOnce() -> Instant,
    ) -> bool {
        if self.told == 0 && held < STEP {
            return false;
        }
        self.report_much(held, moved, now)
    }

    fn report_much(&mut self, held: usize, moved: usize, now: impl FnOnce() -> Instant) -> bool {
        if self.is_closed {
            return false;
        }
        let budget = &self.registry.budget;
        let begins = self.told == 0;
        self.moved = self.moved.saturating_add(moved);
        if begins || self.moved >= STEP {
            self.moved = 0;
            let progress = budget.since_it_began(now());
            self.held.progress.store(progress, Ordering::Relaxed);
        }
        let held = if held < STEP { 0 } else { held };
        if held == 0 || held.abs_diff(self.told) >= STEP {
            if budget.replace(&self.held, self.told, held) {
                self.told = held;
            }
            if budget.is_exceeded() {
                self.registry.shed();
            }
        }
        self.is_closed = self.held.bytes.load(Ordering::Relaxed) == CLOSED;
        if self.is_closed {
            self.told = 0;
        }
        self.is_closed
    }
}

#[cfg(test)]
impl Share {
    /// From when progress is counted.
    pub(super) fn began(&self) -> Instant {
        self.registry.budget.began
    }

    pub(super) fn told(&self) -> usize {
        self.told
    }

    /// Whether the registry has closed the session, told or not.
    pub(super) fn is_closed(&self) -> bool {
        self.held.bytes.load(Ordering::Relaxed) == CLOSED
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.registry.budget.replace(&self.held, self.told, 0);
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share")
            .field("told", &self.told)
            .field("is_closed", &self.is_closed)
            .finish_non_exhaustive()
    }
}
