//! Serves with the limits that poem's own server lacks.

use std::{convert::Infallible, fmt, io, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::{body::Incoming, service::Service};
use poem::{
    Addr, Endpoint, EndpointExt, IntoEndpoint,
    endpoint::BoxEndpoint,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use switchwire_backend_hyper::HyperServer;
use switchwire_core::ConnectionInfo;

use crate::upgrade::keep;

/// Makes a server of an application on [`HyperServer`]. Unlike poem's own server, it limits the time
/// for a request's head and the time that an answer waits for its client, turns off Nagle's
/// algorithm, and lets sessions see how much of their output a slow peer takes. It speaks HTTP/1.1.
///
/// ```no_run
/// use std::time::Duration;
///
/// use poem::{EndpointExt, Route, endpoint::make_sync};
/// use switchwire_backend_poem::{UpgradeMiddleware, server};
/// use switchwire_service::WebSocketDispatcher;
///
/// # async fn run(dispatcher: WebSocketDispatcher) -> std::io::Result<()> {
/// let sessions = dispatcher.registry().clone();
/// let app = Route::new().at("/", make_sync(|_| "a page")).with(UpgradeMiddleware::new(dispatcher));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// let signal = async { drop(tokio::signal::ctrl_c().await) };
/// let server = server(app).with_registry(sessions);
/// let report = server.serve_with_shutdown(listener, signal, Duration::from_secs(30)).await;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
pub fn server<E>(app: E) -> HyperServer<PoemService>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let app = app.into_endpoint().map_to_response().boxed();
    HyperServer::from_service(PoemService { app: Arc::new(app) })
}

/// The hyper service of an application. See [`server`].
#[derive(Clone)]
pub struct PoemService {
    app: Arc<BoxEndpoint<'static>>,
}

impl Service<Request<Incoming>> for PoemService {
    type Response = Response<BoxBody<Bytes, io::Error>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        keep(&mut request);
        let info = request.extensions().get::<ConnectionInfo>().copied();
        let info = info.unwrap_or_default();
        let address = |address: Option<_>| address.map_or_else(Addr::default, Addr::from);
        let scheme = if info.secure {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        let request = poem::Request::from((
            request,
            LocalAddr(address(info.local_address)),
            RemoteAddr(address(info.remote_address)),
            scheme,
        ));
        let app = self.app.clone();
        Box::pin(async move { Ok(app.get_response(request).await.into()) })
    }
}

impl fmt::Debug for PoemService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoemService")
    }
}
