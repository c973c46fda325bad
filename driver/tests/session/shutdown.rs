//! Shutting down: what the driver does when it is told so from outside.

use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, CloseWith, WebSocketSession, WebSocketSettings,
};
use tokio::sync::oneshot;

use super::peer::{Peer, close, frame, start_with_control};

/// A Close with 1001 as the server sends it.
const GOING_AWAY: &[u8] = &[0x88, 2, 0x03, 0xe9];

async fn echo(mut session: WebSocketSession) -> switchwire_core::HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

fn by_us(outcome: &CloseOutcome) -> CloseCode {
    match outcome {
        CloseOutcome::ByUs(status) => status.code(),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_closed_with_1001() {
    let (mut peer, control) = start_with_control(echo, WebSocketSettings::default(), 1024);
    peer.write(&frame(0x81, b"hi")).await;
    peer.expect(&[0x81, 2, b'h', b'i']).await;
    control.shut_down();
    peer.expect(GOING_AWAY).await;
    peer.write(&close(1001)).await;
    peer.expect_end(&[]).await;
    assert_eq!(by_us(&peer.session.await.unwrap()), CloseCode::GOING_AWAY);
}

#[tokio::test(start_paused = true)]
async fn what_was_received_is_answered_before() {
    let (mut peer, control) = start_with_control(echo, WebSocketSettings::default(), 4096);
    peer.write(&frame(0x81, b"a").repeat(50)).await;
    peer.expect(&[0x81, 1, b'a'].repeat(50)).await;
    peer.write(&frame(0x81, b"b").repeat(50)).await;
    tokio::task::yield_now().await; // the driver reads and answers
    control.shut_down();
    peer.expect(&[0x81, 1, b'b'].repeat(50)).await;
    peer.expect(GOING_AWAY).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hears_of_it_says_farewell() {
    let handler = |session: WebSocketSession| async move {
        session.shutting_down().await;
        assert!(session.shutting_down().is_shutting_down());
        session.send("bye").await?;
        Ok(())
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 1024);
    control.shut_down();
    peer.expect(&[0x81, 3, b'b', b'y', b'e']).await;
    peer.expect(GOING_AWAY).await;
}

#[tokio::test(start_paused = true)]
async fn a_status_of_the_handlers_own_is_sent() {
    let handler = |session: WebSocketSession| async move {
        session.shutting_down().await;
        session.close(CloseCode::SERVICE_RESTART).await;
        Ok(())
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 1024);
    control.shut_down();
    peer.expect(&[0x88, 2, 0x03, 0xf4]).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_chooses_1000_sends_that() {
    let handler = |session: WebSocketSession| async move {
        session.shutting_down().await;
        Err(CloseWith(CloseCode::NORMAL.into()).into())
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 1024);
    control.shut_down();
    peer.expect(&[0x88, 2, 0x03, 0xe8]).await;
}

#[tokio::test(start_paused = true)]
async fn what_crosses_our_close_is_received() {
    let (told, heard) = oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    let handler = move |mut session: WebSocketSession| {
        let told = told.lock().unwrap().take().unwrap();
        async move {
            let message = session.receive().await?;
            assert!(session.send("too late").await.is_err());
            let _ = told.send(message);
            Ok(())
        }
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 1024);
    control.shut_down();
    peer.expect(GOING_AWAY).await;
    peer.write(&frame(0x81, b"crossing")).await;
    peer.write(&close(1001)).await;
    assert_eq!(heard.await.unwrap(), Some("crossing".into()));
    peer.expect_end(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_the_handler_and_tells_the_peer() {
    let (dropped, gone) = oneshot::channel::<()>();
    let dropped = std::sync::Mutex::new(Some(dropped));
    let handler = move |_session: WebSocketSession| {
        let guard = dropped.lock().unwrap().take();
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok(())
        }
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 1024);
    control.abort();
    peer.expect_end(GOING_AWAY).await;
    assert!(gone.await.is_err());
    assert!(matches!(
        peer.session.await.unwrap(),
        CloseOutcome::TimedOut
    ));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_under_way_goes_on() {
    let handler = |session: WebSocketSession| async move {
        session
            .close(CloseStatus::new(CloseCode::NORMAL, "done")?)
            .await;
        Ok(())
    };
    let (mut peer, control) = start_with_control(handler, WebSocketSettings::default(), 1024);
    peer.expect(b"\x88\x06\x03\xe8done").await;
    control.shut_down();
    peer.write(&close(1000)).await;
    peer.expect_end(&[]).await;
    let Peer { session, .. } = peer;
    assert_eq!(by_us(&session.await.unwrap()), CloseCode::NORMAL);
}
