use std::fmt;

use async_trait::async_trait;

use crate::{attributes::Attributes, error::HandlerError};

/// The HTTP session of a request, from which a WebSocket session can take attributes.
///
/// # For handler authors
/// With `HandshakeWebSocketService::with_session_attributes`, values of the HTTP session become
/// attributes of the WebSocket session, by name.
/// - `attributes.session.1` By default the application asks for no names, and the service does not
///   load the HTTP session.
/// - `attributes.session.2` The service copies only the values whose names the application asks
///   for.
/// - `attributes.session.3` When the HTTP session cannot be loaded, the handshake gets 500, and no
///   session exists.
///
/// # For backend authors
/// Adapters for the session libraries of a server are part of its backend, behind a feature.
/// Without an adapter, a middleware that runs before the upgrade puts an `Arc<dyn HttpSession>`
/// into the request's extensions. The strategy passes it on with
/// [`HandshakeRequest::with_http_session`](crate::HandshakeRequest::with_http_session).
#[async_trait]
pub trait HttpSession: Send + Sync {
    /// Loads the session, if it is not loaded yet, and attaches the `wanted` values by their names.
    ///
    /// # Errors
    /// When the session cannot be loaded.
    async fn copy_attributes(
        &self,
        wanted: &(dyn for<'n> Fn(&'n str) -> bool + Send + Sync),
        attributes: &Attributes,
    ) -> Result<(), HandlerError>;
}

impl fmt::Debug for dyn HttpSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpSession")
    }
}
