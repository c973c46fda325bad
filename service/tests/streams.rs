//! Sessions over byte streams, and sessions as byte streams.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use proptest::prelude::*;
use switchwire_core::{
    CloseCode, CloseOutcome, Endpoint, ErrorKind, HandlerResult, HandshakeError, HandshakeInfo,
    HandshakeRequest, WebSocketMessage, WebSocketSession, WebSocketSettings,
};
use switchwire_driver::SessionStream;
use switchwire_service::{SessionRegistry, UpgradeEndpoint, hand_over_stream, serve_stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, duplex, split},
    task::JoinHandle,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(20);

fn info() -> Arc<HandshakeInfo> {
    let (head, ()) = http::Request::get("/stream").body(()).unwrap().into_parts();
    HandshakeRequest::from(head).into_info(None)
}

/// Joins a client's session to a handler over a pipe.
async fn join<H, F>(handler: H) -> (WebSocketSession, JoinHandle<CloseOutcome>)
where
    H: FnOnce(WebSocketSession) -> F + Send + 'static,
    F: Future<Output = HandlerResult> + Send + 'static,
{
    let (ours, theirs) = duplex(4096);
    let endpoint = UpgradeEndpoint::new();
    let server = endpoint.serve_stream(ours, Bytes::new(), info(), handler);
    let server = tokio::spawn(server.unwrap());
    let (session, client) = hand_over_stream(theirs, Bytes::new(), info(), Arc::default());
    tokio::spawn(client);
    (session.await.unwrap(), server)
}

