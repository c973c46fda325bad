//! Handlers that send more than a peer reads.

use std::time::Duration;

use switchwire_conformance::contract::{SLOW_LEN, SLOW_MESSAGES, STEADY_LEN};
use switchwire_core::{
    CloseCode, HandlerResult, SlowConsumerPolicy, TrySendError, WebSocketSession,
};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{
    journal::{Journal, Journals},
    limited, parameter, sent, told,
};

const MARK: usize = 8 * SLOW_LEN;

/// More messages than systems hold of a peer that reads nothing.
const MANY_DROPPED: u64 = 1_000;

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let close = |after| SlowConsumerPolicy::Close {
        after: Duration::from_millis(after),
    };
    let long = Duration::from_secs(5);
    let short = Duration::from_millis(100);
    let steadily = journals.clone();
    let steady = move |session: WebSocketSession| {
        let journal = steadily.named_by(&session);
        send_steadily(session, journal)
    };
    let mapping = mapping.with_endpoint(
        "/slow/steady",
        limited(steady, |settings| {
            settings
                .with_outbound_buffer_size(STEADY_LEN)
                .with_slow_consumer(close(500))
        }),
    )?;
    let mapping = [
        ("/slow/loop-newest", SlowConsumerPolicy::DropNewest),
        ("/slow/loop-oldest", SlowConsumerPolicy::DropOldest),
    ]
    .into_iter()
    .try_fold(mapping, |mapping, (path, policy)| {
        let journals = journals.clone();
        let handler = move |session: WebSocketSession| {
            let journal = journals.named_by(&session);
            send_and_drop(session, journal)
        };
        let endpoint = limited(handler, |settings| settings.with_slow_consumer(policy));
        mapping.with_endpoint(path, endpoint)
    })?;
    [
        ("/slow/wait", SlowConsumerPolicy::Wait, long, MARK),
        ("/slow/close", close(100), long, MARK),
        ("/slow/close-soon", close(100), short, MARK),
        // A peer that takes this in two seconds is not slow, on a busy machine either.
        ("/slow/close-late", close(2_000), long, 64 << 10),
        ("/slow/newest", SlowConsumerPolicy::DropNewest, long, MARK),
        ("/slow/oldest", SlowConsumerPolicy::DropOldest, long, MARK),
    ]
    .into_iter()
    .try_fold(mapping, |mapping, (path, policy, deadline, mark)| {
        let journals = journals.clone();
        let handler = move |session: WebSocketSession| {
            let journal = journals.named_by(&session);
            send(session, journal)
        };
        let endpoint = limited(handler, |settings| {
            settings
                .with_outbound_buffer_size(mark)
                .with_slow_consumer(policy)
                .with_closing_deadline(deadline)
        });
        mapping.with_endpoint(path, endpoint)
    })
}

async fn send(session: WebSocketSession, journal: Journal) -> HandlerResult {
    let how = parameter(&session, "how").unwrap_or_default().to_owned();
    if how == "try" {
        try_send(&session, &journal);
        return Ok(());
    }
    send_all(session, &journal, &how).await
}

/// Sends numbered messages; then closes, or waits until all was written and says `end`.
async fn send_all(mut session: WebSocketSession, journal: &Journal, how: &str) -> HandlerResult {
    for n in 0..SLOW_MESSAGES {
        let result = session.send(numbered(n)).await;
        if result.is_err() {
            journal.write(sent(&result));
            journal.write(told(&session.closed().await));
            return Ok(());
        }
        journal.write(format!("sent {}", n + 1));
    }
    let dropped = session.dropped();
    assert_eq!(dropped.bytes, dropped.messages * SLOW_LEN as u64);
    journal.write(format!("dropped {}", dropped.messages));
    if how == "close" {
        session.close(CloseCode::new(4001)?).await;
        return Ok(());
    }
    session.flush().await?;
    session.send("end").await?;
    while session.receive().await?.is_some() {}
    Ok(())
}

/// Sends small messages until that fails.
async fn send_steadily(session: WebSocketSession, journal: Journal) -> HandlerResult {
    while session.send(vec![0; STEADY_LEN]).await.is_ok() {}
    journal.write("send failed");
    journal.write(told(&session.closed().await));
    Ok(())
}

/// Sends small messages until that fails, and tells once that many were dropped.
async fn send_and_drop(session: WebSocketSession, journal: Journal) -> HandlerResult {
    let mut is_told = false;
    while session.send(vec![0; STEADY_LEN]).await.is_ok() {
        if !is_told && session.dropped().messages >= MANY_DROPPED {
            is_told = true;
            journal.write("dropping");
        }
    }
    journal.write("send failed");
    Ok(())
}

/// Tries to send, without ever waiting, and so without letting anything be written.
fn try_send(session: &WebSocketSession, journal: &Journal) {
    for n in 0..SLOW_MESSAGES {
        match session.try_send(numbered(n)) {
            Ok(()) => {}
            Err(TrySendError::Full(message)) => {
                let same = message.payload()[..] == numbered(n);
                journal.write(format!("full after {n}, given back: {same}"));
                return;
            }
            Err(TrySendError::Failed(_)) => return journal.write("failed"),
        }
    }
    journal.write(format!("dropped {}", session.dropped().messages));
}

/// A message whose whole payload tells its number.
fn numbered(n: u32) -> Vec<u8> {
    n.to_be_bytes().repeat(SLOW_LEN / 4)
}
