//! The dispatcher: it takes a request to a running session, for every backend.

mod accepted;
mod decision;
mod outcome;
mod run;
mod upgrade_endpoint;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use switchwire_core::{
    CloseOutcome, Endpoint, HandshakeError, HandshakeRequest, InvalidSettings,
    RequestUpgradeStrategy, WebSocketHandler, WebSocketService, spi::SessionParameters,
};

pub use self::upgrade_endpoint::UpgradeEndpoint;
use self::{decision::decide, outcome::Witnesses};
pub(crate) use self::{
    run::{PendingSession, new_id},
    upgrade_endpoint::Once,
};
use crate::{
    cors,
    forwarded::TrustedProxies,
    handshake::HandshakeWebSocketService,
    mapping::{InvalidMapping, MappedPath, UrlHandlerMapping},
    observe::{Asked, Route},
    registry::SessionRegistry,
};

/// Finds the endpoint of a request, runs the handshake and starts the session. A backend mounts
/// one. It has mappings, and the service that decides handshakes. Cheap to clone.
///
/// `handshake.answer.1` When the dispatcher answers a request, every server sends the same bytes:
/// the status line, the header lines, whose names are in lower case, and the body. Only these are
/// up to the server: `Date` and `Server`, the order of lines with different names, whether
/// `Connection` says `close`, and whether the status line says HTTP/1.0 or 1.1.
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
    /// In the order in which they are searched.
    mappings: Arc<[UrlHandlerMapping]>,
    service: Arc<dyn WebSocketService>,
    proxies: Option<Arc<TrustedProxies>>,
    registry: SessionRegistry,
}

/// The result of a request.
#[derive(Debug)]
pub enum Dispatch<Req, Res, Session> {
    /// The request does not ask for a WebSocket. It belongs to the application.
    NotWebSocket(Req),
    /// The request does not ask for a WebSocket, but it is a preflight request, and this is the
    /// answer.
    Answered(Response<Bytes>),
    /// The request is refused. [`HandshakeError::into_response`] is the answer.
    Refused(HandshakeError),
    /// The request is accepted. Send the response, and run the session to its end on a task of its
    /// own.
    Accepted(Res, Session),
}

impl WebSocketDispatcher {
    /// Makes a dispatcher of several mappings, searched by their
    /// [order](UrlHandlerMapping::with_order).
    ///
    /// # Errors
    /// [`InvalidMapping`] when two mappings of the same order conflict.
    pub fn new(
        mappings: impl IntoIterator<Item = UrlHandlerMapping>,
    ) -> Result<Self, InvalidMapping> {
        let mut given: Vec<_> = mappings.into_iter().collect();
        given.sort_by_key(UrlHandlerMapping::order);
        let mut merged: Vec<UrlHandlerMapping> = Vec::new();
        for mapping in given {
            match merged.pop_if(|last| last.order() == mapping.order()) {
                Some(last) => merged.push(last.merge(mapping)?),
                None => merged.push(mapping),
            }
        }
        Ok(Self::from_mappings(merged))
    }

    fn from_mappings(mappings: Vec<UrlHandlerMapping>) -> Self {
        Self {
            mappings: mappings.into(),
            service: Arc::new(HandshakeWebSocketService::new()),
            proxies: None,
            registry: SessionRegistry::new(),
        }
    }

    fn with_mapping(mut self, mapping: UrlHandlerMapping) -> Self {
        self.mappings = [mapping].into();
        self
    }

    /// Sets the service that decides handshakes.
    #[must_use]
    pub fn with_service(mut self, service: impl WebSocketService + 'static) -> Self {
        self.service = Arc::new(service);
        self
    }

