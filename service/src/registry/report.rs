use std::fmt;

/// How the sessions ended that were open at a [shutdown](crate::SessionRegistry::shutdown). Every
/// session is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Both sides sent a Close, and the handler returned or was dropped after its
    /// [grace](switchwire_core::WebSocketSettings::handler_grace). The log tells which.
    pub closed: usize,
    /// The connection failed, the peer did not answer within the closing deadline, or the protocol
    /// switch failed.
    pub failed: usize,
    /// The connection or the handler was dropped at the deadline, or together with the server.
    pub aborted: usize,
    /// Still running a while after the deadline: a handler blocks its thread, or the server no
    /// longer runs its tasks.
    pub remaining: usize,
}

impl ShutdownReport {
    /// The number of all sessions.
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
