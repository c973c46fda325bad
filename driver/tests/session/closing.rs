//! How sessions end: rules `session.close.*`, `handler.end.*`, seen from both sides.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::peer::{close, frame, start};
use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, ErrorKind, HandlerError, WebSocketSession,
    WebSocketSettings,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::Instant,
};

const PIPE: usize = 1 << 20;

fn settings() -> WebSocketSettings {
    WebSocketSettings::default()
}

#[tokio::test]
async fn ok_closes_with_1000_after_what_was_sent() {
    let mut peer = start(
        |session: WebSocketSession| async move { Ok(session.send("bye").await?) },
        settings(),
        PIPE,
    );
    peer.expect(b"\x81\x03bye\x88\x02\x03\xe8").await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"").await;
    let outcome = peer.outcome().await;
    assert!(matches!(outcome, CloseOutcome::ByUs(_)), "{outcome}");
    assert_eq!(outcome.code(), 1000);
}

#[tokio::test]
async fn an_error_closes_with_1011_or_its_own_status_and_says_nothing_more() {
    let mut peer = start(
        |_: WebSocketSession| async { Err(std::io::Error::other("secret").into()) },
        settings(),
        PIPE,
    );
    peer.expect(b"\x88\x02\x03\xf3").await;
    let mut peer = start(
        |_: WebSocketSession| async {
            let status = CloseStatus::new(CloseCode::new(4001)?, "no")?;
            Err(HandlerError::closing_with(status, "secret"))
        },
        settings(),
        PIPE,
    );
    peer.expect(b"\x88\x04\x0f\xa1no").await;
}

#[tokio::test]
async fn a_panic_closes_with_1011() {
    let handler = |session: WebSocketSession| async move {
        session.send("before").await?;
        assert!(!session.is_open(), "on purpose");
        Ok(())
    };
    let mut peer = start(handler, settings(), PIPE);
    peer.expect(b"\x81\x06before\x88\x02\x03\xf3").await;
}

#[tokio::test]
async fn close_is_eager_and_idempotent_and_ends_sending() {
    let handler = |session: WebSocketSession| async move {
        session.send("1").await?;
        session.close(CloseCode::GOING_AWAY);
        let again = session.close(CloseCode::NORMAL);
        let refused = session.send("2").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Closed);
        assert_eq!(again.await.code(), 1001);
        Ok(())
    };
    let mut peer = start(handler, settings(), PIPE);
    peer.expect(b"\x81\x011\x88\x02\x03\xe9").await;
    peer.write(&close(1001)).await;
    peer.expect_end(b"").await;
    assert_eq!(peer.outcome().await.code(), 1001);
}

#[tokio::test]
async fn the_peers_close_is_answered_after_what_came_before_it() {
    let handler = |mut session: WebSocketSession| async move {
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        let CloseOutcome::ByPeer(Some(status)) = session.closed().await else {
            return Err(HandlerError::closing_with(
                CloseCode::INTERNAL_ERROR,
                "no status",
            ));
        };
        assert_eq!((status.code().as_u16(), status.reason()), (4001, "x"));
        Ok(())
    };
    let mut peer = start(handler, settings(), PIPE);
    let mut bytes = frame(0x81, b"last");
    bytes.extend(frame(0x88, b"\x0f\xa1x"));
    bytes.extend(b"garbage behind it");
    peer.write(&bytes).await;
    peer.expect_end(b"\x81\x04last\x88\x02\x0f\xa1").await;
    assert_eq!(peer.outcome().await.code(), 4001);
}

