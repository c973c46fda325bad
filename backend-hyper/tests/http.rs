//! A server of handlers and of pages: what goes to whom, and when connections end.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use switchwire_backend_hyper::HyperServer;
use switchwire_service::UrlHandlerMapping;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use self::common::{
    Frame, Peer, SILENCE, echo, get, handshake, handshake_with, masked, soon, text,
};

/// A server with an echo and a page at `/echo`.
async fn serve(header_read_timeout: Duration) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page =
        |_: Request<Incoming>| async { Ok::<_, Infallible>(Response::new("a page".to_owned())) };
    let mapping = UrlHandlerMapping::new().with("/echo", echo).unwrap();
    let server = HyperServer::with_application(mapping, service_fn(page))
        .with_header_read_timeout(header_read_timeout)
        .unwrap();
    (address, tokio::spawn(server.serve(listener)))
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_page_and_a_websocket_share_a_path() {
    let (address, _server) = serve(LONG).await;
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(get("/echo")).await.body, "a page");
    assert_eq!(peer.ask(handshake("/echo")).await.status, 101);
    peer.send(masked(0x1, b"hello")).await;
    assert_eq!(peer.frame().await, text("hello"));
}

#[tokio::test]
async fn a_rejected_handshake_leaves_the_connection_usable() {
    let (address, _server) = serve(LONG).await;
    let mut peer = Peer::connect(address).await;
    let old = handshake_with("/echo", "Sec-WebSocket-Version: 8\r\n");
    let foreign = "Sec-WebSocket-Version: 13\r\nOrigin: http://evil.example\r\n";
    assert_eq!(peer.ask(old).await.status, 426);
    assert_eq!(peer.ask(get("/")).await.body, "a page");
    assert_eq!(peer.ask(handshake("/nowhere")).await.status, 404);
    assert_eq!(peer.ask(handshake_with("/echo", foreign)).await.status, 403);
    assert_eq!(peer.ask(handshake("/echo")).await.status, 101);
    peer.send(masked(0x2, &[1, 2, 3])).await;
    assert_eq!(peer.frame().await.payload, [1, 2, 3]);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_cut() {
    let (address, _server) = serve(Duration::from_millis(50)).await;
    let mut slow = Peer::connect(address).await;
    slow.send(&handshake("/echo")[..40]).await;
    slow.end().await;

    let (address, _server) = serve(LONG).await;
    let mut slow = Peer::connect(address).await;
    slow.send(&handshake("/echo")[..40]).await;
    assert!(timeout(SILENCE, slow.end()).await.is_err());
    slow.send(&handshake("/echo")[40..]).await;
    assert_eq!(slow.answer().await.status, 101);
}

#[tokio::test]
async fn when_the_server_is_dropped_connections_end_and_sessions_go_on() {
    let (address, server) = serve(LONG).await;
    let mut session = Peer::connect(address).await;
    assert_eq!(session.ask(handshake("/echo")).await.status, 101);
    let mut http = Peer::connect(address).await;
    assert_eq!(http.ask(get("/")).await.status, 200);

    server.abort();
    assert!(soon(server).await.unwrap_err().is_cancelled());
    assert_eq!(http.end().await, b"");
    assert!(TcpStream::connect(address).await.is_err());
    session.send(masked(0x1, b"still here")).await;
    assert_eq!(session.frame().await, text("still here"));
    session.send(masked(0x8, &1000_u16.to_be_bytes())).await;
    let close = Frame {
        opcode: 0x8,
        payload: vec![3, 0xe8],
    };
    assert_eq!(session.frame().await, close);
    assert_eq!(session.end().await, b"");
}

#[tokio::test]
async fn a_client_of_others_gets_back_what_it_sends() {
    let (address, _server) = serve(LONG).await;
    let url = format!("ws://{address}/echo");
    let (mut client, _) = soon(tokio_tungstenite::connect_async(url)).await.unwrap();
    for message in [
        Message::text("gr\u{fc}\u{df}e"),
        Message::text(""),
        Message::binary(vec![7; (64 << 10) + 1]),
        Message::binary(vec![8; 1 << 20]),
    ] {
        soon(client.send(message.clone())).await.unwrap();
        assert_eq!(soon(client.next()).await.unwrap().unwrap(), message);
    }
    let status = CloseFrame {
        code: CloseCode::Library(4999),
        reason: "enough".into(),
    };
    soon(client.close(Some(status))).await.unwrap();
    let Message::Close(Some(answer)) = soon(client.next()).await.unwrap().unwrap() else {
        panic!("the answer to a close is a close");
    };
    assert_eq!(answer.code, CloseCode::Library(4999));
    assert!(soon(client.next()).await.is_none());
}
