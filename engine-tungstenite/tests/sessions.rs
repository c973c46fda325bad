//! Sessions over streams of the engine, on both sides.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::result_large_err, reason = "the type is of the engine")]

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use switchwire_core::{
    CloseCode, CloseOutcome, ErrorKind, HandlerResult, HandshakeError, HandshakeInfo,
    HandshakeRequest, WebSocketSession, WebSocketSettings,
};
use switchwire_engine_tungstenite::{TungsteniteTransport, config};
use switchwire_service::{UpgradeEndpoint, hand_over_transport};
use tokio::{
    io::{DuplexStream, duplex},
    net::TcpListener,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config, connect_async,
    tungstenite::{
        Message,
        handshake::server::Request,
        protocol::{Role, WebSocketConfig},
    },
};

const SOON: Duration = Duration::from_secs(20);

type Peer = WebSocketStream<DuplexStream>;

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// Serves one session on a listener, with the engine's own handshake.
async fn serve_one(listener: TcpListener, endpoint: UpgradeEndpoint) -> CloseOutcome {
    let (tcp, peer) = listener.accept().await.unwrap();
    let mut request = Request::default();
    let note = |asked: &Request, answer| {
        request.clone_from(asked);
        Ok(answer)
    };
    let config = Some(config(endpoint.settings()));
    let stream = accept_hdr_async_with_config(tcp, note, config)
        .await
        .unwrap();
    let info = HandshakeRequest::from(request.into_parts().0)
        .with_remote_address(Some(peer))
        .into_info(None);
    assert_eq!(info.uri().path(), "/echo");
    let transport = TungsteniteTransport::server(stream, endpoint.settings());
    let session = endpoint.serve_transport("tungstenite", transport, info, echo);
    session.unwrap().await
}

#[tokio::test]
async fn a_client_and_a_server_talk_and_close() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve_one(listener, UpgradeEndpoint::new()));
    let (stream, answer) = connect_async(format!("ws://{address}/echo")).await.unwrap();
    let settings = Arc::new(WebSocketSettings::default());
    let transport = TungsteniteTransport::client(stream, &settings);
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.headers = answer.into_parts().0.headers;
    let info = HandshakeRequest::from(head).into_info(None);
    let (session, driver) = hand_over_transport(transport, info, settings);
    let driver = tokio::spawn(driver);
    let mut session = session.await.unwrap();
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        session.send(vec![7; size]).await.unwrap();
        session.send("é".repeat(size / 2)).await.unwrap();
        let received = session.receive().await.unwrap().unwrap();
        assert_eq!(received.payload().len(), size);
        let received = session.receive().await.unwrap().unwrap();
        assert_eq!(received.as_text().unwrap().len(), size / 2 * 2);
    }
    assert_eq!(session.close(CloseCode::NORMAL).await.code(), 1000);
    assert_eq!(server.await.unwrap().code(), 1000);
    assert!(driver.await.unwrap().is_clean());
}

/// The server's stream, and its peer.
async fn pair(config: WebSocketConfig) -> (Peer, Peer) {
    let (ours, theirs) = duplex(4 << 10);
    let server = WebSocketStream::from_raw_socket(ours, Role::Server, Some(config));
    let peer = WebSocketStream::from_raw_socket(theirs, Role::Client, None);
    tokio::join!(server, peer)
}

fn info() -> Arc<HandshakeInfo> {
    let (head, ()) = http::Request::new(()).into_parts();
    HandshakeRequest::from(head).into_info(None)
}

#[tokio::test]
async fn the_limits_of_the_endpoint_hold() {
    let settings = WebSocketSettings::builder()
        .with_max_message_size(10)
        .with_max_frame_size(10)
        .with_max_sessions(1)
        .build()
        .unwrap();
    let endpoint = UpgradeEndpoint::new().with_settings(settings);
    // The engine's own limit is far larger.
    let (server, mut peer) = pair(WebSocketConfig::default()).await;
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let first = endpoint.serve_transport("tungstenite", transport, info(), echo);
    let first = tokio::spawn(first.unwrap());
    let (server, _peer) = pair(WebSocketConfig::default()).await;
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let second = endpoint.serve_transport("tungstenite", transport, info(), echo);
    assert!(matches!(second, Err(HandshakeError::TooManySessions)));

    peer.send(Message::binary(vec![0; 11])).await.unwrap();
    let Some(Ok(Message::Close(Some(close)))) = peer.next().await else {
        panic!("no Close");
    };
    assert_eq!(u16::from(close.code), 1009);
    while peer.next().await.is_some() {}
    drop(peer);
    let CloseOutcome::Abnormal(error) = first.await.unwrap() else {
        panic!("the message is too big");
    };
    assert_eq!(error.kind(), ErrorKind::TooBig);
}