#[tokio::test]
async fn what_waits_for_room_is_not_lost_before_the_answer() {
    let settings = WebSocketSettings::builder()
        .with_outbound_buffer_size(100)
        .build()
        .unwrap();
    let handler = |mut session: WebSocketSession| async move {
        session.send(vec![0; 690]).await?; // fills the pipe
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    };
    let mut peer = start(handler, settings, 700);
    let (mut read, mut write) = tokio::io::split(peer.io);
    let all = [frame(0x82, &[1; 100]), frame(0x81, b"last"), close(1000)].concat();
    write.write_all(&all).await.unwrap();
    tokio::task::yield_now().await;
    let mut found = Vec::new();
    read.read_to_end(&mut found).await.unwrap();
    assert!(
        found.ends_with(b"\x81\x04last\x88\x02\x03\xe8"),
        "{} bytes",
        found.len()
    );
    peer.io = read.unsplit(write);
    assert_eq!(peer.outcome().await.code(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_cannot_be_answered_times_out_at_the_deadline() {
    let handler = |session: WebSocketSession| async move {
        session.send(vec![0; 10_000]).await?;
        std::future::pending().await
    };
    let mut peer = start(handler, settings(), 100);
    peer.write(&close(4000)).await;
    let outcome = peer.session.await.unwrap();
    assert!(matches!(outcome, CloseOutcome::TimedOut), "{outcome}");
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_the_connection_is_dropped_at_the_deadline() {
    let began = Instant::now();
    let mut peer = start(|_: WebSocketSession| async { Ok(()) }, settings(), PIPE);
    peer.expect_end(b"\x88\x02\x03\xe8").await;
    assert_eq!(began.elapsed().as_secs(), 5);
    assert!(matches!(
        peer.session.await.unwrap(),
        CloseOutcome::TimedOut
    ));
}

#[tokio::test(start_paused = true)]
async fn data_after_our_close_does_not_hold_up_the_deadline() {
    let began = Instant::now();
    let mut peer = start(|_: WebSocketSession| async { Ok(()) }, settings(), 1 << 10);
    let data = frame(0x82, &[0; 500]);
    let flood = async {
        loop {
            if peer.io.write_all(&data).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), flood)
        .await
        .unwrap();
    assert!(began.elapsed().as_secs() <= 11);
    assert!(matches!(
        peer.session.await.unwrap(),
        CloseOutcome::TimedOut
    ));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_dropped_after_its_grace() {
    struct OnDrop(Arc<AtomicBool>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = dropped.clone();
    let handler = move |_session: WebSocketSession| {
        let guard = OnDrop(seen.clone());
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    };
    let mut peer = start(handler, settings(), PIPE);
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
    let began = Instant::now();
    assert_eq!(peer.outcome().await.code(), 1000);
    assert_eq!(began.elapsed().as_secs(), 30);
    assert!(dropped.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_peer_that_leaves_is_one_error_after_its_messages() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = move |mut session: WebSocketSession| {
        let tell = tell.clone();
        async move {
            loop {
                let end = match session.receive().await {
                    Ok(Some(message)) => tell.send(message.len().to_string()),
                    Ok(None) => break,
                    Err(error) => tell.send(format!("{:?}", error.kind())),
                };
                end.unwrap();
            }
            Ok(())
        }
    };
    let mut peer = start(handler, settings(), PIPE);
    peer.write(&frame(0x81, b"abc")).await;
    peer.write(&frame(0x82, &[1; 100])[..50]).await;
    assert_eq!(peer.outcome().await.code(), 1006);
    assert_eq!(told.recv().await.as_deref(), Some("3"));
    assert_eq!(told.recv().await.as_deref(), Some("Disconnected"));
    assert_eq!(told.recv().await, None);
}

#[tokio::test]
async fn a_dropped_driver_tells_those_who_wait() {
    let (give, mut given) = mpsc::unbounded_channel();
    let handler = move |session: WebSocketSession| {
        give.send(session.sender()).unwrap();
        std::future::pending()
    };
    let peer = start(handler, settings(), PIPE);
    let sender = given.recv().await.unwrap();
    peer.session.abort();
    assert!(matches!(sender.closed().await, CloseOutcome::Abnormal(_)));
    assert!(sender.send("late").await.is_err());
}
