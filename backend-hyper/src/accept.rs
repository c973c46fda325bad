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
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.accept().await {
            Ok((socket, address)) => {
                // Fails only on a socket that is gone already; the next read tells.
                let _ = socket.set_nodelay(true);
                return (socket, address);
            }
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
