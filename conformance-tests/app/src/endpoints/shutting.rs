//! Handlers that are shut down, and those that do so.

use std::{future::pending, time::Duration};

use async_trait::async_trait;
use switchwire_core::{
    CloseCode, CloseWith, Endpoint, HandlerResult, HandshakeError, HandshakeInterceptor,
    HandshakeRequest, WebSocketSession,
};
use switchwire_service::{InvalidMapping, SessionRegistry, UrlHandlerMapping};

use super::{
    access::Noting,
    echo,
    ending::WritesWhenDropped,
    journal::{Journal, Journals},
    parameter, told,
};

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let [telling, working, hanging] = [(); 3].map(|()| journals.clone());
    let late = LateDecision(journals.clone());
    mapping
        .with("/down/farewell", |session: WebSocketSession| async move {
            session.shutting_down().await;
            session.send("bye").await?;
            session.closed().await;
            Ok(())
        })?
        .with("/down/echo", |session: WebSocketSession| async move {
            session.shutting_down().await;
            echo(session).await
        })?
        .with("/down/restart", |session: WebSocketSession| async move {
            session.shutting_down().await;
            session.close(CloseCode::SERVICE_RESTART).await;
            Ok(())
        })?
        .with("/down/normal", |session: WebSocketSession| async move {
            session.shutting_down().await;
            Err(CloseWith(CloseCode::NORMAL.into()).into())
        })?
        .with("/down/return", |session: WebSocketSession| async move {
            session.shutting_down().await;
            Ok(())
        })?
        .with("/down/told", move |session: WebSocketSession| {
            let journal = telling.named_by(&session);
            be_told(session, journal)
        })?
        .with("/down/work", move |session: WebSocketSession| {
            let (journal, start) = (working.named_by(&session), working.starting(&session));
            async move {
                journal.write(told(&session.closed().await));
                start.notified().await;
                journal.write("finished");
                Ok(())
            }
        })?
        .with("/down/hang", move |session: WebSocketSession| {
            let journal = hanging.named_by(&session);
            hang(session, journal)
        })?
        .with_endpoint(
            "/down/late",
            Endpoint::new(echo)
                .with_interceptor(late)
                .with_interceptor(Noting::new("first", journals)),
        )
}

/// What ends the sessions of another app.
pub(super) fn add_control(
    mapping: UrlHandlerMapping,
    registry: &SessionRegistry,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let (ending, closing) = (registry.clone(), registry.clone());
    mapping
        .with("/shutdown", move |session| {
            shut_down(session, ending.clone())
        })?
        .with("/close-all", move |session: WebSocketSession| {
            let registry = closing.clone();
            async move {
                let code = parameter(&session, "code").unwrap_or_default().parse()?;
                let closed = registry.close_all(CloseCode::new(code)?);
                Ok(session.send(closed.to_string()).await?)
            }
        })
}

/// Shuts down, and tells how sessions ended.
async fn shut_down(session: WebSocketSession, registry: SessionRegistry) -> HandlerResult {
    let deadline = parameter(&session, "deadline")
        .unwrap_or_default()
        .parse()?;
    let report = registry.shutdown(Duration::from_millis(deadline));
    session.send("begun").await?;
    if parameter(&session, "how") == Some("dropped") {
        drop(report);
        return Ok(());
    }
    Ok(session.send(report.await.to_string()).await?)
}

async fn be_told(session: WebSocketSession, journal: Journal) -> HandlerResult {
    let (first, second) = (session.shutting_down(), session.sender().shutting_down());
    session.send("waiting").await?;
    first.await;
    journal.write("told");
    second.await;
    journal.write("told");
    let later = session.shutting_down();
    journal.write(format!("shutting down: {}", later.is_shutting_down()));
    later.await;
    journal.write("told");
    session.closed().await;
    Ok(())
}

/// Goes on for ever.
async fn hang(session: WebSocketSession, journal: Journal) -> HandlerResult {
    let _dropped = WritesWhenDropped(journal);
    session.send("hanging").await?;
    pending().await
}

/// Decides when the key of the query is started.
struct LateDecision(Journals);

#[async_trait]
impl HandshakeInterceptor for LateDecision {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let key = request
            .query_parameter("key")
            .unwrap_or_default()
            .into_owned();
        self.0.named(Some(&key)).write("deciding");
        self.0.start_of(&key).notified().await;
        Ok(())
    }
}
