use switchwire_core::{CloseCode, CloseStatus};

use crate::registry::OVER_BUDGET;

/// Why the driver ends a session of its own accord: for the peer, the log and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason {
    /// One of a few words, for metrics.
    pub(super) label: &'static str,
    pub(super) text: &'static str,
}

impl Reason {
    pub(super) const SILENT: Self = Self::new("silent", "silent after a ping");
    pub(super) const LEFT: Self = Self::new("left", "the peer left, and the handler does not read");
    pub(super) const TOO_OLD: Self = Self::new("too_old", "the session is too old");
    pub(super) const IDLE: Self = Self::new("idle", "no messages for too long");
    pub(super) const TOO_SLOW: Self = Self::new("too_slow", "reads too slowly");
    pub(super) const UNFINISHED: Self = Self::new("unfinished", "the message takes too long");
    pub(super) const OVER_BUDGET: Self = Self::new("over_budget", OVER_BUDGET);
    pub(super) const OVERDUE: Self =
        Self::new("overdue", "the handler did not end after its connection");

    const fn new(label: &'static str, text: &'static str) -> Self {
        Self { label, text }
    }

    /// What the peer is told.
    pub(super) fn status(self, code: CloseCode) -> CloseStatus {
        CloseStatus::new(code, self.text).expect("the reason is short")
    }
}
