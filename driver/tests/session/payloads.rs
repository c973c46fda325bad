//! Payloads with code of their own that panics when they are dropped, `handler.end.5`: in a queue, in the transport, more
//! than one of them. Each of these once lost a Close, wrote bytes twice, span for ever, or ended the process.

use std::time::Duration;

use bytes::Bytes;
use switchwire_core::{
    CloseCode, CloseOutcome, HandlerResult, SlowConsumerPolicy, WebSocketSession, WebSocketSettings,
};
use tokio::{task::yield_now, time::timeout};

use crate::peer::{Peer, close, frame, start, start_with_control};

const PIPE: usize = 1 << 20;

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

/// The frame of a bomb of 10 000 bytes.
fn large() -> Vec<u8> {
    let mut frame = vec![0x82, 126];
    frame.extend(10_000_u16.to_be_bytes());
    frame.extend([7; 10_000]);
    frame
}

/// How the session ends, as it must before the longest of its deadlines.
async fn outcome(peer: Peer) -> CloseOutcome {
    let ended = timeout(Duration::from_secs(3_600), peer.session).await;
    ended.expect("it lives after an hour").unwrap()
}

async fn never_ends(_: WebSocketSession) -> HandlerResult {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_close_behind_a_small_payload_is_sent() {
    for closes in [false, true] {
        let handler = move |session: WebSocketSession| async move {
            session.send(bomb(10)).await?;
            if closes {
                session.close(CloseCode::NORMAL).await;
            }
            Ok(())
        };
        let mut peer = start(handler, WebSocketSettings::default(), PIPE);
        let sent = [&[0x82, 10][..], &[7; 10], b"\x88\x02\x03\xe8"].concat();
        peer.expect(&sent).await;
        peer.write(&close(1000)).await;
        peer.expect_end(b"").await;
        assert!(peer.outcome().await.is_clean());
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_large_payload_is_written_once() {
    let handler = |mut session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        session.send("after").await?;
        while session.receive().await?.is_some() {}
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), PIPE);
    peer.expect(&large()).await;
    peer.expect(b"\x81\x05after").await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
    assert!(peer.outcome().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_read_with_a_ping_is_answered() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        session.closed().await;
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 8192);
    let large = large();
    peer.expect(&large[..8192]).await;
    peer.write(&[frame(0x89, b"p"), close(1000)].concat()).await;
    peer.expect(&large[8192..]).await;
    peer.expect_end(b"\x8a\x01p\x88\x02\x03\xe8").await;
    assert!(peer.outcome().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_session_whose_queue_holds_some() {
    let (peer, control) = start_with_control(never_ends, WebSocketSettings::default(), PIPE);
    yield_now().await;
    for _ in 0..2 {
        control.sender().try_send(bomb(10)).unwrap();
    }
    control.abort();
    assert!(matches!(outcome(peer).await, CloseOutcome::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_session_whose_transport_holds_some() {
    let handler = |session: WebSocketSession| async move {
        session.send(bomb(10_000)).await?;
        session.send(bomb(10_000)).await?;
        never_ends(session).await
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 8192);
    let closed = control.sender().closed();
    peer.read(8192).await;
    control.abort();
    assert!(matches!(outcome(peer).await, CloseOutcome::TimedOut));
    assert!(matches!(closed.await, CloseOutcome::TimedOut));
}

/// Once the driver wrote for ever to a connection that had failed: then this never comes back.
#[tokio::test(start_paused = true)]
async fn a_network_that_fails_ends_a_session_whose_queue_holds_some() {
    let settings = WebSocketSettings::builder()
        .with_slow_consumer(SlowConsumerPolicy::DropOldest)
        .with_outbound_buffer_size(40_000)
        .build()
        .unwrap();
    let handler = |session: WebSocketSession| async move {
        session.send(vec![0; 12_000]).await?; // more than the driver takes at once
        for _ in 0..2 {
            session.send(bomb(10_000)).await?;
        }
        never_ends(session).await
    };
    let mut peer = start(handler, settings, 64);
    peer.read(64).await;
    let Peer { io, session } = peer;
    drop(io);
    let ended = timeout(Duration::from_secs(3_600), session).await;
    let outcome = ended.expect("it lives after an hour").unwrap();
    assert!(matches!(outcome, CloseOutcome::Abnormal(_)), "{outcome:?}");
}
