use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use switchwire_core::{HandshakeError, spi::Acceptance};
use tokio::time::timeout;

/// Waits for a decision, up to `limit`. A panic of the application counts as a failure.
pub(super) async fn decide(
    limit: Duration,
    deciding: impl Future<Output = Result<Acceptance, HandshakeError>>,
) -> Result<Acceptance, HandshakeError> {
    let deciding = AssertUnwindSafe(deciding).catch_unwind();
    match timeout(limit, deciding).await {
        Ok(Ok(decided)) => decided,
        Ok(Err(_)) => {
            tracing::error!("a handshake panicked; it is answered with 500");
            Err(HandshakeError::Failed)
        }
        Err(_) => Err(HandshakeError::TimedOut),
    }
}
