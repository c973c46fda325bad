//! Payloads with code of their own that panics when they are dropped: in a queue, in the transport, more than one of them.
//! Each of these once lost a Close, wrote bytes twice, span for ever, or ended the process.

use std::time::Duration;

use bytes::Bytes;
use switchwire_core::{CloseCode, SlowConsumerPolicy, WebSocketSession, WebSocketSettings};
use tokio::time::timeout;

use crate::peer::{close, frame, start, start_with_control};

struct Bomb(usize);

impl AsRef<[u8]> for Bomb {
    fn as_ref(&self) -> &[u8] {
        &[7; 10_000][..self.0]
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped, on purpose");
    }
}

fn bomb(len: usize) -> Bytes {
    Bytes::from_owner(Bomb(len))
}

/// The Close is taken together with the message that panics, and is lost.
#[tokio::test(start_paused = true)]
async fn a_small_payload_that_panics_before_a_close_does_not_lose_the_close() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10)).await?;
        Ok(()) // closes with 1000
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 20);
    let mut sent = vec![0x82, 10];
    sent.extend([7; 10]);
    peer.expect(&sent).await;
    // Answers each ping, so that it is not given up.
    let mut seen = Vec::new();
    for _ in 0..20 {
        let head = peer.read(2).await;
        let payload = peer.read(usize::from(head[1])).await;
        seen.push(head[0]);
        if head[0] == 0x88 {
            return;
        }
        peer.write(&frame(0x8a, &payload)).await;
    }
    panic!("no Close in {} frames: {seen:x?}", seen.len());
}

/// The same, with a close by the handler.
#[tokio::test(start_paused = true)]
async fn a_small_payload_that_panics_before_the_handlers_close() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10)).await?;
        session.close(CloseCode::NORMAL).await;
        Ok(())
    };
    let peer = start(handler, WebSocketSettings::default(), 1 << 20);
    let io = peer.io;
    let (mut read, mut write) = tokio::io::split(io);
    let pump = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        loop {
            let mut head = [0; 2];
            if read.read_exact(&mut head).await.is_err() {
                return;
            }
            let mut payload = vec![0; usize::from(head[1])];
            read.read_exact(&mut payload).await.unwrap();
            let answer = match head[0] {
                0x89 => frame(0x8a, &payload),
                0x88 => frame(0x88, &payload),
                _ => continue,
            };
            if write.write_all(&answer).await.is_err() {
                return;
            }
        }
    });
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    pump.abort();
    assert!(ended.is_ok(), "close() is still pending after an hour");
}

/// An abort with a message in the queue that panics.
#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_session_whose_queue_holds_a_payload_that_panics() {
    let handler = |_session: WebSocketSession| async move {
        std::future::pending::<()>().await;
        Ok(())
    };
    let (peer, control) = start_with_control(handler, WebSocketSettings::default(), 1 << 20);
    tokio::task::yield_now().await;
    control.sender().try_send(bomb(10)).unwrap();
    control.abort();
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    assert!(ended.is_ok(), "an aborted session lives after an hour");
}

/// An abort that flushes a payload that panics.
#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_session_whose_transport_holds_a_payload_that_panics() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        std::future::pending::<()>().await;
        Ok(())
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 8192);
    let closed = control.sender().closed();
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    peer.read(8192).await; // there already
    control.abort();
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    assert!(ended.is_ok(), "an aborted session lives after an hour");
    drop(timeout(Duration::from_secs(3_600), closed).await.unwrap());
}

/// What follows a payload that panics is written once.
#[tokio::test(start_paused = true)]
async fn what_follows_a_payload_that_panics_is_written_once() {
    let handler = |mut session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        session.send("after").await?;
        while session.receive().await?.is_some() {}
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 20);
    let mut sent = vec![0x82, 126];
    sent.extend(10_000_u16.to_be_bytes());
    sent.extend([7; 10_000]);
    peer.expect(&sent).await;
    peer.expect(b"\x81\x05after").await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
    assert!(peer.outcome().await.is_clean());
}

