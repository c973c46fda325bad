//! The timers of a session in which nothing else happens: rules `session.keepalive.*`, `session.idle.*`,
//! `session.age.*`. The clock is paused, so that hours take no time.

use std::time::Duration;

use crate::peer::{Peer, close, frame, start};
use switchwire_core::{
    CloseOutcome, ErrorKind, HandlerResult, SlowConsumerPolicy, WebSocketSession,
    WebSocketSettings, WebSocketSettingsBuilder,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::{Instant, advance, timeout},
};

const PIPE: usize = 1 << 16;
const SECOND: Duration = Duration::from_secs(1);

fn settings(
    set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
) -> WebSocketSettings {
    set(WebSocketSettings::builder()).build().unwrap()
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// The payload of the ping that comes next.
async fn ping(peer: &mut Peer) -> Vec<u8> {
    let ping = peer.read(10).await;
    assert_eq!(ping[..2], [0x89, 8], "a ping of eight bytes");
    ping[2..].to_vec()
}

#[tokio::test(start_paused = true)]
async fn pings_go_out_every_thirty_seconds_and_a_pong_tells_the_round_trip_time() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = move |session: WebSocketSession| {
        tell.send(session.sender()).unwrap();
        echo(session)
    };
    let mut peer = start(handler, WebSocketSettings::default(), PIPE);
    let sender = told.recv().await.unwrap();
    let began = Instant::now();
    let mut at = None;
    for number in 0..3 {
        let payload = ping(&mut peer).await;
        match at.replace(Instant::now()) {
            None => assert!((15..=30).contains(&began.elapsed().as_secs())),
            Some(before) => assert_eq!((Instant::now() - before).as_secs(), 30, "{number}"),
        }
        advance(Duration::from_millis(70)).await;
        peer.write(&frame(0x8a, &payload)).await;
        tokio::task::yield_now().await;
        let time = sender.round_trip_time().unwrap();
        assert!((70..80).contains(&time.as_millis()), "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_in_time_and_the_handler_told_at_once() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = move |mut session: WebSocketSession| {
        let tell = tell.clone();
        async move {
            let error = session.receive().await.unwrap_err();
            tell.send((error.kind(), Instant::now())).unwrap();
            Ok(())
        }
    };
    let mut peer = start(handler, WebSocketSettings::default(), PIPE);
    ping(&mut peer).await;
    let pinged = Instant::now();
    let (kind, at) = told.recv().await.unwrap();
    assert_eq!(kind, ErrorKind::Timeout);
    assert_eq!((at - pinged).as_secs(), 20);
    peer.expect_end(b"\x88\x15\x03\xf3silent after a ping")
        .await;
    let outcome = peer.outcome().await;
    assert!(
        matches!(&outcome, CloseOutcome::Abnormal(error) if error.kind() == ErrorKind::Timeout),
        "{outcome}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_reads_before_it_judges() {
    let mut peer = start(echo, WebSocketSettings::default(), PIPE);
    let payload = ping(&mut peer).await;
    peer.write(&frame(0x8a, &payload)).await;
    advance(1_000 * SECOND).await; // nothing ran meanwhile
    for _ in 0..3 {
        let payload = ping(&mut peer).await;
        peer.write(&frame(0x8a, &payload)).await;
    }
    // And a peer whose pong was not even readable has one more timeout.
    ping(&mut peer).await;
    advance(1_000 * SECOND).await;
    tokio::task::yield_now().await;
    advance(10 * SECOND).await;
    peer.write(&frame(0x81, b"alive")).await;
    peer.expect(b"\x81\x05alive").await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_closed_between_its_time_and_a_quarter_more() {
    let idle = settings(|settings| {
        settings
            .with_ping_interval(None)
            .with_idle_timeout(100 * SECOND)
    });
    let mut peer = start(echo, idle, PIPE);
    advance(60 * SECOND).await;
    peer.write(&frame(0x81, b"x")).await;
    peer.expect(b"\x81\x01x").await;
    let last = Instant::now();
    let mut close = [0; 2];
    peer.io.read_exact(&mut close).await.unwrap();
    assert_eq!(close[0], 0x88);
    let waited = last.elapsed().as_secs();
    assert!((100..=125).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn an_old_session_is_closed_and_told_why() {
    let aging = settings(|settings| {
        settings
            .with_max_session_age(50 * SECOND)
            .with_ping_interval(None)
    });
    let began = Instant::now();
    let mut peer = start(echo, aging, PIPE);
    peer.expect(b"\x88\x18\x03\xe9the session is too old").await;
    assert_eq!(began.elapsed().as_secs(), 50);
    peer.write(&close(1001)).await;
    assert_eq!(peer.outcome().await.code(), 1001);
}

#[tokio::test(start_paused = true)]
async fn a_slow_peer_is_closed_when_the_time_is_up_and_not_when_it_reads() {
    let after = 10 * SECOND;
    let slow = || {
        settings(|settings| {
            settings
                .with_outbound_buffer_size(1_000)
                .with_slow_consumer(SlowConsumerPolicy::Close { after })
                .with_ping_interval(None)
        })
    };
    let push = |session: WebSocketSession| async move {
        loop {
            session.send(vec![0; 500]).await?;
        }
    };
    // One that reads a mark's worth every five seconds goes on.
    let mut peer = start(push, slow(), 1_000);
    for _ in 0..20 {
        advance(5 * SECOND).await;
        peer.read(2_000).await;
    }
    assert!(!peer.session.is_finished());
    // One that does not is closed after ten, and dropped five later as it does not read the Close.
    let began = Instant::now();
    let peer = start(push, slow(), 1_000);
    let outcome = timeout(100 * SECOND, peer.session).await.unwrap().unwrap();
    assert!(matches!(outcome, CloseOutcome::TimedOut), "{outcome}");
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept_over_time() {
    let rated = settings(|settings| {
        settings
            .with_max_messages_per_second(10)
            .with_ping_interval(None)
    });
    let mut peer = start(echo, rated, PIPE);
    let began = Instant::now();
    peer.write(&frame(0x81, b"x").repeat(110)).await;
    peer.expect(&b"\x81\x01x".repeat(10)).await;
    assert_eq!(began.elapsed().as_secs(), 0);
    peer.expect(&b"\x81\x01x".repeat(100)).await;
    let took = began.elapsed().as_secs_f64();
    assert!((9.9..11.0).contains(&took), "{took}");
    peer.io.flush().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_does_not_hold_up_the_close() {
    let aging = settings(|settings| settings.with_max_session_age(SECOND));
    let handler = |session: WebSocketSession| async move {
        session.send("here").await?;
        std::future::pending().await
    };
    let mut peer = start(handler, aging, PIPE);
    peer.expect(b"\x81\x04here").await;
    peer.expect(b"\x88\x18\x03\xe9the session is too old").await;
    peer.write(&close(1001)).await;
    peer.expect_end(b"").await;
    assert_eq!(peer.outcome().await.code(), 1001);
}
