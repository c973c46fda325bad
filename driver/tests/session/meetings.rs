//! Two mechanisms that meet.

use std::time::Duration;

use switchwire_core::{
    CloseCode, CloseOutcome, SlowConsumerPolicy, WebSocketSession, WebSocketSettings,
};
use tokio::time::timeout;

use crate::peer::{close, frame, start, start_with_control};

#[tokio::test(start_paused = true)]
async fn a_session_is_ended_for_one_reason() {
    #[derive(Clone, Default)]
    struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone());
    let _log = tracing::subscriber::set_default(subscriber.finish());
    let settings = WebSocketSettings::builder()
        .with_max_session_age(Duration::from_secs(8))
        .with_idle_timeout(Duration::from_secs(8))
        .build()
        .unwrap();
    let handler = |mut session: WebSocketSession| async move {
        while session.receive().await?.is_some() {}
        Ok(())
    };
    let mut peer = start(handler, settings, 1 << 20);
    peer.read(4).await;
    drop(peer.outcome().await);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("the session is ended").count(), 1, "{log}");
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_one_ping_too_many_is_received() {
    let settings = WebSocketSettings::builder()
        .with_max_pings_per_second(1)
        .build()
        .unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |mut session: WebSocketSession| {
        let told = told.clone();
        async move {
            while let Some(message) = session.receive().await? {
                let _ = told.send(message);
            }
            Ok(())
        }
    };
    let mut peer = start(handler, settings, 1 << 20);
    let mut all = frame(0x89, b"1");
    all.extend(frame(0x89, b"2"));
    all.extend(frame(0x81, b"behind"));
    peer.write(&all).await;
    peer.expect(b"\x8a\x011").await;
    let head = peer.read(4).await;
    assert_eq!(head[0], 0x88);
    assert_eq!(head[2..], [0x03, 0xf0]);
    let _ = peer.outcome().await;
    assert_eq!(heard.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_session_in_each_phase() {
    let handler = |session: WebSocketSession| async move {
        let _session = session;
        std::future::pending::<()>().await;
        Ok(())
    };
    for phase in 0..6 {
        let (mut peer, control) =
            start_with_control(handler, WebSocketSettings::default(), 1 << 10);
        tokio::task::yield_now().await;
        match phase {
            0 => {}
            1 => control.shut_down(),            // awaiting close
            2 => peer.write(&close(1000)).await, // half closed
            3 => control.sender().try_send(vec![1; 10_000]).unwrap(), // blocked
            4 => {
                control.sender().try_send(vec![1; 10_000]).unwrap();
                peer.write(&close(1000)).await; // draining
            }
            _ => {
                control.sender().try_send(vec![1; 10_000]).unwrap();
                control.shut_down(); // awaiting close, blocked
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let start = tokio::time::Instant::now();
        control.abort();
        let outcome = timeout(Duration::from_secs(1), peer.session)
            .await
            .expect("hangs")
            .unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(matches!(outcome, CloseOutcome::TimedOut));
    }
}

/// The handler waits, and another task sends.
#[tokio::test(start_paused = true)]
async fn a_close_is_answered_though_somebody_publishes_faster_than_the_peer_reads() {
    for policy in [
        SlowConsumerPolicy::DropNewest,
        SlowConsumerPolicy::DropOldest,
    ] {
        let handler = |session: WebSocketSession| async move {
            session.closed().await;
            Ok(())
        };
        let settings = WebSocketSettings::builder()
            .with_slow_consumer(policy)
            .with_outbound_buffer_size(4_000)
            .build()
            .unwrap();
        let (mut peer, control) = start_with_control(handler, settings, 1_000);
        let sender = control.sender();
        let publisher = tokio::spawn(async move {
            while sender.try_send(vec![1; 100]).is_ok() {
                tokio::time::sleep(Duration::from_micros(20)).await;
            }
        });
        let mut messages = 0;
        while peer.read(2).await[0] == 0x82 {
            peer.read(100).await;
            messages += 1;
            if messages % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if messages == 1_000 {
                peer.write(&close(1000)).await;
            }
        }
        peer.expect_end(b"\x03\xe8").await;
        assert!(peer.outcome().await.is_clean(), "{policy:?}");
        publisher.await.unwrap();
    }
}

/// The session moves to a task of another thread; `receive` is dropped while pending, each time.
#[tokio::test]
async fn receive_dropped_while_pending_on_another_thread_loses_nothing() {
    for policy in [
        WebSocketSettings::default().slow_consumer(),
        SlowConsumerPolicy::DropOldest,
    ] {
        let handler = |mut session: WebSocketSession| async move {
            let sender = session.sender();
            let (done, is_done) = tokio::sync::oneshot::channel::<()>();
            let work = async move {
                let _done = done;
                let mut tries = 0_u32;
                loop {
                    tries += 1;
                    tokio::select! {
                        biased;
                        received = session.receive() => match received {
                            Ok(Some(message)) => session.send(message).await.unwrap(),
                            _ => return,
                        },
                        () = async { for _ in 0..tries % 3 { tokio::task::yield_now().await } } => {}
                    }
                    if tries.is_multiple_of(7) {
                        let waited = timeout(Duration::from_secs(5), session.receive()).await;
                        match waited.expect("lost wake-up") {
                            Ok(Some(message)) => session.send(message).await.unwrap(),
                            _ => return,
                        }
                    }
                }
            };
            std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build();
                runtime.unwrap().block_on(work);
            });
            let _ = is_done.await;
            drop(sender);
            Ok(())
        };
        let settings = WebSocketSettings::builder()
            .with_slow_consumer(policy)
            .with_inbound_messages(2)
            .build()
            .unwrap();
        let mut peer = start(handler, settings, 64);
        for i in 0..20_000_u32 {
            peer.write(&frame(0x82, &i.to_be_bytes())).await;
            let mut expected = vec![0x82, 4];
            expected.extend(i.to_be_bytes());
            peer.expect(&expected).await;
        }
        peer.write(&close(1000)).await;
        peer.expect_end(b"\x88\x02\x03\xe8").await;
        assert!(peer.outcome().await.is_clean());
    }
}

/// The handler closes though the peer's Close was read and messages are queued.
#[tokio::test(start_paused = true)]
async fn a_handler_may_close_behind_the_peers_close() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |mut session: WebSocketSession| {
        let told = told.clone();
        async move {
            let first = session.receive().await?;
            session.send(first.unwrap()).await?;
            let closed = session.close(CloseCode::new(4000).unwrap());
            while let Some(message) = session.receive().await? {
                let _ = told.send(message);
            }
            assert!(
                matches!(closed.await, CloseOutcome::ByPeer(Some(s)) if s.code() == CloseCode::NORMAL)
            );
            assert!(session.receive().await?.is_none());
            let _ = told.send("end".into());
            Ok(())
        }
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 16);
    let mut all = frame(0x81, b"m").repeat(4);
    all.extend(close(1000));
    peer.write(&all).await;
    peer.expect(b"\x81\x01m\x88\x02\x03\xe8").await;
    peer.expect_end(b"").await;
    for expected in ["m", "m", "m", "end"] {
        assert_eq!(heard.recv().await.unwrap(), expected.into());
    }
    let _ = peer.outcome().await;
}

#[tokio::test(start_paused = true)]
async fn shutdown_with_a_full_queue_and_a_slow_handler() {
    let settings = WebSocketSettings::builder()
        .with_inbound_messages(4)
        .build()
        .unwrap();
    let handler = |mut session: WebSocketSession| async move {
        while let Some(message) = session.receive().await? {
            tokio::time::sleep(Duration::from_secs(4)).await;
            session.send(message).await?;
        }
        Ok(())
    };
    let (mut peer, control) = start_with_control(handler, settings, 1 << 16);
    let mut all = frame(0x81, b"m").repeat(40);
    all.extend(frame(0x89, b"p"));
    all.extend(close(1000));
    peer.write(&all).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    control.shut_down();
    peer.expect(&[0x81, 1, b'm'].repeat(5)).await;
    peer.expect(b"\x88\x02\x03\xe9").await;
    peer.expect_end(b"").await;
    let outcome = peer.outcome().await;
    assert!(
        matches!(&outcome, CloseOutcome::ByUs(s) if s.code() == CloseCode::GOING_AWAY),
        "{outcome:?}"
    );
}
