//! Routes for a whole mapping.

use rocket::{
    Data, Request, Route, async_trait,
    http::{
        Method::{Connect, Delete, Get, Head, Options, Patch, Post, Put, Trace},
        Status,
    },
    route::{self, Outcome},
};
use switchwire_core::{Endpoint, WebSocketHandler};
use switchwire_service::WebSocketDispatcher;

use crate::request::WebSocketRequest;

/// Before the routes of an application, whose ranks are -12 to -1 by default.
const RANK: isize = -100;

/// Makes routes that serve WebSocket requests with one handler, at every path below the base that
/// they are mounted at: `rocket.mount("/hello", websocket(handler))`.
pub fn websocket(handler: impl WebSocketHandler + 'static) -> Vec<Route> {
    routes(Endpoint::new(handler))
}

/// Makes routes that serve WebSocket requests with a mapping, a single [`Endpoint`], or a whole
/// dispatcher. The patterns are paths without the base that the routes are mounted at.
///
/// All other requests are forwarded to the application's routes, so that a page and its WebSocket
/// can have the same path. The routes come before all others, and have all methods. A WebSocket
/// request for a path below the base that is not mapped gets 404.
///
/// ```
/// use switchwire_backend_rocket::routes;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/rooms/{room}", |session: WebSocketSession| async move {
///     let room = session.handshake_info().path_parameter("room").unwrap_or_default().to_owned();
///     Ok(session.send(format!("welcome to {room}")).await?)
/// })?;
/// let rocket = rocket::build().mount("/chat", routes(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
pub fn routes(dispatcher: impl Into<WebSocketDispatcher>) -> Vec<Route> {
    let handler = Routed(dispatcher.into());
    let route = |method| Route::ranked(RANK, method, "/<_..>", handler.clone());
    let methods = [Get, Put, Post, Delete, Options, Head, Trace, Connect, Patch];
    methods.map(route).into()
}

#[derive(Clone)]
struct Routed(WebSocketDispatcher);

#[async_trait]
impl route::Handler for Routed {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let asked = WebSocketRequest::of(request);
        if asked.is_wanted_by(&self.0) {
            Outcome::from(request, asked.dispatch(&self.0).await)
        } else {
            Outcome::forward(data, Status::NotFound)
        }
    }
}
