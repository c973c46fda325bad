//! Slow consumers: rules `session.slow.*`.

use std::sync::Arc;

use crate::peer::{close, start, start_with_control};
use switchwire_core::{
    HandlerResult, SlowConsumerPolicy, TrySendError, WebSocketSession, WebSocketSettings,
};
use tokio::sync::{Notify, mpsc};

/// How much of a message of 16 bytes counts.
const MESSAGE: usize = 16;

fn settings(policy: SlowConsumerPolicy) -> WebSocketSettings {
    let settings = WebSocketSettings::builder()
        .with_outbound_buffer_size(8 * MESSAGE)
        .with_slow_consumer(policy);
    settings.build().unwrap()
}

/// Sends a thousand numbered messages to a peer that reads none until they were sent, and tells which ones it gets.
async fn received(policy: SlowConsumerPolicy) -> (Vec<usize>, u64) {
    let (told, mut counts) = mpsc::unbounded_channel();
    let read = Arc::new(Notify::new());
    let (reading, all_read) = (read.clone(), Arc::new(Notify::new()));
    let may_end = all_read.clone();
    let mut peer = start(
        move |session: WebSocketSession| {
            let (told, reading, may_end) = (told.clone(), reading.clone(), may_end.clone());
            async move {
                for number in 0..1_000 {
                    session.send(format!("{number:016}")).await?;
                    assert!(session.buffered_amount() <= 9 * MESSAGE);
                }
                let dropped = session.dropped();
                assert_eq!(dropped.bytes, dropped.messages * MESSAGE as u64);
                told.send(dropped.messages).unwrap();
                reading.notify_one();
                session.flush().await?;
                may_end.notified().await;
                Ok(())
            }
        },
        settings(policy),
        64,
    );
    read.notified().await;
    let dropped = counts.recv().await.unwrap();
    let mut numbers = Vec::new();
    while numbers.len() < 1_000 - usize::try_from(dropped).unwrap() {
        let frame = peer.read(2 + MESSAGE).await;
        assert_eq!(frame[..2], [0x81, 16]);
        numbers.push(std::str::from_utf8(&frame[2..]).unwrap().parse().unwrap());
    }
    all_read.notify_one();
    peer.expect(b"\x88\x02\x03\xe8").await;
    (numbers, dropped)
}

#[tokio::test]
async fn drop_newest_sends_the_beginning() {
    let (numbers, dropped) = received(SlowConsumerPolicy::DropNewest).await;
    assert!(dropped > 900, "{dropped}");
    let expected: Vec<_> = (0..numbers.len()).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn drop_oldest_sends_the_end() {
    let (numbers, dropped) = received(SlowConsumerPolicy::DropOldest).await;
    assert!(dropped > 900, "{dropped}");
    assert!(numbers.is_sorted(), "{numbers:?}");
    let tail: Vec<_> = (995..1_000).collect();
    assert!(numbers.ends_with(&tail), "{numbers:?}");
}

#[tokio::test]
async fn try_send_drops_where_the_policy_does_and_else_gives_back() -> HandlerResult {
    for policy in [SlowConsumerPolicy::Wait, SlowConsumerPolicy::DropNewest] {
        let (told, mut results) = mpsc::unbounded_channel();
        let _peer = start(
            move |session: WebSocketSession| {
                let told = told.clone();
                async move {
                    for _ in 0..8 {
                        session.try_send(vec![0; MESSAGE])?;
                    }
                    let result = session.try_send(vec![1; MESSAGE]);
                    told.send((result, session.dropped().messages)).unwrap();
                    std::future::pending().await
                }
            },
            settings(policy),
            64,
        );
        match (results.recv().await.unwrap(), policy) {
            ((Err(TrySendError::Full(message)), 0), SlowConsumerPolicy::Wait) => {
                assert_eq!(message.payload()[..], [1; MESSAGE]);
            }
            ((Ok(()), 1), SlowConsumerPolicy::DropNewest) => {}
            (other, _) => panic!("{policy:?}: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_fast_handler_loses_nothing_to_a_peer_that_reads() {
    for policy in [
        SlowConsumerPolicy::DropNewest,
        SlowConsumerPolicy::DropOldest,
    ] {
        let mut peer = start(
            |session: WebSocketSession| async move {
                for number in 0..1_000 {
                    session.send(format!("{number:016}")).await?;
                }
                assert_eq!(session.dropped().messages, 0);
                Ok(())
            },
            settings(policy),
            1 << 20,
        );
        for number in 0..1_000 {
            let text = format!("{number:016}");
            peer.expect(&[b"\x81\x10", text.as_bytes()].concat()).await;
        }
        peer.expect(b"\x88\x02\x03\xe8").await;
    }
}

/// Before, such a handler never gave its thread away: neither the peer's end nor a shutdown was seen, and two of them
/// stopped a server with two threads.
#[tokio::test]
async fn a_handler_that_sends_in_a_loop_and_drops_lets_others_run_and_ends() {
    for policy in [
        SlowConsumerPolicy::DropNewest,
        SlowConsumerPolicy::DropOldest,
    ] {
        for shuts_down in [false, true] {
            let (told, mut sent) = mpsc::unbounded_channel();
            let handler = move |session: WebSocketSession| {
                let told = told.clone();
                async move {
                    loop {
                        session.send(vec![0; MESSAGE]).await?;
                        told.send(()).unwrap();
                    }
                }
            };
            let (mut peer, control) = start_with_control(handler, settings(policy), 64);
            for _ in 0..1_000 {
                sent.recv().await.unwrap(); // this task runs beside it
            }
            if shuts_down {
                control.shut_down();
                while peer.read(1).await != [0x88] {
                    peer.read(1 + MESSAGE).await;
                }
                peer.expect(b"\x02\x03\xe9").await;
                peer.write(&close(1001)).await;
                peer.expect_end(b"").await;
                assert_eq!(peer.outcome().await.code(), 1001);
            } else {
                assert_eq!(peer.outcome().await.code(), 1006);
            }
        }
    }
}
