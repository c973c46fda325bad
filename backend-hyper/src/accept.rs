//! Accepts connections without spinning when the machine runs out of a resource.

use std::{io, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::listener::Listener;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// After this time without a failed attempt, an exhaustion is over, and the next one is logged.
const QUIET: Duration = Duration::from_secs(60);

/// A listener, and the state of its last attempts.
pub(crate) struct Acceptor<L> {
    listener: L,
    pauses: Pauses,
    /// How many connections in a row failed before they were accepted.
    broken: u32,
}

/// After this many broken connections in a row, the listener itself is taken to be broken.
const MOST_BROKEN: u32 = 100;

impl<L: Listener> Acceptor<L> {
    pub(crate) fn new(listener: L) -> Self {
        Self {
            listener,
            pauses: Pauses::default(),
            broken: 0,
        }
    }

    /// Accepts the next connection.
    ///
    /// It skips a connection that failed before it was accepted. When the process has no descriptor
    /// or memory for the next one, or too many have failed in a row, it waits 5 ms to 1 s before it
    /// tries again, and logs that once.
    ///
    /// # Cancel safety
    /// Nothing is lost. The next call continues a pause, and the next pause is longer.
    pub(crate) async fn accept(&mut self) -> L::Connecting {
        loop {
            self.pauses.end().await;
            match self.listener.accept().await {
                Ok(connecting) => {
                    self.pauses.succeeded();
                    self.broken = 0;
                    return connecting;
                }
                Err(error) if is_exhaustion(&error) || self.broken == MOST_BROKEN => {
                    self.pauses.failed(&error);
                }
                Err(error) => {
                    self.broken += 1;
                    tracing::debug!(%error, "a connection failed before it was accepted");
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// The pauses between failed attempts.
#[derive(Debug, Default)]
struct Pauses {
    /// The length of the pause after the last failed attempt.
    pause: Option<Duration>,
    /// When an attempt last failed.
    failed: Option<Instant>,
}

impl Pauses {
    /// Waits until the next attempt is due.
    async fn end(&self) {
        if let (Some(pause), Some(failed)) = (self.pause, self.failed) {
            sleep_until(failed + pause).await;
        }
    }

    fn failed(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.failed.is_none_or(|failed| now - failed > QUIET) {
            tracing::error!(%error, "no connection can be accepted; trying again");
        }
        self.failed = Some(now);
        self.pause = Some(match self.pause {
            Some(pause) => (pause * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        });
    }

    fn succeeded(&mut self) {
        self.pause = None;
    }
}

/// Whether the process or the machine is out of descriptors or memory, rather than one connection
/// broken.
fn is_exhaustion(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    };

    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::listener::Connected;

    fn fail(pauses: &mut Pauses) {
        pauses.failed(&io::ErrorKind::OutOfMemory.into());
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_although_other_events_drop_the_wait() {
        let (start, mut pauses) = (Instant::now(), Pauses::default());
        let mut attempts = 0;
        while start.elapsed() < Duration::from_secs(60) {
            attempts += 1;
            fail(&mut pauses);
            // As often as connections end while the server waits.
            while timeout(Duration::from_millis(3), pauses.end())
                .await
                .is_err()
            {}
        }
        assert!((60..80).contains(&attempts), "{attempts} attempts");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_exhaustion_costs_a_short_pause() {
        let mut pauses = Pauses::default();
        for _ in 0..3 {
            let start = Instant::now();
            fail(&mut pauses);
            pauses.end().await;
            assert!(start.elapsed() <= 2 * FIRST_PAUSE, "{:?}", start.elapsed());
            pauses.succeeded();
            sleep(LONGEST_PAUSE).await;
        }
    }

    /// Fails in the same way for ever.
    struct Broken(Arc<AtomicU32>, io::ErrorKind);

    impl Listener for Broken {
        type Io = tokio::io::DuplexStream;
        type Connecting = std::future::Pending<io::Result<Connected<Self::Io>>>;

        async fn accept(&mut self) -> io::Result<Self::Connecting> {
            self.0.fetch_add(1, Relaxed);
            Err(self.1.into())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_that_fails_for_ever_is_not_asked_for_ever() {
        for kind in [
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::Interrupted,
            io::ErrorKind::Other,
        ] {
            let attempts = Arc::default();
            let mut acceptor = Acceptor::new(Broken(Arc::clone(&attempts), kind));
            let minute = Duration::from_secs(60);
            assert!(timeout(minute, acceptor.accept()).await.is_err());
            let attempts = attempts.load(Relaxed);
            assert!(attempts < 200, "{kind}: {attempts} attempts");
        }
    }

    #[test]
    fn a_connection_that_failed_is_no_exhaustion() {
        assert!(!is_exhaustion(&io::ErrorKind::ConnectionAborted.into()));
        assert!(is_exhaustion(&io::ErrorKind::OutOfMemory.into()));
    }
}
