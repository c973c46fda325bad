//! How messages flow: rules `session.send.*`, `session.receive.*`, `session.backpressure.*`, `session.serve.*`.

use std::{sync::Arc, time::Duration};

use crate::peer::{close, frame, start};
use futures_util::{StreamExt, TryStreamExt};
use switchwire_core::{
    ErrorKind, HandlerResult, TrySendError, WebSocketMessage, WebSocketSession, WebSocketSettings,
    join_either,
};
use tokio::{
    io::AsyncReadExt,
    sync::{Notify, mpsc},
    time::timeout,
};

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

#[tokio::test]
async fn thousands_in_one_write_come_back_in_order() {
    let mut peer = start(echo, WebSocketSettings::default(), 1 << 20);
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for number in 0..5_000 {
        let text = number.to_string();
        bytes.extend(frame(0x81, text.as_bytes()));
        expected.extend([0x81, text.len() as u8]);
        expected.extend(text.as_bytes());
    }
    bytes.extend(close(1000));
    expected.extend([0x88, 2, 3, 0xe8]);
    peer.write(&bytes).await;
    peer.expect_end(&expected).await;
}

#[tokio::test]
async fn a_message_may_come_byte_by_byte_and_be_cut_anywhere() {
    let mut bytes = frame(0x01, "gr\u{fc}".as_bytes());
    bytes.extend(frame(0x89, b"p"));
    bytes.extend(frame(0x00, b""));
    bytes.extend(frame(0x80, "\u{df}e".as_bytes()));
    let expected = [
        b"\x8a\x01p\x81\x07".as_slice(),
        "gr\u{fc}\u{df}e".as_bytes(),
    ]
    .concat();
    for cut in 0..bytes.len() {
        let mut peer = start(echo, WebSocketSettings::default(), 1 << 10);
        peer.write(&bytes[..cut]).await;
        tokio::task::yield_now().await;
        peer.write(&bytes[cut..]).await;
        peer.expect(&expected).await;
    }
}

#[tokio::test]
async fn send_waits_while_the_peer_does_not_read_and_loses_nothing() {
    let settings = WebSocketSettings::builder()
        .with_outbound_buffer_size(1_000)
        .build()
        .unwrap();
    let (count, mut counted) = mpsc::unbounded_channel();
    let handler = move |session: WebSocketSession| {
        let count = count.clone();
        async move {
            for number in 0..100_u8 {
                session.send(vec![number; 100]).await?;
                count.send(session.buffered_amount()).unwrap();
            }
            Ok(())
        }
    };
    let mut peer = start(handler, settings, 64);
    while let Ok(Some(buffered)) = timeout(Duration::from_millis(50), counted.recv()).await {
        assert!(buffered <= 1_100, "{buffered}");
    }
    assert!(!counted.is_closed(), "the handler waits");
    for number in 0..100_u8 {
        peer.expect(&[0x82, 100]).await;
        peer.expect(&[number; 100]).await;
    }
    peer.expect(b"\x88\x02\x03\xe8").await;
}

#[tokio::test]
async fn try_send_gives_the_message_back_when_there_is_no_room() {
    let settings = WebSocketSettings::builder()
        .with_outbound_messages(2)
        .build()
        .unwrap();
    let handler = |session: WebSocketSession| async move {
        let sender = session.sender();
        sender.try_send("1").unwrap();
        sender.try_send("2").unwrap();
        let Err(TrySendError::Full(message)) = sender.try_send("3") else {
            panic!("there is no room");
        };
        assert_eq!(message.as_text(), Some("3"));
        sender.flush().await?;
        assert_eq!(sender.buffered_amount(), 0);
        Ok(sender.send(message).await?)
    };
    let mut peer = start(handler, settings, 1 << 10);
    peer.expect(b"\x81\x011\x81\x012\x81\x013\x88\x02\x03\xe8")
        .await;
}

#[tokio::test]
async fn a_handler_that_does_not_read_stops_the_peer_but_not_pings_and_close() {
    let settings = WebSocketSettings::builder()
        .with_inbound_buffer_size(1_000)
        .with_inbound_messages(10)
        .build()
        .unwrap();
    let go = Arc::new(Notify::new());
    let wait = go.clone();
    let handler = move |session: WebSocketSession| {
        let wait = wait.clone();
        async move {
            wait.notified().await;
            echo(session).await
        }
    };
    let mut peer = start(handler, settings, 256);
    peer.write(&frame(0x89, b"are you there")).await;
    peer.expect(b"\x8a\x0dare you there").await;
    let message = frame(0x82, &[1; 100]);
    let mut written = 0;
    while timeout(Duration::from_millis(50), peer.write(&message))
        .await
        .is_ok()
    {
        written += 1;
        assert!(written < 50, "the peer is not stopped");
    }
    assert!(written >= 9, "{written}");
    go.notify_one();
    peer.expect(&[0x82, 100]).await;
}

