//! Mechanism: how one server switches protocols.

use std::future::Future;

use http::Response;

use crate::{
    error::Error,
    handshake::{HandshakeError, HandshakeRequest},
    parameters::SessionParameters,
    settings::{InvalidSettings, WebSocketSettings},
    transport::Transport,
};

/// Switches a connection of one HTTP server to the WebSocket protocol.
///
/// # For backend authors
/// This is the whole of what a backend implements besides the glue that fits its server's habits. It is
/// mechanism only: whether a request may become a session was decided before
/// ([`WebSocketService`](crate::WebSocketService)).
///
/// The futures and the transport may be `Send` or not: whatever runs the session is `Send` exactly when
/// they are, so a server with one thread per connection and one with a work-stealing pool implement the same trait.
pub trait RequestUpgradeStrategy {
    /// A request of this server.
    type Request;
    /// A response of this server.
    type Response;
    /// The connection after the switch.
    type Transport: Transport;
    /// Resolves with the connection once the server has sent the 101 response.
    type Upgrading: Future<Output = Result<Self::Transport, Error>>;

    /// The server's name for logs and metrics, such as `hyper`.
    fn server(&self) -> &'static str {
        "unknown"
    }

    /// Describes the request in terms no server owns.
    fn handshake_request(&self, request: &Self::Request) -> HandshakeRequest;

    /// Whether this server can honour an endpoint's settings. By default it can.
    ///
    /// `settings.start.1` A setting that the server cannot honour **must** be an error here. A backend that has such
    /// settings **must** ask for every endpoint before it serves, so that it is found at start-up and not by its absence.
    ///
    /// # Errors
    /// [`InvalidSettings::Unsupported`] names the setting.
    fn check_settings(&self, settings: &WebSocketSettings) -> Result<(), InvalidSettings> {
        let _ = settings;
        Ok(())
    }

    /// Takes what is needed for the switch out of the request, and turns the accepted response into the server's.
    ///
    /// - `upgrade.response.1` It **must** pass on every header of `response` unchanged and add no
    ///   `Content-Length`, `Transfer-Encoding` or body.
    /// - `upgrade.bytes.1` Bytes that came together with the request **must** reach the transport.
    /// - On an error nothing of the connection **may** be kept, so that it can serve the next request.
    ///
    /// # Errors
    /// [`HandshakeError::NotUpgradable`] when the server cannot switch this connection.
    fn upgrade(
        &self,
        request: Self::Request,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Self::Response, Self::Upgrading), HandshakeError>;
}
