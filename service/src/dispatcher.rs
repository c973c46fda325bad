//! From a request to a running session, for every backend.

use std::{fmt, sync::Arc};

use switchwire_core::{
    Acceptance, CloseOutcome, Endpoint, Error, HandshakeError, HandshakeRequest,
    RequestUpgradeStrategy, SessionId, SessionPort, Transport, WebSocketService,
};

use crate::{HandshakeWebSocketService, SessionDriver, UrlHandlerMapping};

/// What a backend mounts: a mapping and the service that decides handshakes. Cheap to clone.
///
/// ```
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let dispatcher = WebSocketDispatcher::from(mapping);
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Clone)]
pub struct WebSocketDispatcher {
    mapping: Arc<UrlHandlerMapping>,
    service: Arc<dyn WebSocketService>,
}

/// What became of a request.
#[derive(Debug)]
pub enum Dispatch<Request, Response, Session> {
    /// It asks for no WebSocket: it belongs to the application.
    NotWebSocket(Request),
    /// It was refused; [`HandshakeError::into_response`] is the answer.
    Refused(HandshakeError),
    /// It is accepted: send the response, and run the session to its end on a task of its own.
    Accepted(Response, Session),
}

impl WebSocketDispatcher {
    /// Decides handshakes with another service.
    #[must_use]
    pub fn with_service(mut self, service: impl WebSocketService + 'static) -> Self {
        self.service = Arc::new(service);
        self
    }

    /// The mapping.
    #[must_use]
    pub fn mapping(&self) -> &UrlHandlerMapping {
        &self.mapping
    }

    /// Decides about a request, and switches protocols when it is accepted.
    ///
    /// The session's future is `Send` exactly when the strategy's future and transport are.
    ///
    /// # Cancel safety
    /// Until it is ready nothing has been taken but the request.
    pub async fn dispatch<S: RequestUpgradeStrategy>(
        &self,
        strategy: &S,
        request: S::Request,
    ) -> Dispatch<S::Request, S::Response, impl Future<Output = CloseOutcome> + use<S>> {
        let handshake = strategy.handshake_request(&request);
        if !handshake.is_websocket() {
            return Dispatch::NotWebSocket(request);
        }
        match self.accept(handshake).await {
            Err(error) => refuse(error),
            Ok(acceptance) => switch(strategy, request, acceptance),
        }
    }

    async fn accept(&self, handshake: HandshakeRequest) -> Result<Acceptance, HandshakeError> {
        let Some(mapped) = self.mapping.find(handshake.uri().path()) else {
            return Err(HandshakeError::NotFound);
        };
        let endpoint = mapped.endpoint.clone();
        let handshake = match mapped.path_parameters {
            found if found.is_empty() => handshake, // the server's own routing may have found some
            found => handshake.with_path_parameters(found),
        };
        self.service.handshake(handshake, endpoint).await
    }
}

impl From<UrlHandlerMapping> for WebSocketDispatcher {
    fn from(mapping: UrlHandlerMapping) -> Self {
        Self {
            mapping: Arc::new(mapping),
            service: Arc::new(HandshakeWebSocketService::new()),
        }
    }
}

/// One endpoint for every path, for servers whose own routing has chosen the path.
impl From<Endpoint> for WebSocketDispatcher {
    fn from(endpoint: Endpoint) -> Self {
        UrlHandlerMapping::new().with_fallback(endpoint).into()
    }
}

impl fmt::Debug for WebSocketDispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketDispatcher")
            .field("mapping", &self.mapping)
            .finish_non_exhaustive()
    }
}

fn refuse<Req, Res, Ses>(error: HandshakeError) -> Dispatch<Req, Res, Ses> {
    tracing::debug!(code = error.code(), "a handshake was refused");
    Dispatch::Refused(error)
}

/// Switches the connection of an accepted request.
fn switch<S: RequestUpgradeStrategy>(
    strategy: &S,
    request: S::Request,
    mut acceptance: Acceptance,
) -> Dispatch<S::Request, S::Response, impl Future<Output = CloseOutcome> + use<S>> {
    let response = std::mem::take(&mut acceptance.response);
    match strategy.upgrade(request, response, acceptance.endpoint.settings()) {
        Err(error) => refuse(error),
        Ok((response, upgrading)) => {
            Dispatch::Accepted(response, run_session(upgrading, acceptance))
        }
    }
}

/// Runs an accepted session to its end, once the connection is switched.
pub async fn run_session<T: Transport>(
    upgrading: impl Future<Output = Result<T, Error>>,
    acceptance: Acceptance,
) -> CloseOutcome {
    let transport = match upgrading.await {
        Ok(transport) => transport,
        Err(error) => {
            tracing::debug!(error = %error, "the connection was not switched");
            return CloseOutcome::Abnormal(error);
        }
    };
    let Acceptance { info, endpoint, .. } = acceptance;
    let (session, port) = SessionPort::open(new_id(), info, endpoint.settings().clone());
    SessionDriver::new(transport, endpoint.handler().clone(), session, port).await
}

fn new_id() -> SessionId {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    SessionId::from_bytes(bytes)
}
