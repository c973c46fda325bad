//! Routes, a router and a layer.

use std::{collections::HashSet, convert::Infallible};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodRouter, Route, any},
};
use switchwire_backend_hyper::answer;
use switchwire_core::{Endpoint, WebSocketHandler};
use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
use tower_layer::Layer;
use tower_service::Service;

use crate::{request::WebSocketRequest, upgrade::AxumRequestUpgradeStrategy};

/// Makes a route that serves WebSocket requests with one handler. axum's own routing decides about
/// the path. The handler gets the path's parameters.
///
/// It answers a request that does not ask for a WebSocket with 400.
///
/// ```
/// use axum::{Router, routing::get};
/// use switchwire_backend_axum::websocket;
/// use switchwire_core::WebSocketSession;
///
/// async fn greet(session: WebSocketSession) -> switchwire_core::HandlerResult {
///     let name = session.handshake_info().path_parameter("name").unwrap_or_default().to_owned();
///     Ok(session.send(format!("hello {name}")).await?)
/// }
///
/// let app: Router = Router::new()
///     .route("/hello/{name}", websocket(greet))
///     .route("/", get(|| async { "open /hello/world as a WebSocket" }));
/// ```
pub fn websocket<S>(handler: impl WebSocketHandler + 'static) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    dispatch(Endpoint::new(handler))
}

/// Makes a route like [`websocket`] for an [`Endpoint`] with its own settings, for a mapping, or
/// for a whole dispatcher.
///
/// A mapping's patterns are whole paths, without the prefixes of routers that this one is nested
/// in. A path that it does not have gets 404. The route also answers a preflight request to a path
/// with a CORS configuration.
pub fn dispatch<S>(dispatcher: impl Into<WebSocketDispatcher>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let dispatcher = dispatcher.into();
    any(move |request: Request| {
        let dispatcher = dispatcher.clone();
        async move {
            let (mut parts, _) = request.into_parts();
            match WebSocketRequest::of(&mut parts).await {
                Ok(request) => request.dispatch(&dispatcher).await,
                Err(rejection) => rejection.into_response(),
            }
        }
    })
}

/// Makes a router with one route for each pattern of a mapping, to merge or to nest. When it is
/// nested, the handlers get the path parameters of the prefix too.
///
/// ```
/// use axum::{Router, routing::get};
/// use switchwire_backend_axum::router;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/chat/{room}", |session: WebSocketSession| async move {
///     let room = session.handshake_info().path_parameter("room").unwrap_or_default().to_owned();
///     Ok(session.send(format!("welcome to {room}")).await?)
/// })?;
/// let app: Router = Router::new()
///     .route("/", get(|| async { "a page" }))
///     .nest("/v1/{tenant}", router(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
///
/// A WebSocket request for any other path goes to the application's other routes and its fallback.
/// When the fallback answers everything with a page, let it take an `Option<WebSocketRequest>`, and
/// [`dispatch`](WebSocketRequest::dispatch) the request when there is one: it then gets 404. The
/// mapping's own fallback, if it has one, becomes the router's.
///
/// # Panics
/// When axum cannot route a pattern. Its patterns begin with `/`, a parameter is a whole segment of
/// the path, and no two patterns match the same paths, not even those of mappings of different
/// orders.
pub fn router<S>(dispatcher: impl Into<WebSocketDispatcher>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let dispatcher = dispatcher.into();
    let patterns = dispatcher.mappings().flat_map(UrlHandlerMapping::patterns);
    let patterns: HashSet<&str> = patterns.collect();
    let route = dispatch(dispatcher.clone());
    let mut router = Router::new();
    for pattern in patterns {
        router = router.route(pattern, route.clone());
    }
    if dispatcher.mappings().any(UrlHandlerMapping::has_fallback) {
        router = router.fallback_service(dispatch(dispatcher.clone()));
    }
    router
}

/// Makes a layer that serves every WebSocket request with a mapping or a dispatcher, and passes all
/// other requests on, so that a page and its WebSocket can have the same path.
///
/// A WebSocket request for a path that is not mapped gets 404, even when a route inside would serve
/// it. For routes of axum's own `ws` beside ours, use [`router`] or [`websocket`].
///
/// ```
/// use axum::{Router, routing::get};
/// use switchwire_backend_axum::layer;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let app: Router = Router::new()
///     .route("/hello", get(|| async { "open me as a WebSocket" }))
///     .fallback(|| async { "any other page" })
///     .layer(layer(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
pub fn layer(
    dispatcher: impl Into<WebSocketDispatcher>,
) -> impl Layer<
    Route,
    Service: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send>
                 + Clone
                 + Send
                 + Sync
                 + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    let dispatcher = dispatcher.into();
    from_fn(move |request: Request, next: Next| {
        let dispatcher = dispatcher.clone();
        async move { dispatch_or(&dispatcher, request, next).await }
    })
}

async fn dispatch_or(dispatcher: &WebSocketDispatcher, request: Request, next: Next) -> Response {
    if !dispatcher.wants(request.method(), request.headers(), request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let asked = match WebSocketRequest::of(&mut parts).await {
        Ok(asked) => asked,
        Err(rejection) => return rejection.into_response(),
    };
    let strategy = AxumRequestUpgradeStrategy::default();
    match answer(dispatcher.dispatch(&strategy, asked).await) {
        Ok(response) => response.map(Body::new),
        Err(_) => next.run(Request::from_parts(parts, body)).await,
    }
}
