use std::time::Duration;

/// How long cases wait. Two clocks: one for what must come, a shorter one for what must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// How long something that must come may take. Default 10 s: a busy machine may make a server wait for its turn for
    /// seconds, and a green run on an idle one never waits.
    pub deadline: Duration,
    /// How long nothing must come before silence is believed. Default 50 ms.
    pub silence: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            silence: Duration::from_millis(50),
        }
    }
}

impl Timing {
    /// The same with another deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same for a case that fails as far as is known, and that waits in vain.
    pub(crate) fn for_known_failures(self) -> Self {
        self.with_deadline(self.deadline.min(Duration::from_secs(2)))
    }

    /// The same with another silence.
    #[must_use]
    pub fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }
}
