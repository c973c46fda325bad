//! Handlers that send on their own account.

use std::{thread, time::Duration};

use futures_util::{FutureExt, stream};
use switchwire_core::{
    CloseCode, Error, HandlerResult, WebSocketMessage, WebSocketSession, join_both,
};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};
use tokio::sync::mpsc;

use super::{
    echo,
    journal::{Journal, Journals},
};

/// How long a handler works on a message of a flood, its thread with it.
const WORK: Duration = Duration::from_micros(300);

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let pushing = journals.clone();
    mapping
        .with("/push", move |session| {
            let journal = pushing.named_by(&session);
            push(session, journal, 512, 64 << 10)
        })?
        .with("/burst", |session: WebSocketSession| {
            push(session, Journal::nobodys(), 64, 32 << 10)
        })?
        .with("/flooded", acknowledge)?
        .with("/threads", send_from_threads)?
        .with("/both", echo_and_tick)?
        .with("/oversized-ping", send_oversized)?
        .with("/closing-stream", close_behind_a_stream)
}

/// Sends numbered messages as fast as they are accepted.
async fn push(
    session: WebSocketSession,
    journal: Journal,
    count: u32,
    len: usize,
) -> HandlerResult {
    for n in 0..count {
        let mut payload = vec![0; len];
        payload[..4].copy_from_slice(&n.to_be_bytes());
        session.send(payload).await?;
        journal.write(format!("accepted {}", n + 1));
    }
    Ok(())
}

/// Works on each message for longer than the peer needs to send the next, and acknowledges the first.
async fn acknowledge(mut session: WebSocketSession) -> HandlerResult {
    let mut is_first = true;
    while session.receive().await?.is_some() {
        thread::sleep(WORK);
        if std::mem::take(&mut is_first) {
            session.send("acknowledged").await?;
        }
    }
    Ok(())
}

/// Sends fifty messages from each of four threads.
async fn send_from_threads(session: WebSocketSession) -> HandlerResult {
    let (done, mut all_done) = mpsc::channel::<()>(1);
    for thread in 0..4 {
        let (sender, done) = (session.sender(), done.clone());
        thread::spawn(move || {
            for n in 0..50 {
                if futures_executor::block_on(sender.send(format!("{thread} {n}"))).is_err() {
                    break;
                }
            }
            drop(done);
        });
    }
    drop(done);
    all_done.recv().await;
    Ok(())
}

/// Echoes, and sends ten messages of its own meanwhile.
async fn echo_and_tick(session: WebSocketSession) -> HandlerResult {
    let sender = session.sender();
    let ticking = async {
        for n in 0..10 {
            sender.send(format!("tick {n}")).await?;
            yield_once().await;
        }
        Ok(())
    };
    join_both(echo(session), ticking).await
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Tries to send control frames that are too long.
async fn send_oversized(session: WebSocketSession) -> HandlerResult {
    let payload = vec![b'x'; 126];
    for (name, message) in [
        ("ping", WebSocketMessage::Ping(payload.clone().into())),
        ("pong", WebSocketMessage::Pong(payload.clone().into())),
    ] {
        let told = match session.send(message).await {
            Ok(()) => format!("{name} accepted"),
            Err(error) => format!("{name} refused: {:?}", error.kind()),
        };
        session.send(told).await?;
    }
    session.closed().map(|_| Ok(())).await
}

/// Closes from inside its outbound stream.
async fn close_behind_a_stream(session: WebSocketSession) -> HandlerResult {
    let messages = stream::iter((0..3).map(|n| Ok::<_, Error>(n.to_string())));
    session.send_all(messages).await?;
    session.close(CloseCode::GOING_AWAY).await;
    Ok(())
}
