//! The memory budget: the limit on what all sessions of a registry hold together.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use switchwire_driver::{MemoryAccount, over_budget};

use super::{Kept, Shared};

/// The default budget, in bytes.
const DEFAULT: usize = 1 << 30;

/// Replaces the bytes of a closed session, which no longer counts.
const CLOSED: usize = usize::MAX;

/// The memory budget of a registry, and the bytes that count towards it.
#[derive(Debug)]
pub(super) struct Budget {
    limit: AtomicUsize,
    /// The bytes of sessions that were not closed. It is negative only between two steps of one
    /// report.
    total: AtomicIsize,
    /// The origin of the times of progress.
    began: Instant,
    /// Locked by the thread that looks for sessions to close.
    shedding: Mutex<()>,
}

/// The bytes of one session.
pub(super) struct Held {
    registry: Arc<Shared>,
    bytes: AtomicUsize,
    /// When at least 4 KiB last left the session, in microseconds.
    progress: AtomicU64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            limit: AtomicUsize::new(DEFAULT),
            total: AtomicIsize::new(0),
            began: tokio::time::Instant::now().into_std(),
            shedding: Mutex::new(()),
        }
    }

    /// Sets the budget.
    pub(super) fn set(&self, bytes: Option<usize>) {
        let limit = bytes.unwrap_or(usize::MAX).min(isize::MAX as usize);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// The bytes of all sessions together.
    pub(super) fn total(&self) -> usize {
        let total = self.total.load(Ordering::Relaxed);
        usize::try_from(total).unwrap_or(0)
    }

    fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    fn is_exceeded(&self) -> bool {
        self.total() > self.limit()
    }

    fn since_it_began(&self, now: Instant) -> u64 {
        let since = now.checked_duration_since(self.began);
        let micros = since.unwrap_or(Duration::ZERO).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    /// Replaces the bytes that count for a session, unless the session was closed and no longer
    /// counts.
    fn replace(&self, held: &Held, before: usize, now: usize) {
        let replaced =
            held.bytes
                .compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed);
        if replaced.is_ok() {
            self.total
                .fetch_add(now as isize - before as isize, Ordering::Relaxed);
        }
    }

    /// Stops counting a session, and returns its bytes. `None` when it held nothing or was closed
    /// before.
    fn take(&self, held: &Held) -> Option<usize> {
        let counts = |bytes| (bytes != 0 && bytes != CLOSED).then_some(CLOSED);
        let taken = held
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, counts);
        let bytes = taken.ok()?;
        self.total.fetch_sub(bytes as isize, Ordering::Relaxed);
        Some(bytes)
    }
}

impl Held {
    pub(super) fn new(registry: Arc<Shared>) -> Self {
        Self {
            registry,
            bytes: AtomicUsize::new(0),
            progress: AtomicU64::new(0),
        }
    }
}

impl MemoryAccount for Held {
    fn change(&self, before: usize, now: usize) {
        let budget = &self.registry.budget;
        budget.replace(self, before, now);
        if now > before && budget.is_exceeded() {
            self.registry.shed();
        }
    }

    fn progress(&self, at: Instant) {
        let progress = self.registry.budget.since_it_began(at);
        self.progress.store(progress, Ordering::Relaxed);
    }

    fn is_closed(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) == CLOSED
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.bytes).finish()
    }
}

impl Shared {
    /// Closes the sessions that have made no progress for longest, until the others hold an eighth
    /// less than the budget.
    ///
    /// The eighth makes this rare, because it visits every session.
    pub(super) fn shed(&self) {
        let (mut victims, mut bytes) = (Vec::new(), 0);
        let one_at_a_time = self.budget.shedding.lock();
        let one_at_a_time = one_at_a_time.unwrap_or_else(PoisonError::into_inner);
        if !self.budget.is_exceeded() {
            return; // another thread was faster
        }
        let limit = self.budget.limit();
        let holders = self.by_progress();
        for kept in &holders {
            if self.budget.total() <= limit - limit / 8 {
                break;
            }
            if let Some(held) = self.budget.take(&kept.held) {
                victims.push(&kept.control);
                bytes += held;
            }
        }
        drop(one_at_a_time); // a close wakes and drops foreign code
        // Not in the span of the session that reported last: it need not be one of those.
        tracing::warn!(
            target: "switchwire",
            parent: None,
            sessions = victims.len(),
            bytes,
            "sessions are closed, as all together hold more than they may",
        );
        for victim in victims {
            drop(victim.sender().close(over_budget())); // takes effect without being awaited
        }
    }

    /// The sessions that hold bytes. The one without progress for longest comes first.
    fn by_progress(&self) -> Vec<Kept> {
        let mut holders: Vec<_> = self
            .lock()
            .sessions
            .values()
            .filter(|kept| !matches!(kept.held.bytes.load(Ordering::Relaxed), 0 | CLOSED))
            .map(|kept| (kept.held.progress.load(Ordering::Relaxed), kept.clone()))
            .collect();
        holders.sort_unstable_by_key(|(progress, _)| *progress);
        holders.into_iter().map(|(_, kept)| kept).collect()
    }
}

#[cfg(test)]
mod tests;
