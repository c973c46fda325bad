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
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::websocket;
/// use switchwire_core::WebSocketSession;
///
/// async fn greet(session: WebSocketSession) -> switchwire_core::HandlerResult {
///     let name = session.handshake_info().path_parameter("name").unwrap_or_default().to_owned();
///     Ok(session.send(format!("hello {name}")).await?)
/// }
///
/// let router = Router::with_path("hello/{name}").goal(websocket(greet));
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
///
/// ```
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::dispatch;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/chat/{room}", |session: WebSocketSession| async move {
///     let room = session.handshake_info().path_parameter("room").unwrap_or_default().to_owned();
///     Ok(session.send(format!("welcome to {room}")).await?)
/// })?;
/// let router = Router::with_path("chat/{**rest}").goal(dispatch(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
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
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::hoop;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// #[handler]
/// async fn page() -> &'static str {
///     "open me as a WebSocket"
/// }
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let service = Service::new(Router::with_path("hello").get(page)).hoop(hoop(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
pub fn hoop(dispatcher: impl Into<WebSocketDispatcher>) -> impl Handler {
    Hoop(dispatcher.into())
}

/// Whether a request asks for a WebSocket, validly or not, as a filter of a router.
///
/// ```
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::{asks_for_websocket, websocket};
/// use switchwire_core::WebSocketSession;
///
/// #[handler]
/// async fn page() -> &'static str {
///     "open me as a WebSocket"
/// }
///
/// let hello = websocket(|session: WebSocketSession| async move { Ok(session.send("hello").await?) });
/// let router = Router::with_path("hello")
///     .push(Router::with_filter_fn(asks_for_websocket).goal(hello))
///     .push(Router::new().get(page));
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