/// Two payloads that panic; a process that is aborted fails all tests.
#[tokio::test(start_paused = true)]
async fn two_payloads_that_panic_in_the_queue_do_not_end_the_process() {
    let handler = |session: WebSocketSession| async move {
        session.closed().await;
        Ok(())
    };
    let (peer, control) = start_with_control(handler, WebSocketSettings::default(), 64);
    tokio::task::yield_now().await;
    control.sender().try_send(bomb(10)).unwrap();
    control.sender().try_send(bomb(10)).unwrap();
    control.abort();
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    assert!(ended.is_ok());
}

/// The same, while the peer goes.
#[tokio::test(start_paused = true)]
async fn two_payloads_that_panic_in_the_transport_do_not_end_the_process() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        session.send(bomb(10_000)).await?;
        session.closed().await;
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 64);
    peer.read(4).await;
    drop(peer.io);
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    assert!(ended.is_ok());
}

/// And without anything else: four small ones.
#[tokio::test(start_paused = true)]
async fn four_small_payloads_that_panic_do_not_end_the_process() {
    let handler = |session: WebSocketSession| async move {
        for _ in 0..4 {
            session.send(bomb(10)).await?;
        }
        session.closed().await;
        Ok(())
    };
    let peer = start(handler, WebSocketSettings::default(), 1 << 20);
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    assert!(ended.is_ok());
}

/// A payload that panics while a ping is answered loses the peer's Close that was read with it.
#[tokio::test(start_paused = true)]
async fn a_payload_that_panics_while_a_ping_is_answered_does_not_lose_the_peers_close() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        session.send(vec![7; 20_000]).await?;
        session.closed().await;
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 8192);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    peer.read(8192).await; // there already: the driver does not run meanwhile
    let mut all = frame(0x89, b"p");
    all.extend(close(1000));
    peer.write(&all).await;
    let start_at = tokio::time::Instant::now();
    peer.read(4 + 10_000 + 4 + 20_000 - 8192).await;
    use tokio::io::AsyncReadExt;
    let mut rest = Vec::new();
    timeout(Duration::from_secs(60), peer.io.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    let took = start_at.elapsed();
    let outcome = peer.outcome().await;
    assert!(outcome.is_clean() || outcome.code() == 1011, "{outcome:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
}

/// One payload that panics when the network fails keeps nothing open.
#[tokio::test(start_paused = true)]
async fn a_failure_with_a_payload_that_panics_in_the_queue_lets_go_of_the_transport() {
    struct Io(
        tokio::io::DuplexStream,
        #[expect(dead_code, reason = "it is counted")] std::sync::Arc<()>,
    );
    use std::pin::Pin;
    use std::task::{Context, Poll};
    impl tokio::io::AsyncRead for Io {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut tokio::io::ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }
    impl tokio::io::AsyncWrite for Io {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, buf)
        }
        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }
        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }
    use switchwire_core::{HandshakeRequest, SessionId, SessionPort};
    use switchwire_service::{SessionDriver, StreamTransport};
    let settings = WebSocketSettings::builder()
        .with_slow_consumer(SlowConsumerPolicy::DropOldest)
        .with_outbound_buffer_size(40_000)
        .build()
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(64);
    let alive = std::sync::Arc::new(());
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let transport = StreamTransport::new(Io(ours, alive.clone()), Bytes::new(), &settings);
    let (session, port) = SessionPort::open(SessionId::from_bytes([7; 16]), info, settings.into());
    let handler = |session: WebSocketSession| async move {
        session.send(vec![0; 12_000]).await?; // more than the driver takes at once
        session.send(bomb(10_000)).await?;
        std::future::pending::<()>().await;
        Ok(())
    };
    let driver = tokio::spawn(SessionDriver::new(
        transport,
        std::sync::Arc::new(handler),
        session,
        port,
    ));
    tokio::time::sleep(Duration::from_millis(10)).await;
    drop(theirs);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        std::sync::Arc::strong_count(&alive),
        1,
        "the connection is still open"
    );
    driver.abort();
}
