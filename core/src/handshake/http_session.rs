use std::fmt;

use async_trait::async_trait;

use crate::{attributes::Attributes, error::HandlerError};

/// The HTTP session of a request, as much of it as a WebSocket session may want.
///
/// # For handler authors
/// With `HandshakeWebSocketService::with_session_attributes`, values of the HTTP session become attributes of the
/// WebSocket session, by name.
/// - `attributes.session.1` With no names asked for, which is the default, the HTTP session is not loaded.
/// - `attributes.session.2` Only values whose name is asked for are taken over.
/// - `attributes.session.3` When it cannot be loaded, the handshake gets 500, and no session exists.
///
/// # For backend authors
/// Adapters for the session libraries of a server live beside its backend, behind a feature. Where there is none,
/// whatever runs before the upgrade puts an `Arc<dyn HttpSession>` into the request's extensions, and the strategy
/// passes it on with [`HandshakeRequest::with_http_session`](crate::HandshakeRequest::with_http_session).
#[async_trait]
pub trait HttpSession: Send + Sync {
    /// Loads the session, if it is not, and attaches the values whose name is `wanted`, by their names.
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
