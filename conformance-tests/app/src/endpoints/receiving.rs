//! Handlers that read, or do not.

use switchwire_core::{HandlerResult, WebSocketMessage, WebSocketSession};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{
    journal::{Journal, Journals},
    limited, sent, told,
};

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let [watching, controlling, waiting, deaf] = [(); 4].map(|()| journals.clone());
    mapping
        .with("/watch", move |session| {
            let journal = watching.named_by(&session);
            watch(session, journal)
        })?
        .with_endpoint(
            "/control",
            limited(
                move |session| {
                    let journal = controlling.named_by(&session);
                    watch(session, journal)
                },
                |settings| settings.with_control_frames(true),
            ),
        )?
        .with("/late", move |session| {
            let (journal, start) = (waiting.named_by(&session), waiting.starting(&session));
            async move {
                start.notified().await;
                watch(session, journal).await
            }
        })?
        .with("/never-reads", move |session| {
            let journal = deaf.named_by(&session);
            never_read(session, journal)
        })?
        .with("/dropped", drop_session)
}

/// Writes down everything that is received, and then tries what must fail.
async fn watch(mut session: WebSocketSession, journal: Journal) -> HandlerResult {
    let end = loop {
        match session.receive().await {
            Ok(Some(message)) => journal.write(described(&message)),
            Ok(None) => break "end".to_owned(),
            Err(error) => break format!("error: {:?}", error.kind()),
        }
    };
    journal.write(end);
    journal.write(match session.receive().await {
        Ok(None) => "end again".to_owned(),
        other => format!("{other:?}"),
    });
    journal.write(told(&session.closed().await));
    journal.write(sent(&session.send("too late").await));
    Ok(())
}

/// A message in words.
pub(super) fn described(message: &WebSocketMessage) -> String {
    let payload = || String::from_utf8_lossy(message.payload());
    match message {
        WebSocketMessage::Text(text) => format!("text {text}"),
        WebSocketMessage::Binary(payload) => format!("binary {}", payload.len()),
        WebSocketMessage::Ping(_) => format!("ping {}", payload()),
        WebSocketMessage::Pong(_) => format!("pong {}", payload()),
    }
}

/// Holds the session and never receives; asks twice how it ended.
async fn never_read(session: WebSocketSession, journal: Journal) -> HandlerResult {
    session.send("not reading").await?;
    let (first, second) = (session.closed(), session.sender().closed());
    journal.write(told(&first.await));
    journal.write(told(&second.await));
    Ok(())
}

/// Drops the session and goes on with a sender.
async fn drop_session(session: WebSocketSession) -> HandlerResult {
    let sender = session.sender();
    drop(session);
    sender.send("dropped").await?;
    sender.closed().await;
    Ok(())
}