    /// Trusts these proxies to name the client, and how it connected. Default: none.
    #[must_use]
    pub fn with_trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(Arc::new(proxies));
        self
    }

    /// Sets the registry of the sessions. Several dispatchers can share one. Default: a registry of
    /// its own.
    #[must_use]
    pub fn with_registry(mut self, registry: SessionRegistry) -> Self {
        self.registry = registry;
        self
    }

    /// The registry of the sessions.
    #[must_use]
    pub fn registry(&self) -> &SessionRegistry {
        &self.registry
    }

    /// The mappings, in the order in which they are searched.
    pub fn mappings(&self) -> impl Iterator<Item = &UrlHandlerMapping> {
        self.mappings.iter()
    }

    /// Checks that a server supports the settings of every endpoint. A backend calls it when the
    /// application mounts a dispatcher.
    ///
    /// # Errors
    /// The first setting that the server does not support.
    pub fn check_settings(
        &self,
        strategy: &impl RequestUpgradeStrategy,
    ) -> Result<(), InvalidSettings> {
        let endpoints = self.mappings().flat_map(UrlHandlerMapping::endpoints);
        endpoints
            .map(Endpoint::settings)
            .try_for_each(|settings| strategy.check_settings(settings))
    }

    /// Whether an HTTP/1.1 request is answered here, rather than by the application: for servers
    /// that choose a route before they give the request away. An extended CONNECT is answered here
    /// when its `:protocol` is `websocket`.
    #[must_use]
    pub fn wants(&self, method: &Method, headers: &HeaderMap, path: &str) -> bool {
        HandshakeRequest::asks_for_websocket(headers)
            || HandshakeRequest::asks_for_permission(method, headers)
                && self.find(path).is_some_and(|mapped| mapped.cors.is_some())
    }

    /// Decides about a request, and switches protocols when it is accepted.
    ///
    /// The session's future is `Send` exactly when the strategy's future and transport are.
    ///
    /// # Cancel safety
    /// Until the future is ready, it has taken nothing except the request. When it is dropped, the
    /// peer gets no answer and interceptors learn of none.
    pub async fn dispatch<S: RequestUpgradeStrategy>(
        &self,
        strategy: &S,
        request: S::Request,
    ) -> Dispatch<S::Request, S::Response, impl Future<Output = CloseOutcome> + use<S>> {
        self.dispatch_to(None, strategy, request).await
    }

    /// Does the same, with `handler` in place of the endpoint's, if there is one.
    async fn dispatch_to<S: RequestUpgradeStrategy>(
        &self,
        handler: Option<Arc<dyn WebSocketHandler>>,
        strategy: &S,
        request: S::Request,
    ) -> Dispatch<S::Request, S::Response, impl Future<Output = CloseOutcome> + use<S>> {
        let handshake = strategy.handshake_request(&request);
        let handshake = match &self.proxies {
            Some(proxies) => proxies.resolve(handshake),
            None => handshake,
        };
        if !handshake.is_websocket() {
            return match self.answer_preflight(&handshake) {
                Some(response) => Dispatch::Answered(response),
                None => Dispatch::NotWebSocket(request),
            };
        }
        let asked = Asked::of(&handshake);
        let mapped = self.find(&asked.path);
        let endpoint = match &mapped {
            Some(mapped) => mapped.pattern.cloned().unwrap_or_else(|| "*".into()),
            None => "none".into(),
        };
        let server = strategy.server();
        let route = Route { server, endpoint };
        let switched = match mapped {
            // Neither `*` nor `host:port` names a resource (RFC 9112 sections 3.2.3 and 3.2.4).
            _ if !asked.path.starts_with('/') => Err(HandshakeError::Target),
            Some(mapped) => {
                let endpoint = mapped.endpoint.clone();
                let endpoint = match handler {
                    Some(handler) => endpoint.with_handler(handler),
                    None => endpoint,
                };
                self.accept(strategy, request, handshake, mapped, endpoint, &route)
                    .await
            }
            None => Err(HandshakeError::NotFound),
        };
        match switched {
            Ok((response, pending, upgrading)) => {
                route.accepted();
                // Made last: this future is large, and every wait before it would carry it.
                Dispatch::Accepted(response, pending.run(upgrading))
            }
            Err(error) => {
                route.refused(&asked, &error);
                Dispatch::Refused(error)
            }
        }
    }

    fn answer_preflight(&self, request: &HandshakeRequest) -> Option<Response<Bytes>> {
        if !request.is_preflight() {
            return None;
        }
        let cors = self.find(request.path_within_application())?.cors?;
        Some(cors::preflight(&cors, request))
    }

    /// Decides about a request for a mapped endpoint, switches the connection for a session of
    /// `serving`, and tells the interceptors the answer.
    async fn accept<S: RequestUpgradeStrategy>(
        &self,
        strategy: &S,
        request: S::Request,
        handshake: HandshakeRequest,
        mapped: MappedPath<'_>,
        serving: Endpoint,
        route: &Route,
    ) -> Result<(S::Response, PendingSession, S::Upgrading), HandshakeError> {
        if self.registry.is_shutting_down() {
            return Err(HandshakeError::ShuttingDown);
        }
        let endpoint = mapped.endpoint;
        handshake.check_head_size(endpoint.settings().max_request_head_size())?;
        let mut handshake = handshake
            .with_path_parameters(mapped.path_parameters)
            .with_cors_configuration(mapped.cors.clone());
        let limit = endpoint.settings().handshake_timeout();
        let deciding = self.service.handshake(&mut handshake, endpoint);
        let mut decided = decide(limit, deciding).await;
        if let (Some(cors), Ok(acceptance)) = (mapped.cors, &mut decided) {
            let response = acceptance.response.headers_mut();
            cors::add_headers(&cors, handshake.headers(), response);
        }
        let witnesses = Witnesses::new(&mut handshake, &decided);
        let subprotocol = decided.as_mut().ok().and_then(|it| it.subprotocol.take());
        let info = handshake.into_info(subprotocol);
        let switched = decided.and_then(|acceptance| {
            let settings = serving.settings().clone();
            let parameters =
                SessionParameters::server(settings).with_extensions(acceptance.extensions);
            let pending =
                PendingSession::new(serving, info.clone(), &self.registry, route.clone())?;
            let (response, upgrading) =
                strategy.upgrade(request, acceptance.response, &parameters)?;
            Ok((response, pending, upgrading))
        });
        let refusal = switched.as_ref().err();
        witnesses.tell(limit, &info, refusal).await;
        switched
    }

    fn find(&self, path: &str) -> Option<MappedPath<'_>> {
        self.mappings.iter().find_map(|mapping| mapping.find(path))
    }
}

impl From<UrlHandlerMapping> for WebSocketDispatcher {
    fn from(mapping: UrlHandlerMapping) -> Self {
        Self::from_mappings(vec![mapping])
    }
}

/// Makes a dispatcher with one endpoint for every path, for servers that route by path themselves.
impl From<Endpoint> for WebSocketDispatcher {
    fn from(endpoint: Endpoint) -> Self {
        UrlHandlerMapping::new().with_fallback(endpoint).into()
    }
}

impl fmt::Debug for WebSocketDispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketDispatcher")
            .field("mappings", &self.mappings)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}
