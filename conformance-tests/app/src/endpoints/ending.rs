//! Handlers that end, well or badly, or not at all.

use std::{future, io};

use bytes::Bytes;
use switchwire_conformance::contract::PANICKING_LENS;
use switchwire_core::{CloseCode, CloseStatus, HandlerError, HandlerResult, WebSocketSession};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{
    hurried,
    journal::{Journal, Journals},
    parameter,
};

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let stubborn = journals.clone();
    mapping
        .with("/ok", |mut session: WebSocketSession| async move {
            session.receive().await?;
            Ok(session.send("done").await?)
        })?
        .with("/ok-at-once", |_: WebSocketSession| async { Ok(()) })?
        .with("/error", fail)?
        .with("/text-only", echo_text)?
        .with("/panic", panic)?
        .with("/panic-when-dropped", panic_when_dropped)?
        .with("/panicking-payloads", send_what_panics)?
        .with_endpoint(
            "/stubborn",
            hurried(move |session| {
                let journal = stubborn.named_by(&session);
                go_on(session, journal)
            }),
        )
}

async fn fail(session: WebSocketSession) -> HandlerResult {
    if let Some(words) = parameter(&session, "say") {
        session.send(words.to_owned()).await?;
    }
    Err(io::Error::other("the password of the database is wrong").into())
}

async fn echo_text(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        if message.is_binary() {
            let status = CloseStatus::new(CloseCode::UNSUPPORTED_DATA, "text only")?;
            return Err(HandlerError::closing_with(status, "a binary message came"));
        }
        session.send(message).await?;
    }
    Ok(())
}

async fn panic(mut session: WebSocketSession) -> HandlerResult {
    if parameter(&session, "when").is_some() {
        session.receive().await?;
    }
    super::panic_on_purpose("a handler of the kit panics, as it should")
}

/// Ends well, but for what it leaves to be dropped.
async fn panic_when_dropped(session: WebSocketSession) -> HandlerResult {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            super::panic_on_purpose("what a handler of the kit leaves panics, as it should")
        }
    }
    let _dropped_last = Panics;
    Ok(session.send("ending").await?)
}

/// Echoes, behind payloads that panic when they are dropped.
async fn send_what_panics(session: WebSocketSession) -> HandlerResult {
    struct Payload(Vec<u8>);
    impl AsRef<[u8]> for Payload {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Payload {
        fn drop(&mut self) {
            super::panic_on_purpose("a payload of the kit panics, as it should")
        }
    }
    session
        .handshake_info()
        .attributes()
        .insert(Payload(Vec::new()));
    for len in PANICKING_LENS {
        session
            .send(Bytes::from_owner(Payload(vec![7; len])))
            .await?;
    }
    super::echo(session).await
}

/// Goes on for ever, whatever becomes of the connection.
pub(super) async fn go_on(session: WebSocketSession, journal: Journal) -> HandlerResult {
    let _dropped = WritesWhenDropped(journal);
    session.send("going on").await?;
    future::pending().await
}

pub(super) struct WritesWhenDropped(pub(super) Journal);

impl Drop for WritesWhenDropped {
    fn drop(&mut self) {
        self.0.write("dropped");
    }
}
