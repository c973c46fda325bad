//! Mechanism: it switches protocols on one server.

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
/// A backend implements this trait, and the glue for its server's API. The trait is mechanism only:
/// [`WebSocketService`](crate::WebSocketService) has decided before whether a request may become a
/// session.
///
/// The futures and the transport need not be `Send`. The session's future is `Send` exactly when
/// they are. A server with one thread per connection and a server with a work-stealing pool
/// therefore implement the same trait.
pub trait RequestUpgradeStrategy {
    /// A request of this server.
    type Request;
    /// A response of this server.
    type Response;
    /// The connection after the switch.
    type Transport: Transport;
    /// Resolves with the connection once the server has sent the accepting response (101, or 200
    /// for an extended CONNECT).
    type Upgrading: Future<Output = Result<Self::Transport, Error>>;

    /// The server's name for logs and metrics, such as `hyper`.
    fn server(&self) -> &'static str {
        "unknown"
    }

    /// Describes the request in the same way for every server.
    fn handshake_request(&self, request: &Self::Request) -> HandshakeRequest;

    /// Checks that this server supports an endpoint's settings. Default: it supports all.
    ///
    /// `settings.start.1` When the server does not support a setting, this **must** return an
    /// error. A backend of such a server **must** check every endpoint before it serves, so that
    /// the application learns of it at start-up.
    ///
    /// # Errors
    /// [`InvalidSettings::Unsupported`] names the setting.
    fn check_settings(&self, settings: &WebSocketSettings) -> Result<(), InvalidSettings> {
        let _ = settings;
        Ok(())
    }

    /// Takes what the switch needs out of the request, and turns the accepting response into the
    /// server's own.
    ///
    /// - `upgrade.response.1` It **must** pass on every header of `response` unchanged, and **must
    ///   not** add `Content-Length`, `Transfer-Encoding` or a body.
    /// - `upgrade.bytes.1` Bytes that arrived together with the request **must** reach the
    ///   transport.
    /// - On an error, it **must not** keep any part of the connection, so that the connection can
    ///   serve the next request.
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
