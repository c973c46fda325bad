use switchwire_core::{CloseCode, CloseStatus};

use crate::memory::OVER_BUDGET;

/// Why the driver itself ends a session: for the peer, the log and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reason {
    /// One of a few labels, for metrics.
    pub(crate) label: &'static str,
    pub(crate) text: &'static str,
}

impl Reason {
    pub(crate) const SILENT: Self = Self::new("silent", "silent after a ping");
    pub(crate) const LEFT: Self = Self::new("left", "the peer left, and the handler does not read");
    pub(crate) const TOO_OLD: Self = Self::new("too_old", "the session is too old");
    pub(crate) const IDLE: Self = Self::new("idle", "no messages for too long");
    pub(crate) const TOO_SLOW: Self = Self::new("too_slow", "reads too slowly");
    pub(crate) const UNFINISHED: Self = Self::new("unfinished", "the message takes too long");
    pub(crate) const OVER_BUDGET: Self = Self::new("over_budget", OVER_BUDGET);
    pub(crate) const OVERDUE: Self =
        Self::new("overdue", "the handler did not end after its connection");

    const fn new(label: &'static str, text: &'static str) -> Self {
        Self { label, text }
    }

    /// The status that the driver sends to the peer.
    pub(crate) fn status(self, code: CloseCode) -> CloseStatus {
        CloseStatus::new(code, self.text).expect("the reason is short")
    }
}
