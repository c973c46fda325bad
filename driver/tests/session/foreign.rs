//! What the application gives us runs inside the driver: what a handler's error shows, what a payload does when it is
//! dropped, a waker of the application's own executor. Each once ended the driver's task when it panicked, and the peer
//! got no Close. Now a handler's error is a panic like the handler's own, `handler.end.3`, and a value that panics when it is
//! dropped harms nobody.

use std::{
    error, fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use futures_util::FutureExt;
use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, HandlerError, WebSocketSession, WebSocketSettings,
};

use crate::peer::{Peer, close, frame, start};

const PIPE: usize = 1 << 20;

const INTERNAL: &[u8] = b"\x88\x02\x03\xf3";

/// The peer reads Close 1011 and answers it, and the session ends as it should.
async fn expect_internal_error(mut peer: Peer) {
    peer.expect(INTERNAL).await;
    peer.write(&close(1011)).await;
    peer.expect_end(b"").await;
    let outcome = peer.outcome().await;
    assert_eq!(outcome.code(), 1011, "{outcome:?}");
}

#[derive(Debug, Clone, Copy)]
struct Bomb {
    shown: bool,
    dropped: bool,
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.shown, "shown, on purpose");
        f.write_str("shown")
    }
}

impl error::Error for Bomb {}

impl AsRef<[u8]> for Bomb {
    fn as_ref(&self) -> &[u8] {
        &[7; 10_000]
    }
}

/// What panics when it is dropped.
struct Dropped(Bomb);

impl Drop for Dropped {
    fn drop(&mut self) {
        assert!(!self.0.dropped, "dropped, on purpose");
    }
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl error::Error for Dropped {}

impl AsRef<[u8]> for Dropped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

#[tokio::test]
async fn an_error_that_panics_when_it_is_shown_or_dropped_closes_with_1011() {
    // Errors are shown in the log alone.
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _log = tracing::subscriber::set_default(log.with_writer(std::io::sink).finish());
    for (shown, dropped) in [(true, false), (false, true), (true, true)] {
        let handler = move |_: WebSocketSession| async move {
            let status = CloseStatus::new(CloseCode::new(4001)?, "no")?;
            let bomb = Dropped(Bomb { shown, dropped });
            Err(HandlerError::closing_with(status, bomb))
        };
        expect_internal_error(start(handler, WebSocketSettings::default(), PIPE)).await;
    }
}

#[tokio::test]
async fn a_payload_that_panics_when_it_is_dropped_changes_nothing_for_the_peer() {
    let handler = |mut session: WebSocketSession| async move {
        let bomb = Dropped(Bomb {
            shown: false,
            dropped: true,
        });
        session.send(Bytes::from_owner(bomb)).await?;
        while session.receive().await?.is_some() {}
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), PIPE);
    let mut sent = vec![0x82, 126];
    sent.extend(10_000_u16.to_be_bytes());
    sent.extend([7; 10_000]);
    peer.expect(&sent).await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
    assert!(peer.outcome().await.is_clean());
}

#[tokio::test]
async fn a_payload_that_was_not_written_may_panic_when_it_is_dropped() {
    let handler = |session: WebSocketSession| async move {
        let bomb = Dropped(Bomb {
            shown: false,
            dropped: true,
        });
        session.send(Bytes::from_owner(bomb)).await?;
        session.closed().await;
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 64);
    peer.read(4).await;
    let outcome = peer.outcome().await;
    assert!(matches!(outcome, CloseOutcome::Abnormal(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_waker_that_panics_harms_neither_the_session_nor_others_who_wait() {
    struct Panics(AtomicUsize);
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("woken, on purpose");
        }
    }
    let panics = Arc::new(Panics(AtomicUsize::new(0)));
    let waker = Waker::from(panics.clone());
    let handler = move |mut session: WebSocketSession| {
        let waker = waker.clone();
        async move {
            let cx = || Context::from_waker(&waker);
            let (mut closed, mut shutting_down) = (session.closed(), session.shutting_down());
            assert!(closed.poll_unpin(&mut cx()).is_pending());
            assert!(shutting_down.poll_unpin(&mut cx()).is_pending());
            let mut stream = session.receive_stream();
            let waits = futures_util::StreamExt::poll_next_unpin(&mut stream, &mut cx());
            assert!(waits.is_pending());
            let watching = session.sender();
            let watch = tokio::spawn(async move { watching.closed().await });
            tokio::task::yield_now().await;
            session.send("waiting").await?;
            while let Some(message) = session.receive().await? {
                session.send(message).await?;
            }
            assert!(watch.await?.is_clean());
            assert!(matches!(closed.poll_unpin(&mut cx()), Poll::Ready(_)));
            Ok(())
        }
    };
    let mut peer = start(handler, WebSocketSettings::default(), PIPE);
    peer.expect(b"\x81\x07waiting").await;
    peer.write(&frame(0x82, b"x")).await;
    peer.expect(b"\x82\x01x").await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
    assert!(peer.outcome().await.is_clean());
    assert_eq!(panics.0.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_attribute_that_panics_when_it_is_dropped_changes_nothing_for_the_peer() {
    for replaced in [false, true] {
        let handler = move |mut session: WebSocketSession| async move {
            let bomb = || {
                Dropped(Bomb {
                    shown: false,
                    dropped: true,
                })
            };
            session.handshake_info().attributes().insert(bomb());
            while let Some(message) = session.receive().await? {
                session.send(message).await?;
                if replaced {
                    session.handshake_info().attributes().insert(bomb()); // the handler's own doing: a panic like any other
                }
            }
            Ok(())
        };
        let mut peer = start(handler, WebSocketSettings::default(), PIPE);
        peer.write(&frame(0x82, b"x")).await;
        peer.expect(b"\x82\x01x").await;
        if replaced {
            expect_internal_error(peer).await;
        } else {
            peer.write(&close(1000)).await;
            peer.expect_end(b"\x88\x02\x03\xe8").await;
            assert!(peer.outcome().await.is_clean());
        }
    }
}