#[tokio::test]
async fn a_small_write_buffer_holds_messages_back_and_loses_none() {
    let endpoint = UpgradeEndpoint::new();
    let config = WebSocketConfig::default()
        .write_buffer_size(0)
        .max_write_buffer_size(3_000);
    let (server, mut peer) = pair(config).await;
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let handler = |session: WebSocketSession| async move {
        for number in 0..100_u8 {
            session.send(vec![number; 2_000]).await?;
        }
        Ok(())
    };
    let session = endpoint.serve_transport("tungstenite", transport, info(), handler);
    let session = tokio::spawn(session.unwrap());
    for number in 0..100 {
        let message = peer.next().await.unwrap().unwrap();
        assert_eq!(message, Message::binary(vec![number; 2_000]));
    }
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(_)))));
    assert!(peer.next().await.is_none());
    drop(peer);
    assert_eq!(session.await.unwrap().code(), 1000);
}

#[tokio::test]
async fn a_message_that_never_fits_ends_the_session() {
    let endpoint = UpgradeEndpoint::new();
    let config = WebSocketConfig::default()
        .write_buffer_size(0)
        .max_write_buffer_size(1_000);
    let (server, _peer) = pair(config).await;
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let handler = |session: WebSocketSession| async move {
        session.send(vec![0; 2_000]).await?;
        session.closed().await;
        Ok(())
    };
    let session = endpoint.serve_transport("tungstenite", transport, info(), handler);
    let outcome = timeout(SOON, session.unwrap()).await.unwrap();
    let CloseOutcome::Abnormal(error) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        format!("{error:?}").contains("max_write_buffer_size"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_peer_that_reads_nothing_holds_the_handler_back() {
    let settings = WebSocketSettings::builder()
        .with_outbound_buffer_size(64 << 10)
        .build()
        .unwrap();
    let endpoint = UpgradeEndpoint::new().with_settings(settings);
    let (server, mut peer) = pair(config(endpoint.settings())).await;
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let handler = |session: WebSocketSession| async move {
        for _ in 0..1_000 {
            session.send(vec![0; 10_000]).await?;
        }
        Ok(())
    };
    let session = endpoint.serve_transport("tungstenite", transport, info(), handler);
    let mut session = pin!(session.unwrap());
    timeout(Duration::from_millis(200), session.as_mut())
        .await
        .unwrap_err();
    let all = async move {
        let mut messages = 0;
        while let Some(Ok(message)) = peer.next().await {
            messages += usize::from(message.is_binary());
        }
        drop(peer);
        messages
    };
    let (messages, outcome) = tokio::join!(all, session);
    assert_eq!((messages, outcome.code()), (1_000, 1000));
}

#[tokio::test]
async fn a_shutdown_closes_with_1001() {
    let endpoint = UpgradeEndpoint::new();
    let (server, mut peer) = pair(config(endpoint.settings())).await;
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let session = endpoint.serve_transport("tungstenite", transport, info(), echo);
    let session = tokio::spawn(session.unwrap());
    peer.send(Message::text("hello")).await.unwrap();
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::text("hello"));
    let all = async move {
        let Some(Ok(Message::Close(Some(close)))) = peer.next().await else {
            panic!("no Close");
        };
        while peer.next().await.is_some() {}
        drop(peer);
        u16::from(close.code)
    };
    let (report, code) = tokio::join!(endpoint.registry().shutdown(SOON), all);
    assert_eq!((report.closed, code), (1, 1001), "{report}");
    assert_eq!(session.await.unwrap().code(), 1001);
}