async fn echo(session: WebSocketSession) -> HandlerResult {
    let (mut read, mut write) = split(SessionStream::new(session));
    copy(&mut read, &mut write).await?;
    write.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn a_session_over_a_stream_is_registered_and_limited() {
    let registry = SessionRegistry::new();
    let settings = WebSocketSettings::builder().with_max_sessions(1).build();
    let endpoint = Endpoint::new(async |mut session: WebSocketSession| {
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    })
    .with_settings(settings.unwrap());
    let (ours, theirs) = duplex(4096);
    // A masked "hi" that came together with the handshake.
    let already_read = Bytes::from_static(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    let session = serve_stream(ours, already_read, info(), &endpoint, &registry).unwrap();
    assert_eq!(registry.len(), 1);
    let (other, _) = duplex(1);
    let refused = serve_stream(other, Bytes::new(), info(), &endpoint, &registry);
    assert!(matches!(refused, Err(HandshakeError::TooManySessions)));
    let running = tokio::spawn(session);
    let (mut read, _write) = split(theirs);
    let mut answer = [0; 4];
    read.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, *b"\x81\x02hi");
    let report = registry.shutdown(Duration::ZERO).await;
    assert_eq!(report.aborted + report.closed + report.failed, 1);
    running.await.unwrap();
    let (late, _) = duplex(1);
    let refused = serve_stream(late, Bytes::new(), info(), &endpoint, &registry);
    assert!(matches!(refused, Err(HandshakeError::ShuttingDown)));
}

#[tokio::test]
async fn text_ends_a_stream_of_bytes_with_1003() {
    let (mut client, server) = join(async |session: WebSocketSession| {
        let error = SessionStream::new(session).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        Ok(())
    })
    .await;
    client.send("text").await.unwrap();
    assert!(client.receive().await.unwrap().is_none());
    assert_eq!(client.closed().await.code(), 1003);
    assert_eq!(server.await.unwrap().code(), 1003);
}

#[tokio::test]
async fn a_close_is_the_end_and_a_lost_connection_is_an_error() {
    let (mut client, server) = join(echo).await;
    client.send(Bytes::from_static(b"last")).await.unwrap();
    assert_eq!(
        client.receive().await.unwrap(),
        Some(WebSocketMessage::from(Bytes::from_static(b"last")))
    );
    client.close(CloseCode::NORMAL).await;
    assert_eq!(server.await.unwrap().code(), 1000);

    let (ours, theirs) = duplex(4096);
    let reads = async |session: WebSocketSession| {
        let mut stream = SessionStream::new(session);
        let error = stream.read_u8().await.unwrap_err();
        let source: &switchwire_core::Error = error.get_ref().unwrap().downcast_ref().unwrap();
        assert_eq!(source.kind(), ErrorKind::Disconnected);
        Ok(())
    };
    let endpoint = UpgradeEndpoint::new();
    let running = tokio::spawn(
        endpoint
            .serve_stream(ours, Bytes::new(), info(), reads)
            .unwrap(),
    );
    drop(theirs);
    let outcome = running.await.unwrap();
    assert!(!outcome.is_clean(), "{outcome:?}");
}

#[tokio::test]
async fn empty_messages_and_pings_are_not_the_end() {
    let (mut client, _server) = join(echo).await;
    client.send(Bytes::new()).await.unwrap();
    let ping = WebSocketMessage::Ping(Bytes::from_static(b"hello"));
    client.send(ping).await.unwrap();
    client.send(Bytes::from_static(b"x")).await.unwrap();
    let answer = client.receive().await.unwrap().unwrap();
    assert_eq!(answer, WebSocketMessage::from(Bytes::from_static(b"x")));
}

#[tokio::test]
async fn a_message_has_64_kib_at_most_and_a_shutdown_loses_nothing() {
    const ALL: usize = 300_000;
    let (mut client, server) = join(async |session: WebSocketSession| {
        let mut stream = SessionStream::new(session);
        stream.write_all(&[7; ALL]).await?;
        stream.shutdown().await?;
        assert_eq!(
            stream.write_all(&[7; 70_000]).await.unwrap_err().kind(),
            std::io::ErrorKind::BrokenPipe
        );
        Ok(())
    })
    .await;
    let mut sizes = Vec::new();
    while let Some(message) = client.receive().await.unwrap() {
        sizes.push(message.into_payload().len());
    }
    assert_eq!(sizes.iter().sum::<usize>(), ALL);
    assert_eq!(sizes.iter().max(), Some(&(64 << 10)));
    assert_eq!(server.await.unwrap().code(), 1000);
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_the_writer() {
    let (client, _server) = join(async |session: WebSocketSession| {
        let _stream = SessionStream::new(session);
        std::future::pending().await
    })
    .await;
    let mut stream = SessionStream::new(client);
    let mut taken = 0;
    let part = vec![7; 64 << 10];
    // No timers are involved in this wait: everything that can happen has happened when it is over.
    while timeout(Duration::from_millis(300), stream.write_all(&part))
        .await
        .is_ok()
    {
        taken += part.len();
        assert!(taken < 16 << 20, "nothing holds it up");
    }
    assert!(stream.flush().now_or_never().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the sizes of writes, flushes and reads: the bytes come back in order.
    #[test]
    fn bytes_come_back_as_they_were_written(
        writes in prop::collection::vec((0_usize..100_000, any::<bool>()), 1..12),
        reads in 1_usize..70_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { timeout(SOON, async {
            let (client, server) = join(echo).await;
            let (mut read, mut write) = split(SessionStream::new(client));
            let mut sent = Vec::new();
            for (at, (size, _)) in writes.iter().enumerate() {
                sent.extend((0..*size).map(|byte| (byte * 31 + at) as u8));
            }
            let total = sent.len();
            let writer = async {
                let mut rest = &sent[..];
                for (size, flush) in &writes {
                    write.write_all(&rest[..*size]).await.unwrap();
                    rest = &rest[*size..];
                    if *flush {
                        write.flush().await.unwrap();
                    }
                }
                write.flush().await.unwrap();
            };
            let reader = async {
                let mut received = Vec::new();
                let mut part = vec![0; reads];
                while received.len() < total {
                    let count = read.read(&mut part).await.unwrap();
                    assert_ne!(count, 0);
                    received.extend_from_slice(&part[..count]);
                }
                received
            };
            let ((), received) = tokio::join!(writer, reader);
            assert!(received == sent);
            write.shutdown().await.unwrap();
            assert_eq!(server.await.unwrap().code(), 1000);
        }).await.unwrap(); });
    }
}

#[tokio::test]
async fn a_shutdown_tells_that_bytes_are_lost() {
    let (mut client, server) = join(|session: WebSocketSession| async move {
        let mut stream = SessionStream::new(session);
        assert_eq!(
            stream.read(&mut [0; 10]).await.unwrap(),
            0,
            "the peer's Close"
        );
        stream.session().closed().await;
        stream.write_all(b"important").await?;
        let error = stream.shutdown().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        Ok(())
    })
    .await;
    client.close(CloseCode::NORMAL).await;
    assert!(client.receive().await.unwrap().is_none());
    assert_eq!(server.await.unwrap().code(), 1000);
}

/// A value of the application whose `Drop` panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

#[tokio::test]
async fn a_handler_that_never_ran_may_panic_when_it_is_dropped() {
    let endpoint = UpgradeEndpoint::new();
    let (ours, _theirs) = duplex(4096);
    let bomb = Bomb;
    let handler = |_session: WebSocketSession| async move {
        drop(bomb);
        Ok(())
    };
    let session = endpoint.serve_stream(ours, Bytes::new(), info(), handler);
    let report = endpoint.registry().shutdown(Duration::ZERO);
    let (report, outcome) = tokio::join!(report, session.unwrap());
    assert_eq!((report.aborted, outcome.code()), (1, 1006));
}
