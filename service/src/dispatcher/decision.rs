use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

use switchwire_core::{Acceptance, HandshakeError};
use tokio::time::timeout;

/// Waits for a decision, no longer than `limit`, and takes a panic of the application for a failure.
pub(super) async fn decide(
    limit: Duration,
    deciding: impl Future<Output = Result<Acceptance, HandshakeError>>,
) -> Result<Acceptance, HandshakeError> {
    let mut deciding = pin!(timeout(limit, deciding));
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| deciding.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| {
            tracing::error!("a handshake panicked; it is answered with 500");
            Poll::Ready(Ok(Err(HandshakeError::Failed)))
        })
    })
    .await
    .unwrap_or(Err(HandshakeError::TimedOut))
}
