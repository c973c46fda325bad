//! What logs and metrics are told of handshakes, and the span of each session.

use std::sync::Arc;

use switchwire_core::{HandshakeError, HandshakeInfo, SessionId};
use switchwire_driver::OneLine;

/// Where a session runs, in words of which there are few: they are labels.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) server: &'static str,
    /// The pattern that was mapped, never the path that was asked for.
    pub(crate) endpoint: Arc<str>,
}

impl Route {
    /// The span that everything of a session happens in.
    pub(crate) fn span(&self, id: SessionId, info: &HandshakeInfo) -> tracing::Span {
        let remote = info.remote_address();
        tracing::info_span!(
            target: "switchwire",
            "session",
            %id,
            path = %OneLine(info.uri().path()),
            remote = remote.map(tracing::field::display),
            subprotocol = info.subprotocol(),
            server = self.server,
        )
    }

    /// A handshake was accepted.
    pub(crate) fn accepted(&self) {
        self.count_handshake("accepted");
    }

    /// A handshake was refused.
    pub(crate) fn refused(&self, error: &HandshakeError) {
        let (server, endpoint) = (self.server, &*self.endpoint);
        tracing::debug!(target: "switchwire", code = error.code(), server, endpoint, "a handshake was refused");
        self.count_handshake(error.code());
    }

    fn count_handshake(&self, outcome: &'static str) {
        #[cfg(feature = "metrics")]
        {
            let server = ("server", self.server.to_owned());
            let endpoint = ("endpoint", self.endpoint.to_string());
            let labels = [server, endpoint, ("outcome", outcome.to_owned())];
            metrics::counter!("switchwire_handshakes_total", &labels).increment(1);
        }
        #[cfg(not(feature = "metrics"))]
        let _ = outcome;
    }
}