#[tokio::test]
async fn senders_on_other_threads_are_heard_while_the_handler_waits() {
    let handler = |mut session: WebSocketSession| async move {
        let sender = session.sender();
        let thread = std::thread::spawn(move || {
            (0..100).for_each(|_| sender.try_send("x").unwrap());
        });
        session.receive().await?;
        thread.join().unwrap();
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 16);
    peer.expect(&b"\x81\x01x".repeat(100)).await;
}

#[tokio::test]
async fn a_session_dropped_by_its_handler_goes_on_and_discards() {
    let handler = |session: WebSocketSession| async move {
        let sender = session.sender();
        drop(session);
        sender.closed().await;
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 10);
    for _ in 0..1_000 {
        peer.write(&frame(0x82, &[1; 100])).await;
    }
    peer.write(&frame(0x89, b"p")).await;
    peer.expect(b"\x8a\x01p").await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
}

#[tokio::test]
async fn streams_and_sinks_work_with_combinators() {
    let handler = |session: WebSocketSession| async move {
        let upper = session
            .receive_stream()
            .map_ok(|message| WebSocketMessage::from(message.as_text().unwrap().to_uppercase()));
        Ok(session.send_all(upper).await?)
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 10);
    peer.write(&frame(0x81, b"shout")).await;
    peer.expect(b"\x81\x05SHOUT").await;

    let handler = |session: WebSocketSession| async move {
        let (sink, stream) = session.split();
        stream.forward(sink).await?;
        Ok(())
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 10);
    peer.write(&frame(0x81, b"again")).await;
    peer.expect(b"\x81\x05again").await;
    peer.write(&close(1000)).await;
    peer.expect_end(b"\x88\x02\x03\xe8").await;
}

#[tokio::test]
async fn input_and_output_end_together_with_either() {
    let handler = |mut session: WebSocketSession| async move {
        let sender = session.sender();
        let input = async {
            while session.receive().await?.is_some() {}
            Ok(())
        };
        let output = async { sender.send("only this").await };
        Ok(join_either(input, output).await?)
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 10);
    peer.expect(b"\x81\x09only this\x88\x02\x03\xe8").await;
}

#[tokio::test]
async fn a_ping_too_long_is_refused_and_not_sent() {
    let handler = |session: WebSocketSession| async move {
        let ping = WebSocketMessage::Ping(vec![0; 126].into());
        assert_eq!(
            session.send(ping).await.unwrap_err().kind(),
            ErrorKind::Misuse
        );
        Ok(session
            .send(WebSocketMessage::Ping(vec![b'p'; 2].into()))
            .await?)
    };
    let mut peer = start(handler, WebSocketSettings::default(), 1 << 10);
    peer.expect(b"\x89\x02pp\x88\x02\x03\xe8").await;
}

#[tokio::test]
async fn control_frames_reach_the_handler_only_when_asked_for() {
    let settings = WebSocketSettings::builder().with_control_frames(true);
    let handler = |mut session: WebSocketSession| async move {
        let ping = session.receive().await?;
        assert_eq!(ping, Some(WebSocketMessage::Ping("p".into())));
        let pong = session.receive().await?;
        assert_eq!(pong, Some(WebSocketMessage::Pong("q".into())));
        Ok(())
    };
    let mut peer = start(handler, settings.build().unwrap(), 1 << 10);
    peer.write(&frame(0x89, b"p")).await;
    peer.write(&frame(0x8a, b"q")).await;
    peer.expect(b"\x8a\x01p\x88\x02\x03\xe8").await;

    let mut peer = start(echo, WebSocketSettings::default(), 1 << 10);
    peer.write(&frame(0x8a, b"unasked")).await;
    peer.write(&frame(0x81, b"text")).await;
    peer.expect(b"\x81\x04text").await;
}

#[tokio::test]
async fn pings_are_answered_in_order_and_the_latest_stands_for_all_while_output_is_blocked() {
    let mut peer = start(echo, WebSocketSettings::default(), 1 << 20);
    let mut pings = Vec::new();
    let mut pongs = Vec::new();
    for number in 0..2_000_u16 {
        pings.extend(frame(0x89, &number.to_be_bytes()));
        pongs.extend([0x8a, 2]);
        pongs.extend(number.to_be_bytes());
    }
    peer.write(&pings).await;
    peer.expect(&pongs).await;

    // The peer does not read: megabytes of pings must be taken and answered with little.
    let mut peer = start(echo, WebSocketSettings::default(), 1 << 10);
    let ping = frame(0x89, &[7; 125]);
    for _ in 0..40_000 {
        peer.write(&ping).await;
    }
    peer.write(&frame(0x89, b"last")).await;
    let mut taken = Vec::new();
    while !taken.ends_with(b"\x8a\x04last") {
        let read = timeout(Duration::from_secs(60), peer.io.read_buf(&mut taken));
        assert_ne!(read.await.expect("the last ping is answered").unwrap(), 0);
        assert!(taken.len() < 64 << 10, "{}", taken.len());
    }
}
