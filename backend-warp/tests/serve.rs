//! What happens to connections, on warp's own server and on `serve`.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;

use switchwire_backend_hyper::HyperIo;
use switchwire_backend_warp::{
    WarpRequestUpgradeStrategy, WebSocketRequest, http, request, serve, websocket, without_delay,
};
use switchwire_core::{
    ConnectionInfo, RequestUpgradeStrategy, WebSocketSession, spi::SessionParameters,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use warp::{Filter, ext};

use self::common::{Peer, get, handshake, soon, text};

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn connections_are_without_delay() {
    let listener = without_delay(listener().await).unwrap();
    let connecting = TcpStream::connect(listener.local_addr().unwrap());
    let (accepted, connected) = tokio::join!(soon(listener.accept()), connecting);
    assert!(accepted.unwrap().0.nodelay().unwrap());
    drop(connected);
}

#[tokio::test]
async fn a_session_runs_on_the_raw_socket() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let route = request().map(move |request: WebSocketRequest| {
        let response = http::Response::builder()
            .status(101)
            .header("upgrade", "websocket")
            .header("connection", "upgrade")
            .body(())
            .unwrap();
        let (response, upgrading) = WarpRequestUpgradeStrategy::default()
            .upgrade(
                request,
                response,
                &SessionParameters::server(std::sync::Arc::default()),
            )
            .unwrap();
        let seen = seen.clone();
        tokio::spawn(async move {
            let transport = upgrading.await.unwrap();
            seen.send(matches!(transport.io(), HyperIo::Tcp(_)))
                .unwrap();
        });
        response
    });
    let listener = listener().await;
    let mut peer = Peer::connect(listener.local_addr().unwrap()).await;
    tokio::spawn(warp::serve(route).incoming(listener).run());
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    assert_eq!(soon(sees.recv()).await, Some(true));
}

#[tokio::test]
async fn serve_tells_both_addresses() {
    let tells = |session: WebSocketSession| async move {
        let info = session.handshake_info();
        let told = format!("{:?} {:?}", info.remote_address(), info.local_address());
        Ok(session.send(told).await?)
    };
    let page = ext::get().map(|info: ConnectionInfo| format!("{:?}", info.remote_address));
    let routes = websocket(tells).or(http().and(page));
    let listener = listener().await;
    let mut peer = Peer::connect(listener.local_addr().unwrap()).await;
    tokio::spawn(serve(routes, listener));

    let client = peer.io.local_addr().unwrap();
    let server = peer.io.peer_addr().unwrap();
    assert_eq!(peer.ask(get("/")).await.body, format!("Some({client})"));
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    assert_eq!(
        peer.frame().await,
        text(&format!("Some({client}) Some({server})"))
    );
}
