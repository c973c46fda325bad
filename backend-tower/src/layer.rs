//! The layer that makes an [`UpgradeService`].

use switchwire_service::WebSocketDispatcher;
use tower_layer::Layer;

use crate::service::UpgradeService;

/// Puts an [`UpgradeService`] around a service, which then serves WebSocket requests too.
///
/// ```
/// use std::convert::Infallible;
///
/// use http::{Request, Response};
/// use switchwire_backend_tower::UpgradeLayer;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
/// use tower::{ServiceBuilder, service_fn};
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let service = ServiceBuilder::new().layer(UpgradeLayer::new(mapping)).service(service_fn(
///     |_: Request<String>| async { Ok::<_, Infallible>(Response::new("a page".to_owned())) },
/// ));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpgradeLayer {
    dispatcher: WebSocketDispatcher,
}

impl UpgradeLayer {
    /// Makes a layer that passes WebSocket requests to `dispatcher`.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>) -> Self {
        Self {
            dispatcher: dispatcher.into(),
        }
    }
}

impl<S> Layer<S> for UpgradeLayer {
    type Service = UpgradeService<S>;

    fn layer(&self, inner: S) -> UpgradeService<S> {
        UpgradeService::new(self.dispatcher.clone(), inner)
    }
}
