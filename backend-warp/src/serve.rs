//! Serves without the pitfalls of warp's own server.

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

/// Serves routes over HTTP/1.1 on [`HyperServer`]. Unlike warp's own server, it limits the time for
/// a request's head and the time that an answer waits for its client, turns off Nagle's algorithm,
/// makes short pauses when descriptors run out, and answers `CONNECT`.
///
/// It serves until the future is dropped. That ends all HTTP connections. Sessions continue to
/// their own end.
///
/// [`warp::addr::remote`] yields nothing here, because only warp's own server can set it. The
/// address is in the extension [`ConnectionInfo`](switchwire_core::ConnectionInfo). Sessions know
/// it with either server.
///
/// For limits other than the defaults, see [`server`].
///
/// # Cancel safety
/// Dropping it stops accepting. A connection that was being accepted is closed.
pub async fn serve<F>(routes: F, listener: TcpListener)
where
    F: Filter + Send + Sync + 'static,
    F::Extract: Reply + Send,
    F::Error: Into<Rejection>,
{
    server(routes).serve(listener).await;
}

/// Makes the server of [`serve()`] and [`serve_with_shutdown`], to change its settings.
///
/// It answers 400 to requests whose target has no path, because warp's own path filters panic on
/// them.
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

/// Serves as [`serve()`] does until `signal`, then stops accepting and ends the open connections:
/// HTTP connections after their current request, and sessions as with
/// [`SessionRegistry::shutdown`]. Returns when all have ended, or at the deadline, with a report on
/// the sessions.
///
/// `registry` is the registry that all dispatchers among the routes share
/// ([`with_registry`](switchwire_service::WebSocketDispatcher::with_registry)). To end at once on a
/// second signal, call its `shutdown` with a deadline of zero.
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
/// The same as for [`serve()`]. A shutdown that has begun continues in the registry.
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

/// Turns Nagle's algorithm off for all connections of a listener, which warp's own server does not
/// do.
///
/// Use it as `warp::serve(routes).incoming(without_delay(listener)?)`. On Linux, accepted sockets
/// inherit the option from the listener. On systems where they do not, use [`serve()`].
///
/// # Errors
/// When the operating system refuses.
pub fn without_delay(listener: TcpListener) -> io::Result<TcpListener> {
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}
