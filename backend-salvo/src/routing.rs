//! Handlers for routes, a hoop for a whole application, and a filter.

use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait, routing::PathState};
use switchwire_core::{Endpoint, HandshakeRequest, WebSocketHandler};
use switchwire_service::WebSocketDispatcher;

use crate::request::WebSocketRequest;

/// Makes the goal of a route that serves WebSocket requests with one handler. salvo's own routing
/// decides about the path. The handler gets the path's parameters.
///
/// It answers a request that does not ask for a WebSocket with 400.
///
/// ```
/// # use salvo::prelude::*;
/// # fn build(greet: impl switchwire_core::WebSocketHandler + 'static) {
/// let router = Router::with_path("hello/{name}").goal(switchwire_backend_salvo::websocket(greet));
/// # }
/// ```
pub fn websocket(handler: impl WebSocketHandler + 'static) -> impl Handler {
    dispatch(Endpoint::new(handler))
}

/// Makes the goal of a route like [`websocket`] for an [`Endpoint`] with its own settings, for a
/// mapping, or for a whole dispatcher.
///
/// A mapping's patterns are whole paths, whatever routers this one is nested in. A path that it does
/// not have gets 404. The route also answers a preflight request to a path with a CORS
/// configuration.
pub fn dispatch(dispatcher: impl Into<WebSocketDispatcher>) -> impl Handler {
    Goal(dispatcher.into())
}

/// Makes a hoop that serves every WebSocket request with a mapping or a dispatcher, and passes all
/// other requests on, so that a page and its WebSocket can have the same path.
///
/// Put it on the service. salvo runs the hoops of a router only for paths that the router has.
///
/// A WebSocket request for a path that is not mapped gets 404, even when a route would serve it. For
/// WebSocket routes of salvo's own beside ours, use [`websocket`] or [`dispatch`].
///
/// ```
/// # use salvo::prelude::*;
/// # fn build(router: Router, mapping: switchwire_service::UrlHandlerMapping) {
/// let service = Service::new(router).hoop(switchwire_backend_salvo::hoop(mapping));
/// # }
/// ```
pub fn hoop(dispatcher: impl Into<WebSocketDispatcher>) -> impl Handler {
    Hoop(dispatcher.into())
}

/// Whether a request asks for a WebSocket, validly or not, as a filter of a router.
///
/// ```
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::asks_for_websocket;
///
/// # fn build(hello: impl Handler, page: impl Handler) {
/// let router = Router::with_path("hello")
///     .push(Router::with_filter_fn(asks_for_websocket).goal(hello))
///     .push(Router::new().get(page));
/// # }
/// ```
pub fn asks_for_websocket(request: &mut Request, _: &mut PathState<'_>) -> bool {
    HandshakeRequest::asks_for_websocket(request.headers())
}

struct Goal(WebSocketDispatcher);

#[async_trait]
impl Handler for Goal {
    async fn handle(
        &self,
        request: &mut Request,
        _: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let asked = WebSocketRequest::of(request);
        asked.dispatch(&self.0, response).await;
    }
}

struct Hoop(WebSocketDispatcher);

#[async_trait]
impl Handler for Hoop {
    async fn handle(
        &self,
        request: &mut Request,
        _: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let path = request.uri().path();
        if self.0.wants(request.method(), request.headers(), path) {
            let asked = WebSocketRequest::of(request);
            asked.dispatch(&self.0, response).await;
            flow.skip_rest();
        }
    }
}
