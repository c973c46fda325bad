//! From a request to a running session, for every backend.

mod decision;
mod outcome;
mod run;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use switchwire_core::{
    CloseOutcome, Endpoint, HandshakeError, HandshakeRequest, InvalidSettings,
    RequestUpgradeStrategy, WebSocketService, spi::SessionParameters,
};

pub(crate) use self::run::new_id;
use self::{decision::decide, outcome::Witnesses, run::PendingSession};
use crate::{
    cors,
    forwarded::TrustedProxies,
    handshake::HandshakeWebSocketService,
    mapping::{InvalidMapping, MappedPath, UrlHandlerMapping},
    observe::Route,
    registry::SessionRegistry,
};

/// What a backend mounts: mappings and the service that decides handshakes. Cheap to clone.
///
/// `handshake.answer.1` When a request is answered here, every server sends the same bytes: the status line, the header
/// lines, whose names are in lower case, and the body. Only these are the server's own: `Date` and `Server`, the order of
/// lines of different names, whether `Connection` says `close` and whether the status line says HTTP/1.0 or 1.1.
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
    /// In the order they are asked.
    mappings: Arc<[UrlHandlerMapping]>,
    service: Arc<dyn WebSocketService>,
    proxies: Option<Arc<TrustedProxies>>,
    registry: SessionRegistry,
}

/// What became of a request.
#[derive(Debug)]
pub enum Dispatch<Req, Res, Session> {
    /// It asks for no WebSocket: it belongs to the application.
    NotWebSocket(Req),
    /// It asks for no WebSocket, and this is the answer all the same: to a preflight request.
    Answered(Response<Bytes>),
    /// It was refused; [`HandshakeError::into_response`] is the answer.
    Refused(HandshakeError),
    /// It is accepted: send the response, and run the session to its end on a task of its own.
    Accepted(Res, Session),
}

impl WebSocketDispatcher {
    /// Several mappings, asked by their [order](UrlHandlerMapping::with_order).
    ///
    /// # Errors
    /// [`InvalidMapping`] when two of the same order conflict.
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

    /// Decides handshakes with another service.
    #[must_use]
    pub fn with_service(mut self, service: impl WebSocketService + 'static) -> Self {
        self.service = Arc::new(service);
        self
    }

    /// Believes these proxies who the client is, and how it came. Default none.
    #[must_use]
    pub fn with_trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(Arc::new(proxies));
        self
    }

    /// Keeps its sessions in this registry, together with those of other dispatchers. Default: one of its own.
    #[must_use]
    pub fn with_registry(mut self, registry: SessionRegistry) -> Self {
        self.registry = registry;
        self
    }

    /// Where its sessions are.
    #[must_use]
    pub fn registry(&self) -> &SessionRegistry {
        &self.registry
    }

    /// The mappings, in the order they are asked.
    pub fn mappings(&self) -> impl Iterator<Item = &UrlHandlerMapping> {
        self.mappings.iter()
    }

    /// Asks a server whether it can honour the settings of every endpoint. Backends do when they mount a dispatcher.
    ///
    /// # Errors
    /// What the first endpoint has that the server cannot honour.
    pub fn check_settings(
        &self,
        strategy: &impl RequestUpgradeStrategy,
    ) -> Result<(), InvalidSettings> {
        let endpoints = self.mappings().flat_map(UrlHandlerMapping::endpoints);
        endpoints
            .map(Endpoint::settings)
            .try_for_each(|settings| strategy.check_settings(settings))
    }

    /// Whether an HTTP/1.1 request is answered here, rather than by the application: for servers that
    /// choose a route before they give the request away. An extended CONNECT is answered here when its
    /// `:protocol` is `websocket`.
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
    /// Until it is ready nothing has been taken but the request. When the future is dropped, the peer gets no answer and
    /// interceptors are told none.
    pub async fn dispatch<S: RequestUpgradeStrategy>(
        &self,
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
        let path = handshake.uri().path();
        let mapped = self.find(path);
        let endpoint = match &mapped {
            Some(mapped) => mapped.pattern.cloned().unwrap_or_else(|| "*".into()),
            None => "none".into(),
        };
        let server = strategy.server();
        let route = Route { server, endpoint };
        let switched = match mapped {
            // Neither `*` nor `host:port` names a resource (RFC 9112 sections 3.2.3 and 3.2.4).
            _ if !path.starts_with('/') => Err(HandshakeError::Target),
            Some(mapped) => {
                self.accept(strategy, request, handshake, mapped, &route)
                    .await
            }
            None => Err(HandshakeError::NotFound),
        };
        match switched {
            Ok((response, pending, upgrading)) => {
                route.accepted();
                // Made last: it is large, and would be carried through each wait before.
                Dispatch::Accepted(response, pending.run(upgrading))
            }
            Err(error) => {
                route.refused(&error);
                Dispatch::Refused(error)
            }
        }
    }

    fn answer_preflight(&self, request: &HandshakeRequest) -> Option<Response<Bytes>> {
        if !request.is_preflight() {
            return None;
        }
        let cors = self.find(request.uri().path())?.cors?;
        Some(cors::preflight(&cors, request))
    }

    /// Decides about a request for an endpoint, switches the connection, and tells interceptors what the peer is told.
    async fn accept<S: RequestUpgradeStrategy>(
        &self,
        strategy: &S,
        request: S::Request,
        handshake: HandshakeRequest,
        mapped: MappedPath<'_>,
        route: &Route,
    ) -> Result<(S::Response, PendingSession, S::Upgrading), HandshakeError> {
        if self.registry.is_shutting_down() {
            return Err(HandshakeError::ShuttingDown);
        }
        let endpoint = mapped.endpoint.clone();
        handshake.check_head_size(endpoint.settings().max_request_head_size())?;
        let handshake = match mapped.path_parameters {
            found if found.is_empty() => handshake, // the server's own routing may have found some
            found => handshake.with_path_parameters(found),
        };
        let mut handshake = handshake.with_cors_configuration(mapped.cors.clone());
        let limit = endpoint.settings().handshake_timeout();
        let deciding = self.service.handshake(&mut handshake, &endpoint);
        let mut decided = decide(limit, deciding).await;
        if let (Some(cors), Ok(acceptance)) = (mapped.cors, &mut decided) {
            let response = acceptance.response.headers_mut();
            cors::add_headers(&cors, handshake.headers(), response);
        }
        let witnesses = Witnesses::new(&mut handshake, &decided);
        let subprotocol = decided.as_mut().ok().and_then(|it| it.subprotocol.take());
        let info = handshake.into_info(subprotocol);
        let switched = decided.and_then(|acceptance| {
            let settings = endpoint.settings().clone();
            let parameters =
                SessionParameters::server(settings).with_extensions(acceptance.extensions);
            let pending =
                PendingSession::new(endpoint, info.clone(), &self.registry, route.clone())?;
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

/// One endpoint for every path, for servers whose own routing has chosen the path.
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
