//! The filters that make up routes.

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

/// Serves WebSocket requests with one handler; warp's own filters before it decide about the path.
///
/// Requests that ask for no WebSocket are rejected as not found, so that the next filter may have them. A handshake
/// that is wrong is answered here.
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
/// A mapping's patterns are whole paths, whatever path filters stand before. A path that is not mapped is rejected as
/// not found, and so is a request that asks for no WebSocket: the filters after it are tried, which may be another of
/// these, and the last [`not_found`](crate::not_found()). Routes that would answer anything belong behind
/// [`http`](crate::http()). A handshake that is wrong is
/// answered here, and so is a preflight request to a path with a CORS configuration.
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

/// Extracts a request that asks for a WebSocket, rightly or wrongly, and rejects all others as not found.
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

/// The whole path; none when the target is another than a path, as in `CONNECT example.com:80`.
fn path() -> impl Filter<Extract = (Option<FullPath>,), Error = Infallible> + Clone {
    let none = warp::any().map(|| None);
    let some = has_path().and(warp::path::full()).map(Some);
    some.or(none).unify()
}

/// Rejects targets without a path: all that warp says about paths panics on them.
///
/// The one exception is what it tells a log: it logs in the poll in which the filter before it is
/// ready, right before the filter after it runs.
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

/// Lets through what asks for no WebSocket, and rejects all else as not found.
///
/// In front of routes that would answer anything, it keeps a WebSocket request for a path that has no handler from
/// getting a page: it gets 404.
#[must_use]
pub fn http() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    lets_through(|_, headers| !HandshakeRequest::asks_for_websocket(headers))
}

/// Answers a WebSocket request that no filter before has an endpoint for: 404 with the text that it has on every server.
///
/// It belongs behind all other routes, as it takes what they rejected, for whatever reason. Without it warp answers 404
/// without a text.
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
