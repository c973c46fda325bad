//! The parameters of a session, for authors of transports and drivers.

use std::sync::Arc;

use crate::settings::WebSocketSettings;

/// What a handshake has settled for a session: its settings, the negotiated extensions, and the
/// role of this side. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionParameters {
    settings: Arc<WebSocketSettings>,
    extensions: Extensions,
    role: Role,
}

/// The role of this side of a connection. A client masks its frames. A server closes TCP first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// This side accepted the handshake.
    Server,
    /// This side asked for the handshake.
    Client,
}

/// The extensions that both sides agreed on ([RFC 6455 section
/// 9](https://www.rfc-editor.org/rfc/rfc6455#section-9)). switchwire supports no extension yet, so
/// this has no content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {}

impl SessionParameters {
    /// The parameters of a server's session, without extensions.
    #[must_use]
    pub fn server(settings: Arc<WebSocketSettings>) -> Self {
        Self {
            settings,
            extensions: Extensions::default(),
            role: Role::Server,
        }
    }

    /// The parameters of a client's session, without extensions.
    #[must_use]
    pub fn client(settings: Arc<WebSocketSettings>) -> Self {
        Self {
            role: Role::Client,
            ..Self::server(settings)
        }
    }

    /// Sets the negotiated extensions.
    #[must_use]
    pub fn with_extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self
    }

    /// The settings of the endpoint, or of the client's request.
    #[must_use]
    pub fn settings(&self) -> &WebSocketSettings {
        &self.settings
    }

    /// The negotiated extensions.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The role of this side.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
}
