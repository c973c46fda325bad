use std::fmt;

/// How the sessions ended that a [shutdown](crate::SessionRegistry::shutdown) met. Every one of them is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Both sides sent a Close, and the handler returned, or was dropped after its
    /// [grace](switchwire_core::WebSocketSettings::handler_grace), which the log tells.
    pub closed: usize,
    /// The connection broke, the peer did not answer within the closing deadline, or the switch of protocols failed.
    pub failed: usize,
    /// Dropped at the deadline, connection or handler, or together with the server.
    pub aborted: usize,
    /// Still there a while after the deadline: a handler blocks its thread, or the server no longer runs its tasks.
    pub remaining: usize,
}

impl ShutdownReport {
    /// How many sessions there were.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.closed + self.failed + self.aborted + self.remaining
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            closed,
            failed,
            aborted,
            remaining,
        } = self;
        write!(
            f,
            "{closed} closed, {failed} failed, {aborted} aborted, {remaining} remaining"
        )
    }
}
