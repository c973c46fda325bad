//! The logs and metrics of handshakes, and the span of each session.

use std::{net::SocketAddr, sync::Arc};

use switchwire_core::{HandshakeError, HandshakeInfo, HandshakeRequest, SessionId};
use switchwire_driver::OneLine;

/// The server and the endpoint of a session. They are labels of metrics, so there are few values.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) server: &'static str,
    /// The mapped pattern, never the requested path.
    pub(crate) endpoint: Arc<str>,
}

/// What a request asked for: where it came from, and the path that a mapping looks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    remote: Option<SocketAddr>,
}

impl Asked {
    pub(crate) fn of(request: &HandshakeRequest) -> Self {
        Self {
            path: request.path_within_application().to_owned(),
            remote: request.remote_address(),
        }
    }
}

impl Route {
    /// The span that contains all events of a session.
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

    /// Counts an accepted handshake.
    pub(crate) fn accepted(&self) {
        self.count_handshake("accepted");
    }

    /// Logs and counts a refused handshake.
    pub(crate) fn refused(&self, asked: &Asked, error: &HandshakeError) {
        tracing::debug!(
            target: "switchwire",
            code = error.code(),
            path = %OneLine(&asked.path),
            remote = asked.remote.map(tracing::field::display),
            server = self.server,
            endpoint = &*self.endpoint,
            "a handshake was refused"
        );
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
