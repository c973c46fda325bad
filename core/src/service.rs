//! Policy: which requests become sessions.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::Response;

use crate::{
    admission::Places,
    handler::WebSocketHandler,
    handshake::{HandshakeError, HandshakeInterceptor, HandshakeRequest},
    parameters::Extensions,
    settings::WebSocketSettings,
};

/// Decides opening handshakes, the same way for every server.
///
/// `switchwire-service` has the one to use, `HandshakeWebSocketService`; implement this to decide otherwise. Interceptors
/// are asked through [`HandshakeRequest::intercept`], so that those that pass are told the outcome.
///
/// # For backend authors
/// A backend **must** ask the service before it touches the connection, and **must not** add checks of its own.
#[async_trait]
pub trait WebSocketService: Send + Sync {
    /// Accepts the request for `endpoint`, or says why not.
    ///
    /// # Errors
    /// The reason, which knows the answer to send ([`HandshakeError::into_response`]).
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: when the time is up, or the client is gone. The request is answered all the
    /// same in the first case.
    async fn handshake(
        &self,
        request: &mut HandshakeRequest,
        endpoint: &Endpoint,
    ) -> Result<Acceptance, HandshakeError>;
}

/// A handler with the settings its sessions have, and the interceptors of its handshakes.
///
/// `settings.endpoint.1` Each endpoint has settings of its own, whatever others of the same mapping have.
#[derive(Clone)]
pub struct Endpoint {
    handler: Arc<dyn WebSocketHandler>,
    settings: Arc<WebSocketSettings>,
    interceptors: Arc<[Arc<dyn HandshakeInterceptor>]>,
    places: Arc<Places>,
}

impl Endpoint {
    /// An endpoint with the default settings.
    #[must_use]
    pub fn new(handler: impl WebSocketHandler + 'static) -> Self {
        Self::from(Arc::new(handler) as Arc<dyn WebSocketHandler>)
    }

    /// The same endpoint with other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: WebSocketSettings) -> Self {
        self.settings = Arc::new(settings);
        self
    }

    /// The same endpoint with one more interceptor, which runs after those before it.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: impl HandshakeInterceptor + 'static) -> Self {
        let interceptors = self.interceptors.iter().cloned();
        self.interceptors = interceptors
            .chain([Arc::new(interceptor) as Arc<dyn HandshakeInterceptor>])
            .collect();
        self
    }

    /// The handler.
    #[must_use]
    pub fn handler(&self) -> &Arc<dyn WebSocketHandler> {
        &self.handler
    }

    pub(crate) fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// The settings of its sessions.
    #[must_use]
    pub fn settings(&self) -> &Arc<WebSocketSettings> {
        &self.settings
    }
}

impl Endpoint {
    /// The interceptors of its handshakes, in order.
    #[must_use]
    pub fn interceptors(&self) -> &[Arc<dyn HandshakeInterceptor>] {
        &self.interceptors
    }
}

impl From<Arc<dyn WebSocketHandler>> for Endpoint {
    fn from(handler: Arc<dyn WebSocketHandler>) -> Self {
        Self {
            handler,
            settings: Arc::default(),
            interceptors: Arc::default(),
            places: Arc::default(),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A handshake that was accepted: the 101 response, and what was agreed on.
#[derive(Debug)]
pub struct Acceptance {
    /// The head of the 101 response, complete.
    pub response: Response<()>,
    /// The subprotocol, if there is one.
    pub subprotocol: Option<String>,
    /// The extensions, which the response names.
    pub extensions: Extensions,
}
