//! Serves with the limits that axum's own server lacks.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::map_request,
};
use hyper_util::service::TowerToHyperService;
use switchwire_backend_hyper::HyperServer;
use switchwire_core::ConnectionInfo;

/// Makes a server of an application on [`HyperServer`]. Unlike `axum::serve`, it limits the time
/// for a request's head and the time that an answer waits for its client, and turns off Nagle's
/// algorithm. It speaks HTTP/1.1.
///
/// Handlers can extract `ConnectInfo<SocketAddr>` without any further code.
///
/// ```no_run
/// use std::time::Duration;
///
/// use axum::Router;
/// use switchwire_backend_axum::{router, server};
/// use switchwire_service::WebSocketDispatcher;
///
/// # async fn run(dispatcher: WebSocketDispatcher) -> std::io::Result<()> {
/// let sessions = dispatcher.registry().clone();
/// let app = Router::new().merge(router(dispatcher));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// let signal = async { drop(tokio::signal::ctrl_c().await) };
/// let server = server(app).with_registry(sessions);
/// let report = server.serve_with_shutdown(listener, signal, Duration::from_secs(30)).await;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn server(app: Router) -> HyperServer<TowerToHyperService<Router>> {
    let app = app.layer(map_request(async |mut request: Request| {
        let connection = request.extensions().get::<ConnectionInfo>();
        if let Some(remote) = connection.and_then(|connection| connection.remote_address) {
            request
                .extensions_mut()
                .insert(ConnectInfo::<SocketAddr>(remote));
        }
        request
    }));
    HyperServer::from_service(TowerToHyperService::new(app))
}
