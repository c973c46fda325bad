use std::time::Duration;

/// How long to wait before reconnecting: a random time first, and longer each time ([RFC 6455
/// section 7.2.3](https://www.rfc-editor.org/rfc/rfc6455#section-7.2.3), `client.29`).
///
/// The n-th wait is between half of a limit and the limit. The limit doubles from the first up to
/// the longest. Therefore many clients that a restart disconnected at the same time do not
/// reconnect at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: Option<u32>,
    stable_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            attempts: None,
            stable_after: Duration::from_secs(30),
        }
    }
}

impl Backoff {
    /// Sets the limit of the first wait. Default: 1 s.
    #[must_use]
    pub fn with_first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// Sets the longest wait. A server may ask for a longer one. Default: 60 s.
    #[must_use]
    pub fn with_longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Gives up after this many attempts without a session that was
    /// [stable](Self::with_stable_after). Default: never.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets how long a session must have lasted to reset the count of attempts. Default: 30 s.
    #[must_use]
    pub fn with_stable_after(mut self, time: Duration) -> Self {
        self.stable_after = time;
        self
    }

    pub(super) fn was_stable(&self, lasted: Duration) -> bool {
        lasted >= self.stable_after
    }

    pub(super) fn is_used_up(&self, attempts: u32) -> bool {
        self.attempts.is_some_and(|limit| attempts >= limit)
    }

    /// How long to wait after this many attempts.
    pub(super) fn delay(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let limit = self.first.saturating_mul(1 << doublings).min(self.longest);
        (limit / 2).saturating_add((limit / 2).mul_f64(random()))
    }
}

/// A number from 0 up to 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_and_grow_up_to_the_longest() {
        let backoff = Backoff::default();
        for _ in 0..50 {
            let mut before = Duration::ZERO;
            for attempt in 1..=6 {
                let delay = backoff.delay(attempt);
                assert!(delay >= before && delay <= Duration::from_secs(1 << (attempt - 1)));
                before = delay;
            }
            let longest = backoff.delay(u32::MAX);
            assert!(longest >= Duration::from_secs(30) && longest <= Duration::from_secs(60));
        }
        assert_ne!(backoff.delay(9), backoff.delay(9));
    }
}
