//! Peers that do not keep up, or are gone.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{net::SocketAddr, time::Duration};

use socket2::SockRef;
use switchwire_backend_hyper::HyperServer;
use switchwire_core::{ErrorKind, WebSocketHandler, WebSocketSession, WebSocketSettings};
use switchwire_service::UrlHandlerMapping;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use self::common::{Peer, SILENCE, echo, handshake, header, masked, soon, text};

/// A server with this handler at `/` and an echo at `/echo`.
async fn serve(handler: impl WebSocketHandler + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mapping = UrlHandlerMapping::new().with("/", handler).unwrap();
    let mapping = mapping.with("/echo", echo).unwrap();
    tokio::spawn(HyperServer::new(mapping).serve(listener));
    address
}

async fn open(address: SocketAddr, path: &str) -> Peer {
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(handshake(path)).await.status, 101);
    peer
}

#[tokio::test]
async fn send_waits_for_a_peer_that_never_reads_and_loses_nothing() {
    let (stuck, mut is_stuck) = mpsc::unbounded_channel();
    let handler = move |session: WebSocketSession| {
        let stuck = stuck.clone();
        async move {
            let mut sent = 0;
            while let Ok(sending) = timeout(SILENCE, session.send(vec![7_u8; 32 << 10])).await {
                sending?;
                sent += 1;
                assert!(sent < 10_000, "send waits");
            }
            stuck.send((sent, session.buffered_amount())).unwrap();
            session.send("the end").await?;
            Ok(())
        }
    };
    let mut peer = open(serve(handler).await, "/").await;
    let (sent, buffered) = soon(is_stuck.recv()).await.unwrap();
    let allowed = WebSocketSettings::default().outbound_buffer_size() + (32 << 10);
    assert!((1..=allowed).contains(&buffered), "{buffered} bytes wait");

    for _ in 0..sent {
        assert_eq!(peer.frame().await.payload.len(), 32 << 10);
    }
    assert_eq!(peer.frame().await, text("the end"));
}

#[tokio::test]
async fn a_reset_in_a_message_ends_that_session_alone() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let handler = move |mut session: WebSocketSession| {
        let ended = ended.clone();
        async move {
            session.send("go").await?;
            let error = session.receive().await.unwrap_err();
            ended.send(error.kind()).unwrap();
            assert!(session.receive().await?.is_none());
            Err(error.into())
        }
    };
    let address = serve(handler).await;
    let mut other = open(address, "/echo").await;
    let mut peer = open(address, "/").await;
    assert_eq!(peer.frame().await, text("go"));
    peer.send([&header(0x2, 1000)[..], &[7; 500]].concat())
        .await;
    let at_once = Some(Duration::ZERO);
    SockRef::from(&peer.io).set_linger(at_once).unwrap();
    drop(peer);

    assert_eq!(soon(ends.recv()).await, Some(ErrorKind::Io));
    other.send(masked(0x1, b"still here")).await;
    assert_eq!(other.frame().await, text("still here"));
}

#[tokio::test]
async fn a_connection_that_ends_in_a_message_is_a_disconnection() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let handler = move |mut session: WebSocketSession| {
        let ended = ended.clone();
        async move {
            let error = session.receive().await.unwrap_err();
            ended.send(error.kind()).unwrap();
            Ok(())
        }
    };
    let mut peer = open(serve(handler).await, "/").await;
    peer.send([&header(0x2, 1000)[..], &[7; 500]].concat())
        .await;
    drop(peer);
    assert_eq!(soon(ends.recv()).await, Some(ErrorKind::Disconnected));
}
