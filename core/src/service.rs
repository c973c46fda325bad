//! Policy: it decides which requests become sessions.

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

/// Decides opening handshakes, in the same way for every server.
///
/// Use `HandshakeWebSocketService` of `switchwire-service`, or implement this trait to decide
/// differently. Run interceptors through [`HandshakeRequest::intercept`], so that the interceptors
/// that pass are told the outcome.
///
/// # For backend authors
/// A backend **must** ask the service before it touches the connection, and **must not** add checks
/// of its own.
#[async_trait]
pub trait WebSocketService: Send + Sync {
    /// Accepts the request for `endpoint`, or refuses it.
    ///
    /// # Errors
    /// The reason, which knows the answer to send ([`HandshakeError::into_response`]).
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: when the timeout passes, or when the client
    /// disconnects. After a timeout the request still gets an answer.
    async fn handshake(
        &self,
        request: &mut HandshakeRequest,
        endpoint: &Endpoint,
    ) -> Result<Acceptance, HandshakeError>;
}

/// A handler with the settings of its sessions and the interceptors of its handshakes.
///
/// `settings.endpoint.1` Each endpoint has its own settings, whatever the settings of other
/// endpoints in the same mapping.
#[derive(Clone)]
pub struct Endpoint {
    handler: Arc<dyn WebSocketHandler>,
    settings: Arc<WebSocketSettings>,
    interceptors: Arc<[Arc<dyn HandshakeInterceptor>]>,
    places: Arc<Places>,
}

impl Endpoint {
    /// Makes an endpoint with the default settings.
    #[must_use]
    pub fn new(handler: impl WebSocketHandler + 'static) -> Self {
        Self::from(Arc::new(handler) as Arc<dyn WebSocketHandler>)
    }

    /// Sets the settings of the endpoint.
    #[must_use]
    pub fn with_settings(mut self, settings: WebSocketSettings) -> Self {
        self.settings = Arc::new(settings);
        self
    }

    /// Adds an interceptor, which runs after those added before.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: impl HandshakeInterceptor + 'static) -> Self {
        let interceptors = self.interceptors.iter().cloned();
        self.interceptors = interceptors
            .chain([Arc::new(interceptor) as Arc<dyn HandshakeInterceptor>])
            .collect();
        self
    }

    /// Replaces the handler. The endpoint that it came from and this one share their limits on
    /// sessions.
    #[must_use]
    pub fn with_handler(mut self, handler: Arc<dyn WebSocketHandler>) -> Self {
        self.handler = handler;
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

/// An accepted handshake: the accepting response (101, or 200 for an extended CONNECT), and the
/// negotiated values.
#[derive(Debug)]
pub struct Acceptance {
    /// The complete head of the accepting response.
    pub response: Response<()>,
    /// The negotiated subprotocol, if there is one.
    pub subprotocol: Option<String>,
    /// The negotiated extensions, which the response names.
    pub extensions: Extensions,
}
