//! The filters for routes.

use std::{cell::Cell, convert::Infallible, sync::Arc};

use http::{HeaderMap, Method};
use hyper::upgrade::OnUpgrade;
use switchwire_core::{
    ConnectionInfo, Endpoint, HandshakeError, HandshakeRequest, HttpSession, Principal,
    ResponseHeaders, WebSocketHandler,
};
use switchwire_service::WebSocketDispatcher;
use warp::{Filter, Rejection, Reply, ext, path::FullPath, reply::Response};

use crate::request::WebSocketRequest;

/// Serves WebSocket requests with one handler. warp's own filters before it decide about the path.
///
/// It rejects a request that does not ask for a WebSocket as not found, so that the next filter can
/// serve it. It answers an invalid handshake itself.
///
/// ```
/// use switchwire_backend_warp::websocket;
/// use switchwire_core::WebSocketSession;
/// use warp::Filter;
///
/// let hello = warp::path!("hello").and(websocket(|session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// }));
/// let page = warp::path!("hello").map(|| "open me as a WebSocket");
/// let routes = hello.or(page);
/// # let _ = warp::service(routes);
/// ```
pub fn websocket(
    handler: impl WebSocketHandler + 'static,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    dispatch(Endpoint::new(handler))
}

/// Serves WebSocket requests with a mapping, a single [`Endpoint`], or a whole dispatcher.
///
/// A mapping's patterns are whole paths, whatever path filters stand before it. It rejects a path
/// that is not mapped as not found, and it does the same with a request that does not ask for a
/// WebSocket. warp then tries the filters after it. Those may include another one of these, and
/// [`not_found`](crate::not_found()) as the last. Put routes that answer every request after
/// [`http`](crate::http()). It answers an invalid handshake itself, and a preflight request to a
/// path with a CORS configuration.
///
/// ```
/// use switchwire_backend_warp::{dispatch, http};
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
/// use warp::Filter;
///
/// let mapping = UrlHandlerMapping::new().with("/hello/{name}", |session: WebSocketSession| async move {
///     let name = session.handshake_info().path_parameter("name").unwrap_or_default().to_owned();
///     Ok(session.send(format!("hello {name}")).await?)
/// })?;
/// let pages = warp::any().map(|| "open /hello/world as a WebSocket");
/// let routes = dispatch(mapping).or(http().and(pages));
/// # let _ = warp::service(routes);
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
pub fn dispatch(
    dispatcher: impl Into<WebSocketDispatcher>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let dispatcher = dispatcher.into();
    let concerned = lets_through(|method, headers| {
        HandshakeRequest::asks_for_websocket(headers)
            || HandshakeRequest::asks_for_permission(method, headers)
    });
    concerned
        .and(extract())
        .and_then(move |request: WebSocketRequest| {
            let dispatcher = dispatcher.clone();
            async move { request.dispatch(&dispatcher).await }
        })
}

/// Extracts a request that asks for a WebSocket, validly or not, and rejects all others as not
/// found.
#[must_use]
pub fn request() -> impl Filter<Extract = (WebSocketRequest,), Error = Rejection> + Clone {
    lets_through(|_, headers| HandshakeRequest::asks_for_websocket(headers)).and(extract())
}

fn extract() -> impl Filter<Extract = (WebSocketRequest,), Error = Infallible> + Clone {
    let query = warp::query::raw().map(Some);
    let query = query.or(warp::any().map(|| None)).unify();
    let connection = warp::addr::remote().map(|remote_address| {
        Some(ConnectionInfo {
            remote_address,
            ..ConnectionInfo::default()
        })
    });
    warp::header::headers_cloned()
        .and(warp::method())
        .and(is_one_host())
        .and(path())
        .and(query)
        .and(ext::optional::<OnUpgrade>())
        .map(WebSocketRequest::new)
        .and(connection)
        .map(WebSocketRequest::with_extension)
        .and(ext::optional::<ConnectionInfo>())
        .map(WebSocketRequest::with_extension)
        .and(ext::optional::<Principal>())
        .map(WebSocketRequest::with_extension)
        .and(ext::optional::<ResponseHeaders>())
        .map(WebSocketRequest::with_extension)
        .and(ext::optional::<Arc<dyn HttpSession>>())
        .map(WebSocketRequest::with_extension)
}

/// Whether the host of the target, if it has one, is that of `Host`.
fn is_one_host() -> impl Filter<Extract = (bool,), Error = Infallible> + Clone {
    let one = warp::host::optional().map(|_| true);
    one.or(warp::any().map(|| false)).unify()
}

/// The whole path. `None` when the target is not a path, as in `CONNECT example.com:80`.
fn path() -> impl Filter<Extract = (Option<FullPath>,), Error = Infallible> + Clone {
    let none = warp::any().map(|| None);
    let some = has_path().and(warp::path::full()).map(Some);
    some.or(none).unify()
}

/// Rejects targets without a path, because warp's functions panic on the path of such a request.
///
/// The one exception is warp's log. It logs in the poll in which the filter before it is ready,
/// right before the filter after it runs.
fn has_path() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    thread_local! {
        static HAS_PATH: Cell<bool> = const { Cell::new(false) };
    }
    let look = warp::log::custom(|request| HAS_PATH.set(!request.path().is_empty()));
    let looked = warp::any().map(warp::reply).with(look);
    looked
        .and_then(|_| {
            let has_path = HAS_PATH.get();
            async move { has_path.then_some(()).ok_or_else(warp::reject::not_found) }
        })
        .untuple_one()
}

/// Accepts requests that do not ask for a WebSocket, and rejects all others as not found.
///
/// Put it in front of routes that answer every request. A WebSocket request for a path without a
/// handler then gets 404 instead of a page.
#[must_use]
pub fn http() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    lets_through(|_, headers| !HandshakeRequest::asks_for_websocket(headers))
}

/// Answers a WebSocket request for which no filter before has an endpoint: 404, with the text that
/// it has on every server.
///
/// Put it after all other routes, because it takes every request that they rejected, for whatever
/// reason. Without it, warp answers 404 without a text.
///
/// ```
/// use switchwire_backend_warp::{not_found, websocket};
/// use switchwire_core::WebSocketSession;
/// use warp::Filter;
///
/// let hello = websocket(|session: WebSocketSession| async move { Ok(session.send("hello").await?) });
/// let page = warp::path!("hello").map(|| "open me as a WebSocket");
/// let routes = warp::path!("hello").and(hello).or(page).or(not_found());
/// # let _ = warp::service(routes);
/// ```
#[must_use]
pub fn not_found() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    lets_through(|_, headers| HandshakeRequest::asks_for_websocket(headers))
        .map(|| HandshakeError::NotFound.into_response().into_response())
}

fn lets_through(
    wanted: fn(&Method, &HeaderMap) -> bool,
) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and(warp::header::headers_cloned())
        .and_then(move |method, headers| async move {
            if wanted(&method, &headers) {
                Ok(())
            } else {
                Err(warp::reject::not_found())
            }
        })
        .untuple_one()
}
