//! Accepting connections without spinning when the machine runs out of something.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::{TcpListener, TcpStream};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The next connection, with Nagle's algorithm off.
///
/// A connection that failed before it was accepted is passed over. Without a descriptor or memory for the next one,
/// it waits from 5 ms to 1 s before it tries again, and says so once.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut pauses = Pauses::default();
    loop {
        match listener.accept().await {
            Ok((socket, address)) => {
                // Fails only on a socket that is gone already; the next read tells.
                let _ = socket.set_nodelay(true);
                return (socket, address);
            }
            Err(error) => pauses.after(&error).await,
        }
    }
}

/// How long to wait between attempts that fail.
#[derive(Default)]
struct Pauses {
    last: Option<Duration>,
}

impl Pauses {
    async fn after(&mut self, error: &io::Error) {
        if !is_exhaustion(error) {
            tracing::debug!(%error, "a connection failed before it was accepted");
            return tokio::task::yield_now().await;
        }
        let pause = match self.last {
            Some(last) => (last * 2).min(LONGEST_PAUSE),
            None => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                FIRST_PAUSE
            }
        };
        self.last = Some(pause);
        tokio::time::sleep(pause).await;
    }
}

/// Whether the process or the machine is out of descriptors or memory, rather than one connection broken.
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
    use tokio::time::Instant;

    use super::*;

    /// How many attempts fail for this reason in a minute.
    async fn attempts(error: io::ErrorKind) -> usize {
        let (start, mut pauses) = (Instant::now(), Pauses::default());
        let mut attempts = 0;
        while start.elapsed() < Duration::from_secs(60) {
            attempts += 1;
            pauses.after(&error.into()).await;
        }
        attempts
    }

    #[tokio::test(start_paused = true)]
    async fn exhaustion_is_met_with_longer_and_longer_pauses() {
        let attempts = attempts(io::ErrorKind::OutOfMemory).await;
        assert!((60..80).contains(&attempts), "{attempts} attempts");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_exhaustion_costs_a_short_pause() {
        let start = Instant::now();
        Pauses::default()
            .after(&io::ErrorKind::OutOfMemory.into())
            .await;
        assert!(start.elapsed() <= 2 * FIRST_PAUSE, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_failed_is_passed_over_without_a_pause() {
        let (start, mut pauses) = (Instant::now(), Pauses::default());
        for _ in 0..100 {
            pauses.after(&io::ErrorKind::ConnectionAborted.into()).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
