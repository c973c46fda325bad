//! What a session runs on after the switch, and that nothing is lost in it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::{convert::Infallible, pin::Pin};

use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use switchwire_backend_hyper::{HyperIo, HyperRequestUpgradeStrategy, HyperServer, HyperTransport};
use switchwire_core::{
    Endpoint, Error, HandshakeError, HandshakeRequest, InvalidSettings, RequestUpgradeStrategy,
    WebSocketSettings, spi::SessionParameters,
};
use switchwire_service::{Dispatch, WebSocketDispatcher};
use tokio::{
    io::{AsyncRead, AsyncWrite, duplex},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_tungstenite::tungstenite::Message;

use self::{
    common::{Peer, echo, handshake, masked, soon, text},
    tls::tls,
};

/// hyper's strategy; it tells whether the session has the socket itself.
struct Watched(UnboundedSender<bool>);

#[deny(clippy::missing_trait_methods, reason = "it is hyper's in all it does")]
impl RequestUpgradeStrategy for Watched {
    type Request = Request<Incoming>;
    type Response = Response<()>;
    type Transport = HyperTransport;
    type Upgrading = Pin<Box<dyn Future<Output = Result<HyperTransport, Error>> + Send>>;

    fn server(&self) -> &'static str {
        HyperRequestUpgradeStrategy::<Incoming>::default().server()
    }

    fn check_settings(&self, settings: &WebSocketSettings) -> Result<(), InvalidSettings> {
        HyperRequestUpgradeStrategy::<Incoming>::default().check_settings(settings)
    }

    fn handshake_request(&self, request: &Self::Request) -> HandshakeRequest {
        HyperRequestUpgradeStrategy::default().handshake_request(request)
    }

    fn upgrade(
        &self,
        request: Self::Request,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        let hyper = HyperRequestUpgradeStrategy::default();
        let (response, upgrading) = hyper.upgrade(request, response, parameters)?;
        let seen = self.0.clone();
        let watched = async move {
            let transport = upgrading.await?;
            let is_socket = match transport.io() {
                HyperIo::Tcp(socket) => {
                    assert_is_limited(socket);
                    true
                }
                HyperIo::Other(_) => false,
                other => panic!("{other:?}"),
            };
            seen.send(is_socket).unwrap();
            Ok(transport)
        };
        Ok((response, Box::pin(watched)))
    }
}

/// The kernel gives up on a peer that acknowledges nothing for longer than the driver would wait.
fn assert_is_limited(socket: &TcpStream) {
    #[cfg(target_os = "linux")]
    assert_eq!(
        rustix::net::sockopt::tcp_user_timeout(socket),
        Ok(65_000),
        "what the default policy gives a peer that reads nothing, and the Close, in milliseconds"
    );
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

async fn answer(
    request: Request<Incoming>,
    watched: Watched,
) -> Result<Response<String>, Infallible> {
    let dispatcher = WebSocketDispatcher::from(Endpoint::new(echo));
    match dispatcher.dispatch(&watched, request).await {
        Dispatch::Accepted(response, session) => {
            tokio::spawn(session);
            Ok(response.map(|()| String::new()))
        }
        refused => panic!("{refused:?}", refused = std::mem::discriminant(&refused)),
    }
}

/// Serves one connection with hyper's own builder, or with the one that finds out the HTTP version.
fn serve<IO>(io: IO, with_auto: bool) -> UnboundedReceiver<bool>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (seen, sees) = unbounded_channel();
    let service = service_fn(move |request| answer(request, Watched(seen.clone())));
    let io = TokioIo::new(io);
    tokio::spawn(async move {
        if with_auto {
            let builder = auto::Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection_with_upgrades(io, service);
            connection.await.unwrap();
        } else {
            let connection = http1::Builder::new().serve_connection(io, service);
            connection.with_upgrades().await.unwrap();
        }
    });
    sees
}

async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connecting = TcpStream::connect(listener.local_addr().unwrap());
    let (accepted, connected) = tokio::join!(soon(listener.accept()), connecting);
    (accepted.unwrap().0, connected.unwrap())
}

/// Sends the handshake and two frames and a half in one segment; all come back.
async fn nothing_is_lost<IO: AsyncRead + AsyncWrite + Unpin>(io: IO) {
    let mut peer = Peer::new(io);
    let frames = [masked(0x1, b"first"), masked(0x1, b"second")].concat();
    let third = masked(0x2, &[7; 1000]);
    let together = [handshake("/").as_bytes(), &frames, &third[..500]].concat();
    assert_eq!(peer.ask(together).await.status, 101);
    assert_eq!(peer.frame().await, text("first"));
    assert_eq!(peer.frame().await, text("second"));
    peer.send(&third[500..]).await;
    assert_eq!(peer.frame().await.payload, [7; 1000]);
}

#[tokio::test]
async fn a_session_has_the_socket_itself() {
    let (server, client) = sockets().await;
    let mut is_socket = serve(server, false);
    nothing_is_lost(client).await;
    assert_eq!(soon(is_socket.recv()).await, Some(true));
}

#[tokio::test]
async fn a_session_of_the_auto_builder_has_the_socket_with_the_feature() {
    let (server, client) = sockets().await;
    let mut is_socket = serve(server, true);
    nothing_is_lost(client).await;
    assert_eq!(soon(is_socket.recv()).await, Some(cfg!(feature = "auto")));
}

#[tokio::test]
async fn a_session_of_our_own_server_has_the_socket_itself() {
    let (seen, mut is_socket) = unbounded_channel();
    let service = service_fn(move |request| answer(request, Watched(seen.clone())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connecting = TcpStream::connect(listener.local_addr().unwrap());
    tokio::spawn(HyperServer::from_service(service).serve(listener));
    nothing_is_lost(soon(connecting).await.unwrap()).await;
    assert_eq!(soon(is_socket.recv()).await, Some(true));
}

#[tokio::test]
async fn any_other_io_serves_too() {
    for with_auto in [false, true] {
        let (server, client) = duplex(4 << 10);
        let mut is_socket = serve(server, with_auto);
        nothing_is_lost(client).await;
        assert_eq!(soon(is_socket.recv()).await, Some(false));
    }
}

#[tokio::test]
async fn tls_serves_too() {
    let (config, connector) = tls();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    for with_auto in [false, true] {
        let (server, client) = sockets().await;
        let name = "localhost".try_into().unwrap();
        let (server, client) =
            tokio::join!(acceptor.accept(server), connector.connect(name, client));
        let mut is_socket = serve(server.unwrap(), with_auto);

        let client = tokio_tungstenite::client_async("ws://localhost/", client.unwrap());
        let (mut client, _) = soon(client).await.unwrap();
        let message = Message::binary(vec![7; 1 << 20]);
        soon(client.send(message.clone())).await.unwrap();
        assert_eq!(soon(client.next()).await.unwrap().unwrap(), message);
        assert_eq!(soon(is_socket.recv()).await, Some(false));
        soon(client.close(None)).await.unwrap();
        assert!(soon(client.next()).await.unwrap().unwrap().is_close());
    }
}
