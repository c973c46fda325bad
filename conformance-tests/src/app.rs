//! The application that every backend serves for the suite.

use async_trait::async_trait;
use switchwire_core::{Acceptance, Endpoint, HandshakeError, HandshakeRequest, WebSocketService};
use switchwire_service::{HandshakeWebSocketService, WebSocketDispatcher};

use crate::endpoints;

/// The kit's own handlers, by path, with the settings their cases need.
///
/// Written against `switchwire-core` and `switchwire-service` only: what a backend adds is the server. Cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TestApp {
    dispatcher: WebSocketDispatcher,
}

impl TestApp {
    /// What the HTTP side of a backend's server answers to every request that asks for no WebSocket, with 200.
    pub const HTTP_BODY: &'static str = "this is the http side\n";

    /// The app with everything its cases need.
    #[expect(
        clippy::new_without_default,
        reason = "an app is built by the suite, seldom by hand"
    )]
    #[must_use]
    pub fn new() -> Self {
        Self {
            dispatcher: WebSocketDispatcher::from(endpoints::mapping())
                .with_service(AppService::default()),
        }
    }

    /// The handlers and the decisions about handshakes, to be mounted at the root.
    #[must_use]
    pub fn dispatcher(&self) -> WebSocketDispatcher {
        self.dispatcher.clone()
    }
}

/// The default service, and an application that sets headers on one endpoint's answer.
#[derive(Debug, Default)]
struct AppService {
    inner: HandshakeWebSocketService,
}

#[async_trait]
impl WebSocketService for AppService {
    async fn handshake(
        &self,
        mut request: HandshakeRequest,
        endpoint: Endpoint,
    ) -> Result<Acceptance, HandshakeError> {
        if request.uri().path() == "/response-headers" {
            let headers = request.response_headers_mut();
            for (name, value) in endpoints::RESPONSE_HEADERS {
                headers.append(*name, http::HeaderValue::from_static(value));
            }
        }
        self.inner.handshake(request, endpoint).await
    }
}
