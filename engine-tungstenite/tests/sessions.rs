//! Sessions over streams of the engine, on both sides.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::result_large_err, reason = "the type is of the engine")]

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use switchwire_core::{
    CloseCode, CloseOutcome, ErrorKind, HandlerResult, HandshakeRequest, WebSocketSession,
    WebSocketSettings,
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
        protocol::{CloseFrame, Role, WebSocketConfig},
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
    let request = HandshakeRequest::from(request.into_parts().0).with_remote_address(Some(peer));
    assert_eq!(request.uri().path(), "/echo");
    let transport = TungsteniteTransport::server(stream, endpoint.settings());
    endpoint
        .serve_accepted("tungstenite", transport, request, echo)
        .await
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

/// Runs a session over a server's stream, after a handshake with this origin.
fn serve<H, F>(
    endpoint: &UpgradeEndpoint,
    server: Peer,
    origin: &str,
    handler: H,
) -> impl Future<Output = CloseOutcome> + Send + use<H, F>
where
    H: FnOnce(WebSocketSession) -> F + Send + 'static,
    F: Future<Output = HandlerResult> + Send + 'static,
{
    let request = http::Request::get("/echo")
        .header("host", "here.example")
        .header("origin", origin)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let (head, ()) = request.body(()).unwrap().into_parts();
    let transport = TungsteniteTransport::server(server, endpoint.settings());
    let endpoint = endpoint.clone();
    async move {
        let request = HandshakeRequest::from(head);
        let served = endpoint.serve_accepted("tungstenite", transport, request, handler);
        served.await
    }
}

const OURS: &str = "http://here.example";

/// The code of the Close that comes next.
async fn close_code(peer: &mut Peer) -> u16 {
    match peer.next().await {
        Some(Ok(Message::Close(Some(close)))) => close.code.into(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_limits_of_the_endpoint_hold() {
    let settings = WebSocketSettings::builder()
        .with_max_message_size(10)
        .with_max_sessions(1)
        .build()
        .unwrap();
    let endpoint = UpgradeEndpoint::new().with_settings(settings);
    // The engine's own limit is far larger.
    let (server, mut peer) = pair(WebSocketConfig::default()).await;
    let first = tokio::spawn(serve(&endpoint, server, OURS, echo));
    peer.send(Message::text("hello")).await.unwrap();
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::text("hello"));
    let (server, mut late) = pair(WebSocketConfig::default()).await;
    let second = tokio::spawn(serve(&endpoint, server, OURS, echo));
    assert_eq!(close_code(&mut late).await, 1013);
    while late.next().await.is_some() {}
    drop(late);
    assert_eq!(second.await.unwrap().code(), 1013);

    peer.send(Message::binary(vec![0; 11])).await.unwrap();
    assert_eq!(close_code(&mut peer).await, 1009);
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
    let handler = |session: WebSocketSession| async move {
        for number in 0..100_u8 {
            session.send(vec![number; 2_000]).await?;
        }
        Ok(())
    };
    let session = tokio::spawn(serve(&endpoint, server, OURS, handler));
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
    let handler = |session: WebSocketSession| async move {
        session.send(vec![0; 2_000]).await?;
        session.closed().await;
        Ok(())
    };
    let session = serve(&endpoint, server, OURS, handler);
    let outcome = timeout(SOON, session).await.unwrap();
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
    let handler = |session: WebSocketSession| async move {
        for _ in 0..1_000 {
            session.send(vec![0; 10_000]).await?;
        }
        Ok(())
    };
    let mut session = pin!(serve(&endpoint, server, OURS, handler));
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
    let session = tokio::spawn(serve(&endpoint, server, OURS, echo));
    peer.send(Message::text("hello")).await.unwrap();
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::text("hello"));
    let all = async move {
        let code = close_code(&mut peer).await;
        while peer.next().await.is_some() {}
        drop(peer);
        code
    };
    let (report, code) = tokio::join!(endpoint.registry().shutdown(SOON), all);
    assert_eq!((report.closed, code), (1, 1001), "{report}");
    assert_eq!(session.await.unwrap().code(), 1001);
}

#[tokio::test]
async fn a_page_of_another_site_gets_1008_and_no_handler() {
    let endpoint = UpgradeEndpoint::new();
    for origin in ["https://evil.example", "http://here.example:81", "null"] {
        let (server, mut peer) = pair(config(endpoint.settings())).await;
        let never = |_: WebSocketSession| async { unreachable!("it is refused") };
        let session = tokio::spawn(serve(&endpoint, server, origin, never));
        assert_eq!(close_code(&mut peer).await, 1008, "{origin}");
        while peer.next().await.is_some() {}
        drop(peer);
        assert_eq!(session.await.unwrap().code(), 1008);
    }
}

/// Sends 20 messages, while the peer reads nothing; then the peer begins to read, after a Close of
/// its own.
async fn crossing<F>(end: impl FnOnce(WebSocketSession) -> F + Send + 'static) -> (usize, u16)
where
    F: Future<Output = HandlerResult> + Send + 'static,
{
    let settings = WebSocketSettings::builder().with_outbound_buffer_size(1 << 20);
    let endpoint = UpgradeEndpoint::new().with_settings(settings.build().unwrap());
    let (server, mut peer) = pair(config(endpoint.settings())).await;
    let handler = |session: WebSocketSession| async move {
        for number in 0..20 {
            session.send(vec![number; 10_000]).await?;
        }
        end(session).await
    };
    let session = tokio::spawn(serve(&endpoint, server, OURS, handler));
    tokio::time::sleep(Duration::from_millis(100)).await; // until the output is blocked
    let status = CloseFrame {
        code: 4001.into(),
        reason: "".into(),
    };
    peer.send(Message::Close(Some(status))).await.unwrap();
    let (mut messages, mut code) = (0, 0);
    while let Some(Ok(message)) = peer.next().await {
        match message {
            Message::Close(close) => code = close.unwrap().code.into(),
            _ => messages += 1,
        }
    }
    drop(peer);
    session.await.unwrap();
    (messages, code)
}

#[tokio::test]
async fn what_was_sent_before_the_peers_close_is_written() {
    let receive = |mut session: WebSocketSession| async move {
        while session.receive().await?.is_some() {}
        Ok(())
    };
    assert_eq!(crossing(receive).await, (20, 4001));
}

#[tokio::test]
async fn a_close_that_crosses_the_peers_is_written() {
    let close = |session: WebSocketSession| async move {
        session.close(CloseCode::new(4000)?).await;
        Ok(())
    };
    assert_eq!(crossing(close).await, (20, 4000));
}

#[tokio::test]
async fn a_close_that_finds_no_room_waits_for_it() {
    let endpoint = UpgradeEndpoint::new();
    let config = WebSocketConfig::default()
        .write_buffer_size(0)
        .max_write_buffer_size(2_004);
    let (server, mut peer) = pair(config).await;
    let handler =
        |session: WebSocketSession| async move { Ok(session.send(vec![1; 2_000]).await?) };
    let session = tokio::spawn(serve(&endpoint, server, OURS, handler));
    assert_eq!(peer.next().await.unwrap().unwrap().len(), 2_000);
    assert_eq!(close_code(&mut peer).await, 1000);
    while peer.next().await.is_some() {}
    drop(peer);
    assert_eq!(session.await.unwrap().code(), 1000);
}
