//! Serves handlers on hyper, with our own handshake and the engine's sessions.

use std::{convert::Infallible, net::SocketAddr, pin::Pin, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use switchwire_backend_hyper::{HyperRequestUpgradeStrategy, answer};
use switchwire_conformance_app::TestApp;
use switchwire_core::{
    ConnectionInfo, Error, ErrorKind, HandshakeError, HandshakeRequest, RequestUpgradeStrategy,
    spi::SessionParameters,
};
use switchwire_engine_tungstenite::{TungsteniteTransport, config};
use switchwire_service::WebSocketDispatcher;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, dispatcher: WebSocketDispatcher) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, peer)) = listener.accept().await {
        connections.spawn(connection(tcp, peer, dispatcher.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(tcp: TcpStream, peer: SocketAddr, dispatcher: WebSocketDispatcher) {
    let _ = tcp.set_nodelay(true);
    let info = ConnectionInfo {
        remote_address: Some(peer),
        local_address: tcp.local_addr().ok(),
        secure: false,
    };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(info);
        let dispatcher = dispatcher.clone();
        async move {
            let dispatched = dispatcher.dispatch(&OverTungstenite, request).await;
            let page = |_| Response::new(Full::<Bytes>::from(TestApp::HTTP_BODY));
            Ok::<_, Infallible>(answer(dispatched).unwrap_or_else(page))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    let _ = served.await; // the peer has seen what it is
}

/// hyper's strategy, with the engine's transport.
struct OverTungstenite;

impl RequestUpgradeStrategy for OverTungstenite {
    type Request = Request<Incoming>;
    type Response = Response<()>;
    type Transport = TungsteniteTransport<TcpStream>;
    type Upgrading = Pin<Box<dyn Future<Output = Result<Self::Transport, Error>> + Send>>;

    fn server(&self) -> &'static str {
        "tungstenite"
    }

    fn handshake_request(&self, request: &Self::Request) -> HandshakeRequest {
        HyperRequestUpgradeStrategy::default().handshake_request(request)
    }

    fn upgrade(
        &self,
        mut request: Self::Request,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = upgrade.ok_or(HandshakeError::NotUpgradable)?;
        let parameters = parameters.clone();
        Ok((response, Box::pin(switch(upgrade, parameters))))
    }
}

async fn switch(
    upgrade: OnUpgrade,
    parameters: SessionParameters,
) -> Result<TungsteniteTransport<TcpStream>, Error> {
    let failed = |error| Error::with_source(ErrorKind::Handshake, error);
    let parts = upgrade
        .await
        .map_err(failed)?
        .downcast::<TokioIo<TcpStream>>();
    let parts = parts.expect("the server above has no other connections");
    let (io, already_read) = (parts.io.into_inner(), parts.read_buf.to_vec());
    let settings = parameters.settings();
    let config = Some(config(settings));
    let stream = WebSocketStream::from_partially_read(io, already_read, Role::Server, config);
    Ok(TungsteniteTransport::server(stream.await, settings))
}
