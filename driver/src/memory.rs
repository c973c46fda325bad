//! The memory of a session, counted towards a limit that several sessions share.

use std::{fmt, sync::Arc, time::Instant};

use switchwire_core::{CloseCode, CloseStatus};

/// A session that holds less counts as one that holds nothing. Smaller changes are not reported.
const STEP: usize = 4 << 10;

/// Counts the memory of one session towards a limit that it shares with others, such as the
/// sessions of a registry.
///
/// The driver calls the methods from its poll, and [`change`](Self::change) when it is dropped, so
/// they must not wait.
pub trait MemoryAccount: fmt::Debug + Send + Sync {
    /// The session holds `now` bytes. It held `before` bytes at the last call, or 0 at the first.
    fn change(&self, before: usize, now: usize);

    /// The peer or the handler has taken some of the bytes by this time.
    fn progress(&self, at: Instant);

    /// Whether the session was closed because all together exceeded the limit. It then no longer
    /// counts.
    fn is_closed(&self) -> bool;
}

/// A session's share of a common memory limit. The session's driver reports its memory. Dropping
/// the share releases it.
#[derive(Debug)]
pub struct MemoryShare {
    account: Arc<dyn MemoryAccount>,
    /// The bytes at the last report. Less than a step counts as nothing.
    told: usize,
    /// How many bytes have left since progress was last noted.
    moved: usize,
    is_closed: bool,
}

impl MemoryShare {
    /// Makes a share that counts towards this account.
    #[must_use]
    pub fn new(account: Arc<dyn MemoryAccount>) -> Self {
        Self {
            account,
            told: 0,
            moved: 0,
            is_closed: false,
        }
    }

    /// The bytes at the last report: 0 while the session holds less than 4 KiB.
    #[inline]
    #[must_use]
    pub fn told(&self) -> usize {
        self.told
    }

    /// Reports at the end of a poll of the driver that the session holds `held` bytes, and that
    /// `moved` bytes have left it since the last call, to the peer or to the handler. True once:
    /// when the session was closed because all together exceeded the limit.
    ///
    /// For a session that holds little, this costs one comparison. It reads neither the clock nor
    /// shared state.
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

/// Why the driver closes sessions over the memory budget: the reason in the Close, in the log and
/// in the metrics.
pub(crate) const OVER_BUDGET: &str = "over the memory budget";

/// The status that closes a session over the memory budget: 1013.
///
/// # Panics
/// Never.
#[must_use]
pub fn over_budget() -> CloseStatus {
    CloseStatus::new(CloseCode::TRY_AGAIN_LATER, OVER_BUDGET).expect("the reason is short")
}
