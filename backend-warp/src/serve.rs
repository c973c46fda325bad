//! Listening without the traps of warp's own server.

use std::{convert::Infallible, io, time::Duration};

use http::Request;
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use switchwire_backend_hyper::HyperServer;
use switchwire_core::HandshakeError;
use switchwire_service::{SessionRegistry, ShutdownReport};
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply, reply::Response};

/// Serves routes over HTTP/1.1 on [`HyperServer`], which has what warp's own server leaves to ask for: limits on the
/// time for a request's head and on the time an answer waits for its client, no delay by Nagle's algorithm, short pauses when
/// descriptors run out, and an answer to `CONNECT`.
///
/// Serves until the future is dropped. That ends all HTTP connections; sessions go on to their own end.
///
/// [`warp::addr::remote`] yields nothing here, as only warp's own server can set it; the address is in the extension
/// [`ConnectionInfo`](switchwire_core::ConnectionInfo). Sessions know it either way.
///
/// For other limits than the default see [`server`].
///
/// # Cancel safety
/// Dropping it stops accepting; a connection that was being accepted is closed.
pub async fn serve<F>(routes: F, listener: TcpListener)
where
    F: Filter + Send + Sync + 'static,
    F::Extract: Reply + Send,
    F::Error: Into<Rejection>,
{
    server(routes).serve(listener).await;
}

/// The server of [`serve()`] and [`serve_with_shutdown`], for settings of its own.
///
/// It answers 400 to requests whose target has no path, which warp's own path filters panic on.
///
/// ```no_run
/// use std::time::Duration;
/// use switchwire_backend_warp::server;
/// use warp::Filter;
///
/// # async fn run(listener: tokio::net::TcpListener) -> Result<(), Box<dyn std::error::Error>> {
/// let routes = warp::any().map(|| "a page");
/// let server = server(routes).with_write_timeout(Duration::from_secs(10))?;
/// server.serve(listener).await;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn server<F>(
    routes: F,
) -> HyperServer<
    impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
    + use<F>,
>
where
    F: Filter + Send + Sync + 'static,
    F::Extract: Reply + Send,
    F::Error: Into<Rejection>,
{
    let routes = TowerToHyperService::new(warp::service(routes.boxed()));
    HyperServer::from_service(service_fn(move |request: Request<Incoming>| {
        let routes = routes.clone();
        async move {
            match request.uri().path() {
                "" => Ok(HandshakeError::Target.into_response().into_response()),
                _ => routes.call(request).await,
            }
        }
    }))
}

/// [`serve()`] until `signal`, then stops accepting and ends what there is: HTTP connections after the request they are at,
/// sessions as [`SessionRegistry::shutdown`] does. Returns when all have ended, or at the deadline, and tells how the
/// sessions did.
///
/// `registry` is that of the dispatchers among the routes, which share it
/// ([`with_registry`](switchwire_service::WebSocketDispatcher::with_registry)). For a second signal that is to end it at
/// once, call its `shutdown` with no time left.
///
/// ```no_run
/// use std::time::Duration;
/// use switchwire_backend_warp::{dispatch, serve_with_shutdown};
/// use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
///
/// # async fn run(mapping: UrlHandlerMapping, listener: tokio::net::TcpListener) {
/// let dispatcher = WebSocketDispatcher::from(mapping);
/// let registry = dispatcher.registry().clone();
/// let signal = async { drop(tokio::signal::ctrl_c().await) };
/// let deadline = Duration::from_secs(30);
/// serve_with_shutdown(dispatch(dispatcher), listener, registry, signal, deadline).await;
/// # }
/// ```
///
/// # Cancel safety
/// As [`serve()`]. A shutdown that has begun goes on in the registry.
pub async fn serve_with_shutdown<F>(
    routes: F,
    listener: TcpListener,
    registry: SessionRegistry,
    signal: impl Future<Output = ()>,
    deadline: Duration,
) -> ShutdownReport
where
    F: Filter + Send + Sync + 'static,
    F::Extract: Reply + Send,
    F::Error: Into<Rejection>,
{
    server(routes)
        .with_registry(registry)
        .serve_with_shutdown(listener, signal, deadline)
        .await
}

/// Turns Nagle's algorithm off for all connections of a listener, which warp's own server does not.
///
/// For `warp::serve(routes).incoming(without_delay(listener)?)`. Accepted sockets take the option over from the
/// listener on Linux; where they do not, use [`serve()`].
///
/// # Errors
/// When the operating system refuses.
pub fn without_delay(listener: TcpListener) -> io::Result<TcpListener> {
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}
