//! What a session holds, told to a bound that several sessions share.

use std::{fmt, sync::Arc, time::Instant};

use switchwire_core::{CloseCode, CloseStatus};

/// A session that holds less counts as one that holds nothing, and smaller changes are not told.
const STEP: usize = 4 << 10;

/// Counts what one session holds towards a bound that it shares with others, such as the sessions of a registry.
///
/// The driver calls the methods from its poll, and [`change`](Self::change) when it is dropped, so they
/// must not wait.
pub trait MemoryAccount: fmt::Debug + Send + Sync {
    /// The session holds `now` bytes, and held `before` when this was called before, or 0 when it was not.
    fn change(&self, before: usize, now: usize);

    /// The peer or the handler has taken some of it by this time.
    fn progress(&self, at: Instant);

    /// Whether the session was closed for what all hold together. It counts no more then.
    fn is_closed(&self) -> bool;
}

/// A session's share of what several sessions may hold together. Its driver tells how much that is; dropping it gives all
/// back.
#[derive(Debug)]
pub struct MemoryShare {
    account: Arc<dyn MemoryAccount>,
    /// What was told last; less than a step is nothing.
    told: usize,
    /// How much has left since progress was noted.
    moved: usize,
    is_closed: bool,
}

impl MemoryShare {
    /// A share that is counted there.
    #[must_use]
    pub fn new(account: Arc<dyn MemoryAccount>) -> Self {
        Self {
            account,
            told: 0,
            moved: 0,
            is_closed: false,
        }
    }

    /// How many bytes were told last: 0 while the session holds less than 4 KiB.
    #[inline]
    #[must_use]
    pub fn told(&self) -> usize {
        self.told
    }

    /// Tells at the end of a poll of the driver that the session holds `held` bytes, and that `moved` bytes of what it
    /// held have left since the last call, to the peer or to the handler. True once: when the session was closed for
    /// what all hold.
    ///
    /// A session that holds little pays for a comparison, and neither for the clock nor for what is shared with others.
    #[inline]
    pub fn report(&mut self, held: usize, moved: usize, now: impl FnOnce() -> Instant) -> bool {
        if self.told == 0 && held < STEP {
            return false;
        }
        self.report_much(held, moved, now)
    }

    fn report_much(&mut self, held: usize, moved: usize, now: impl FnOnce() -> Instant) -> bool {
        if self.is_closed {
            return false;
        }
        let begins = self.told == 0;
        self.moved = self.moved.saturating_add(moved);
        if begins || self.moved >= STEP {
            self.moved = 0;
            self.account.progress(now());
        }
        let held = if held < STEP { 0 } else { held };
        if held == 0 || held.abs_diff(self.told) >= STEP {
            self.account.change(self.told, held);
            self.told = held;
        }
        self.is_closed = self.account.is_closed();
        if self.is_closed {
            self.told = 0;
        }
        self.is_closed
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        self.account.change(self.told, 0);
    }
}

/// Why sessions are closed for what all hold: the reason in the Close, in the log and in the metrics.
pub(crate) const OVER_BUDGET: &str = "over the memory budget";

/// What a session is closed with for what all hold together: 1013.
///
/// # Panics
/// Never.
#[must_use]
pub fn over_budget() -> CloseStatus {
    CloseStatus::new(CloseCode::TRY_AGAIN_LATER, OVER_BUDGET).expect("the reason is short")
}
