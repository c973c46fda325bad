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
    let (socket, address) = retry(|| listener.accept()).await;
    // Fails only on a socket that is gone already; the next read tells.
    let _ = socket.set_nodelay(true);
    (socket, address)
}

/// Tries until it succeeds.
async fn retry<T, F: Future<Output = io::Result<T>>>(mut attempt: impl FnMut() -> F) -> T {
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Ok(accepted) => return accepted,
            Err(error) if is_exhaustion(&error) => {
                if pause == FIRST_PAUSE {
                    tracing::error!(%error, "no connection can be accepted; trying again");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => {
                tracing::debug!(%error, "a connection failed before it was accepted");
                tokio::task::yield_now().await;
            }
        }
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
    use std::future::ready;

    use tokio::time::Instant;

    use super::*;

    /// How many attempts there were and how long they took until the one that succeeded, at `until`.
    async fn attempts(error: io::ErrorKind, until: Duration) -> (usize, Duration) {
        let start = Instant::now();
        let mut attempts = 0;
        retry(|| {
            attempts += 1;
            let failed = start.elapsed() < until;
            ready(if failed { Err(error.into()) } else { Ok(()) })
        })
        .await;
        (attempts, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn exhaustion_is_met_with_longer_and_longer_pauses() {
        let minute = Duration::from_secs(60);
        let (attempts, took) = attempts(io::ErrorKind::OutOfMemory, minute).await;
        assert!((60..80).contains(&attempts), "{attempts} attempts");
        assert!(took <= minute + LONGEST_PAUSE, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_exhaustion_costs_a_short_pause() {
        let (_, took) = attempts(io::ErrorKind::OutOfMemory, FIRST_PAUSE).await;
        assert!(took <= 2 * FIRST_PAUSE, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_failed_is_passed_over_without_a_pause() {
        let mut errors = vec![io::ErrorKind::ConnectionAborted; 100].into_iter();
        let start = Instant::now();
        retry(|| ready(errors.next().map_or(Ok(()), |error| Err(error.into())))).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
