//! Attributes from the HTTP sessions of the library tower-sessions.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use switchwire_core::{Attributes, HandlerError, HttpSession, async_trait};
use tower_layer::Layer;
use tower_service::Service;
use tower_sessions_core::{Session, SessionStore};

/// Turns values of tower-sessions' HTTP sessions into attributes of WebSocket sessions.
///
/// Put it inside the session layer, around the service that has the WebSockets. Give it the store
/// of that layer: a `Session` alone does not tell its names. Each attribute is a
/// `serde_json::Value`, with the name that it has in the HTTP session. `HandshakeWebSocketService`
/// sets which values are copied. Without that setting, the store is not read.
///
/// ```
/// use std::convert::Infallible;
///
/// use http::{Request, Response};
/// use switchwire_backend_tower::{TowerSessionsLayer, UpgradeLayer};
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::{HandshakeWebSocketService, UrlHandlerMapping, WebSocketDispatcher};
/// use tower::{ServiceBuilder, service_fn};
/// use tower_sessions::{MemoryStore, SessionManagerLayer};
///
/// let mapping = UrlHandlerMapping::new().with("/me", |session: WebSocketSession| async move {
///     let user = session.attributes().get_named::<serde_json::Value>("user");
///     Ok(session.send(format!("you are {user:?}")).await?)
/// })?;
/// let service = HandshakeWebSocketService::new().with_session_attributes(|name| name == "user");
/// let dispatcher = WebSocketDispatcher::from(mapping).with_service(service);
///
/// let store = MemoryStore::default();
/// let service = ServiceBuilder::new()
///     .layer(SessionManagerLayer::new(store.clone()))
///     .layer(TowerSessionsLayer::new(store))
///     .layer(UpgradeLayer::new(dispatcher))
///     .service(service_fn(|_: Request<String>| async {
///         Ok::<_, Infallible>(Response::new("a page".to_owned()))
///     }));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Clone)]
pub struct TowerSessionsLayer {
    store: Arc<dyn SessionStore>,
}

impl TowerSessionsLayer {
    /// Makes a layer that finds the sessions of `store`.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        Self {
            store: Arc::new(store),
        }
    }
}

impl fmt::Debug for TowerSessionsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TowerSessionsLayer")
    }
}

impl<S> Layer<S> for TowerSessionsLayer {
    type Service = TowerSessions<S>;

    fn layer(&self, inner: S) -> TowerSessions<S> {
        let store = self.store.clone();
        TowerSessions { store, inner }
    }
}

/// The service of a [`TowerSessionsLayer`].
#[derive(Clone)]
pub struct TowerSessions<S> {
    store: Arc<dyn SessionStore>,
    inner: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for TowerSessions<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
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
