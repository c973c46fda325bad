//! Attributes from the HTTP sessions of the library tower-sessions.

use std::{fmt, sync::Arc};

use http::Request;
use hyper::service::Service;
use switchwire_core::{Attributes, HandlerError, HttpSession, async_trait};
use tower_sessions_core::{Session, SessionStore};

/// Turns values of tower-sessions' HTTP sessions into attributes of WebSocket sessions.
///
/// Put it inside the session layer, around the service that contains an
/// [`UpgradeService`](crate::UpgradeService). Give it the layer's store: a `Session` alone does not
/// tell its names. Each attribute is a `serde_json::Value`, with the name that it has in the HTTP
/// session. `HandshakeWebSocketService` sets which values are copied. Without that setting, it does
/// not read the store.
///
/// ```
/// use http::Request;
/// use hyper::{body::Incoming, service::Service};
/// use hyper_util::service::TowerToHyperService;
/// use switchwire_backend_hyper::{HyperServer, NotFound, TowerSessions, UpgradeService};
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::{HandshakeWebSocketService, UrlHandlerMapping, WebSocketDispatcher};
/// use tower::{Layer, service_fn};
/// use tower_sessions::{MemoryStore, SessionManagerLayer};
/// # use http_body_util::BodyExt;
///
/// let mapping = UrlHandlerMapping::new().with("/me", |session: WebSocketSession| async move {
///     let user = session.attributes().get_named::<serde_json::Value>("user");
///     Ok(session.send(format!("you are {user:?}")).await?)
/// })?;
/// let service = HandshakeWebSocketService::new().with_session_attributes(|name| name == "user");
/// let dispatcher = WebSocketDispatcher::from(mapping).with_service(service);
///
/// let store = MemoryStore::default();
/// let inner = TowerSessions::new(store.clone(), UpgradeService::new(dispatcher, NotFound));
/// let inner = service_fn(move |request: Request<Incoming>| {
///     let answer = inner.call(request);
///     async move { answer.await.map(|response| response.map(BodyExt::boxed)) }
/// });
/// let server = HyperServer::from_service(TowerToHyperService::new(
///     SessionManagerLayer::new(store).layer(inner),
/// ));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Clone)]
pub struct TowerSessions<S> {
    store: Arc<dyn SessionStore>,
    inner: S,
}

impl<S> TowerSessions<S> {
    /// Makes a service that finds the sessions of `store` for `inner`.
    #[must_use]
    pub fn new(store: impl SessionStore, inner: S) -> Self {
        Self {
            store: Arc::new(store),
            inner,
        }
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for TowerSessions<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> S::Future {
        if let Some(session) = request.extensions().get::<Session>().cloned() {
            let store = self.store.clone();
            let session: Arc<dyn HttpSession> = Arc::new(TowerSession { store, session });
            request.extensions_mut().insert(session);
        }
        self.inner.call(request)
    }
}

impl<S: fmt::Debug> fmt::Debug for TowerSessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerSessions")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

struct TowerSession {
    store: Arc<dyn SessionStore>,
    session: Session,
}

#[async_trait]
impl HttpSession for TowerSession {
    async fn copy_attributes(
        &self,
        wanted: &(dyn for<'n> Fn(&'n str) -> bool + Send + Sync),
        attributes: &Attributes,
    ) -> Result<(), HandlerError> {
        let Some(id) = self.session.id() else {
            return Ok(());
        };
        let Some(record) = self.store.load(&id).await? else {
            return Ok(());
        };
        for (name, value) in record.data {
            if wanted(&name) {
                attributes.insert_named(name, value);
            }
        }
        Ok(())
    }
}
