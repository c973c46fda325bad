use actix_web::{
    Route,
    guard::{GuardContext, fn_guard},
    web::{self, ServiceConfig},
};
use http::{HeaderMap, HeaderValue, header};
use switchwire_core::HandshakeRequest;
use switchwire_service::WebSocketDispatcher;

use crate::WebSocketRequest;

/// Mounts a mapping, for [`App::configure`](actix_web::App::configure).
///
/// Patterns are whole paths. Requests that ask for no WebSocket, and paths that are not mapped, go on to the services
/// that were registered after it, so that a page and its WebSocket can have the same path.
///
/// ```
/// use actix_web::{App, web};
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let app = App::new()
///     .configure(switchwire_backend_actix::configure(mapping.into()))
///     .route("/hello", web::get().to(|| async { "open me as a WebSocket" }));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
pub fn configure(dispatcher: WebSocketDispatcher) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let mapping = dispatcher.clone();
        let is_mapped = move |context: &GuardContext<'_>| {
            asks_for_websocket(context)
                && mapping.mapping().find(context.head().uri.path()).is_some()
        };
        let everywhere = web::scope("").guard(fn_guard(is_mapped));
        config.service(everywhere.default_service(serve(dispatcher)));
    }
}

/// A route for WebSocket requests, for [`Resource::route`](actix_web::Resource::route): other requests go on to the
/// routes after it. The dispatcher's mapping has the whole path of the resource.
pub fn route(dispatcher: WebSocketDispatcher) -> Route {
    serve(dispatcher).guard(fn_guard(asks_for_websocket))
}

fn serve(dispatcher: WebSocketDispatcher) -> Route {
    web::to(move |request: WebSocketRequest| {
        let dispatcher = dispatcher.clone();
        async move { request.dispatch(&dispatcher).await }
    })
}

fn asks_for_websocket(context: &GuardContext<'_>) -> bool {
    let mut headers = HeaderMap::new();
    for name in [header::SEC_WEBSOCKET_KEY, header::UPGRADE] {
        for value in context.head().headers().get_all(name.as_str()) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name.clone(), value);
            }
        }
    }
    HandshakeRequest::asks_for_websocket(&headers)
}
