use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use switchwire_core::{
    CloseOutcome, Endpoint, HandlerResult, HandshakeError, HandshakeInterceptor, InvalidSettings,
    RequestUpgradeStrategy, WebSocketHandler, WebSocketService, WebSocketSession,
    WebSocketSettings, async_trait, spi::discard,
};
use switchwire_protocol::header_list::is_token;

use super::{Dispatch, WebSocketDispatcher};
use crate::{forwarded::TrustedProxies, mapping::UrlHandlerMapping, registry::SessionRegistry};

/// An endpoint whose handler comes with each request. The server's own routing finds the path, and
/// the handler captures what the server's extractors found: typed path parameters, the user, the
/// state of the application.
///
/// Make one when the application starts, and keep it in the application's state. It has everything
/// else that an endpoint has: settings, origin policy, interceptors, subprotocols and registry.
/// Clones share the counters, so limits on sessions hold for all of them.
///
/// A request type of a backend takes it, as `request.on_upgrade(&endpoint, |session| ...)`.
///
/// ```
/// use switchwire_core::WebSocketSettings;
/// use switchwire_service::{HandshakeWebSocketService, OriginPolicy, UpgradeEndpoint};
///
/// let settings = WebSocketSettings::builder().with_max_sessions(10_000).build()?;
/// let policy = OriginPolicy::allow_list(["https://example.com"])?;
/// let chat = UpgradeEndpoint::new()
///     .with_settings(settings)
///     .with_subprotocols(&["chat.v1"])?
///     .with_service(HandshakeWebSocketService::new().with_origin_policy(policy));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UpgradeEndpoint {
    endpoint: Endpoint,
    /// Serves `endpoint` for every path.
    dispatcher: WebSocketDispatcher,
}

impl UpgradeEndpoint {
    /// Makes an endpoint with the default of everything.
    #[must_use]
    pub fn new() -> Self {
        let endpoint = Endpoint::new(Subprotocols::default());
        let dispatcher = WebSocketDispatcher::from(endpoint.clone());
        Self {
            endpoint,
            dispatcher,
        }
    }

    /// Sets the settings of the sessions.
    #[must_use]
    pub fn with_settings(self, settings: WebSocketSettings) -> Self {
        self.map(|endpoint| endpoint.with_settings(settings))
    }

    /// Adds an interceptor, which runs after those added before.
    #[must_use]
    pub fn with_interceptor(self, interceptor: impl HandshakeInterceptor + 'static) -> Self {
        self.map(|endpoint| endpoint.with_interceptor(interceptor))
    }

    /// Sets the subprotocols that the handlers speak. The service chooses the first one that the
    /// client offers ([`subprotocols`](WebSocketHandler::subprotocols)). Default: none.
    ///
    /// # Errors
    /// [`InvalidSettings::Subprotocol`] when a name is not a token.
    pub fn with_subprotocols(self, names: &[&'static str]) -> Result<Self, InvalidSettings> {
        if let Some(name) = names.iter().find(|name| !is_token(name)) {
            return Err(InvalidSettings::Subprotocol(name));
        }
        let subprotocols = Subprotocols(names.into());
        Ok(self.map(|endpoint| endpoint.with_handler(Arc::new(subprotocols))))
    }

    /// Sets the service that decides handshakes, which has the origin policy.
    #[must_use]
    pub fn with_service(mut self, service: impl WebSocketService + 'static) -> Self {
        self.dispatcher = self.dispatcher.with_service(service);
        self
    }

    /// Trusts these proxies to name the client, and how it connected. Default: none.
    #[must_use]
    pub fn with_trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.dispatcher = self.dispatcher.with_trusted_proxies(proxies);
        self
    }

    /// Sets the registry of the sessions. Default: a registry of its own.
    #[must_use]
    pub fn with_registry(mut self, registry: SessionRegistry) -> Self {
        self.dispatcher = self.dispatcher.with_registry(registry);
        self
    }

    /// The settings of the sessions.
    #[must_use]
    pub fn settings(&self) -> &Arc<WebSocketSettings> {
        self.endpoint().settings()
    }

    /// The registry of the sessions.
    #[must_use]
    pub fn registry(&self) -> &SessionRegistry {
        self.dispatcher.registry()
    }

    /// Checks that a server supports the settings, when the application starts. When it does not,
    /// every request gets 500.
    ///
    /// # Errors
    /// The first setting that the server does not support.
    pub fn check_settings(
        &self,
        strategy: &impl RequestUpgradeStrategy,
    ) -> Result<(), InvalidSettings> {
        self.dispatcher.check_settings(strategy)
    }

    /// Decides about a request, and switches protocols for a session of `handler` when it is
    /// accepted.
    ///
    /// # Cancel safety
    /// As [`WebSocketDispatcher::dispatch`]. When the request is not accepted, `handler` is dropped.
    pub async fn dispatch<S, H, F>(
        &self,
        strategy: &S,
        request: S::Request,
        handler: H,
    ) -> Dispatch<S::Request, S::Response, impl Future<Output = CloseOutcome> + use<S, H, F>>
    where
        S: RequestUpgradeStrategy,
        H: FnOnce(WebSocketSession) -> F + Send + 'static,
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        if let Err(error) = self.check_settings(strategy) {
            tracing::error!(target: "switchwire", %error, "the server cannot serve an endpoint");
            return Dispatch::Refused(HandshakeError::Failed);
        }
        self.dispatcher
            .dispatch_to(Some(Once::of(handler)), strategy, request)
            .await
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn map(self, change: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        let endpoint = change(self.endpoint);
        let mapping = UrlHandlerMapping::new().with_fallback(endpoint.clone());
        Self {
            endpoint,
            dispatcher: self.dispatcher.with_mapping(mapping),
        }
    }
}

impl Default for UpgradeEndpoint {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for UpgradeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeEndpoint")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Stands for the handlers during a handshake.
#[derive(Default)]
struct Subprotocols(Box<[&'static str]>);

#[async_trait]
impl WebSocketHandler for Subprotocols {
    async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
        unreachable!("a handler comes with each request")
    }

    fn subprotocols(&self) -> &[&'static str] {
        &self.0
    }
}

/// The handler of one session.
pub(crate) struct Once<H>(Mutex<Option<H>>);

impl<H, F> Once<H>
where
    H: FnOnce(WebSocketSession) -> F + Send + 'static,
    F: Future<Output = HandlerResult> + Send + 'static,
{
    pub(crate) fn of(handler: H) -> Arc<dyn WebSocketHandler> {
        Arc::new(Self(Mutex::new(Some(handler))))
    }
}

#[async_trait]
impl<H, F> WebSocketHandler for Once<H>
where
    H: FnOnce(WebSocketSession) -> F + Send,
    F: Future<Output = HandlerResult> + Send + 'static,
{
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        let handler = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        handler.expect("a session is handled once")(session).await
    }
}

impl<H> Drop for Once<H> {
    /// What a handler has captured is the application's, and so is its `Drop`.
    fn drop(&mut self) {
        let handler = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        discard(handler.take());
    }
}
