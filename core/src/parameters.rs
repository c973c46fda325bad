//! What a session is opened with, for those who carry its frames.

use std::sync::Arc;

use crate::settings::WebSocketSettings;

/// What a handshake has settled for a session: its settings, the extensions that both sides agreed on, and which side we
/// are. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionParameters {
    settings: Arc<WebSocketSettings>,
    extensions: Extensions,
    role: Role,
}

/// Which side of a connection we are. A client masks its frames, and a server closes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We accepted the handshake.
    Server,
    /// We asked for it.
    Client,
}

/// The extensions that both sides agreed on
/// ([RFC 6455 section 9](https://www.rfc-editor.org/rfc/rfc6455#section-9)). None is spoken yet, so that there is nothing
/// to say of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {}

impl SessionParameters {
    /// A server's, without extensions.
    #[must_use]
    pub fn server(settings: Arc<WebSocketSettings>) -> Self {
        Self {
            settings,
            extensions: Extensions::default(),
            role: Role::Server,
        }
    }

    /// A client's, without extensions.
    #[must_use]
    pub fn client(settings: Arc<WebSocketSettings>) -> Self {
        Self {
            role: Role::Client,
            ..Self::server(settings)
        }
    }

    /// Sets the extensions that were agreed on.
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

    /// The extensions that both sides agreed on.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Which side we are.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
}
