//! When an example stops: at Ctrl-C or SIGTERM, and at once at the second.

use std::{io, time::Duration};

use switchwire::SessionRegistry;
use tokio::signal::unix::{SignalKind, signal};

/// How long sessions and requests may take to end.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Resolves at the first signal. From then on, the next one leaves no time to the shutdown of `registry`.
pub(crate) fn stop(registry: SessionRegistry) -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    Ok(async move {
        next().await;
        tokio::spawn(async move {
            next().await;
            registry.shutdown(Duration::ZERO).await;
        });
    })
}
