//! Handlers that await something between taking a message and answering it.

use std::{future::pending, time::Duration};

use switchwire_core::{HandlerResult, WebSocketSession, WebSocketSettingsBuilder};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};
use tokio::time::sleep;

use super::{
    ending::WritesWhenDropped,
    journal::{Journal, Journals, Start},
    limited, parameter,
};

/// Longer than any case, and so short that a case can wait for it.
const LONG: Duration = Duration::from_secs(60 * 60);
const SHORT: Duration = Duration::from_millis(200);

/// How long the slow way to answer takes, and how often a subscription sends.
const WORK: Duration = Duration::from_millis(60);
const TICK: Duration = Duration::from_millis(10);

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    ENDPOINTS.iter().try_fold(mapping, |mapping, (path, set)| {
        let journals = journals.clone();
        let handler = move |session: WebSocketSession| {
            let (journal, start) = (journals.named_by(&session), journals.starting(&session));
            owe(session, journal, start)
        };
        mapping.with_endpoint(path, limited(handler, set))
    })
}

type Set = fn(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder;

const ENDPOINTS: &[(&str, Set)] = &[
    ("/answers/patient", |settings| {
        settings.with_answer_grace(LONG)
    }),
    ("/answers/hurried", |settings| {
        settings.with_answer_grace(SHORT)
    }),
    ("/answers/after-close", |settings| {
        settings.with_answer_grace_after_close(LONG)
    }),
    ("/answers/soon-after-close", |settings| {
        settings.with_answer_grace_after_close(SHORT)
    }),
];

/// Does what the query asks for; without it answers each message when the key is started.
async fn owe(mut session: WebSocketSession, journal: Journal, start: Start) -> HandlerResult {
    let _dropped = WritesWhenDropped(journal.clone());
    let how = parameter(&session, "how").unwrap_or_default().to_owned();
    if how == "deaf" {
        session.closed().await;
        return Ok(());
    }
    while let Some(message) = session.receive().await? {
        let words = message.as_text().unwrap_or_default();
        journal.write(format!("took {words}"));
        match &*how {
            "subscription" => loop {
                session.send("tick").await?;
                sleep(TICK).await;
            },
            "lost" => pending().await,
            "slow" => sleep(WORK).await,
            _ => {
                start.begun().await;
                sleep(TICK).await;
            }
        }
        session.send(message).await?;
    }
    Ok(())
}
