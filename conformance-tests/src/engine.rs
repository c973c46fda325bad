//! What the author of a client provides.

use std::{sync::Arc, time::Duration};

use switchwire_core::WebSocketClient;

/// A client that the suite can test.
///
/// The kit polls its futures on a multi-threaded tokio runtime of its own. A client of another runtime hands its work to
/// threads of its own.
pub trait ClientEngine: Send + Sync + 'static {
    /// The name in reports, for example `tokio`.
    fn name(&self) -> &'static str;

    /// A client with these settings. It connects directly, and offers no extension.
    fn client(&self, settings: ClientSettings) -> Arc<dyn WebSocketClient>;
}

/// How a client connects. What belongs to one session is in the settings of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientSettings {
    /// How long connecting may take. Default 3 s.
    pub connect_timeout: Duration,
    /// How long the TLS handshake may take. Default 3 s.
    pub tls_timeout: Duration,
    /// How many redirects are followed, one after another. Default 0.
    pub redirects: usize,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            tls_timeout: Duration::from_secs(3),
            redirects: 0,
        }
    }
}
