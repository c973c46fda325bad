//! Handlers that are found, sent to and closed through the registry.

use std::{str::FromStr, sync::Arc};

use switchwire_core::{CloseCode, HandlerResult, WebSocketSender, WebSocketSession};
use switchwire_service::{InvalidMapping, SessionRegistry, UrlHandlerMapping};

use super::{journal::Journals, parameter};

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
    registry: &SessionRegistry,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let (journals, registry) = (journals.clone(), registry.clone());
    mapping
        .with("/kept/member", be_kept)?
        .with("/kept/late", move |session: WebSocketSession| {
            let start = journals.starting(&session);
            async move {
                session.closed().await;
                start.notified().await;
                Ok(())
            }
        })?
        .with("/kept/keeper", move |session| {
            keep(session, registry.clone())
        })
}

/// What a session is found by.
struct Tag(String);

/// Has the tag of its query, tells its id, and sends back all else.
async fn be_kept(mut session: WebSocketSession) -> HandlerResult {
    let tag = parameter(&session, "tag").unwrap_or_default();
    session.attributes().insert(Tag(tag.to_owned()));
    session.send("in").await?;
    while let Some(message) = session.receive().await? {
        if message.as_text() == Some("id") {
            session.send(session.id().to_string()).await?;
        } else {
            session.send(message).await?;
        }
    }
    Ok(())
}

/// Does with the registry what it is told, and answers with what it found.
async fn keep(mut session: WebSocketSession, registry: SessionRegistry) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        let words: Vec<_> = message.as_text().unwrap_or_default().split(' ').collect();
        let answer = match words[..] {
            // by the attribute that the handler set
            ["tagged", tag] => tagged(&registry, tag).len().to_string(),
            // by the request
            ["opened", tag] => {
                let query = format!("tag={tag}");
                let opened = |session: &WebSocketSender| {
                    let query_of = session.handshake_info().query().unwrap_or_default();
                    query_of.split('&').any(|pair| pair == query)
                };
                registry.matching(opened).len().to_string()
            }
            ["find", id] => {
                let all = registry.sessions();
                let known = all.iter().find(|session| session.id().to_string() == id);
                let found = known.and_then(|known| registry.find(known.id()));
                found.map_or("none".to_owned(), |found| {
                    found.handshake_info().uri().path().to_owned()
                })
            }
            ["send", tag, text] => {
                let found = tagged(&registry, tag);
                for session in &found {
                    session.send(text.to_owned()).await?;
                }
                found.len().to_string()
            }
            ["close", tag, code] => {
                let code = CloseCode::new(u16::from_str(code)?)?;
                let found = tagged(&registry, tag);
                for session in &found {
                    drop(session.close(code)); // takes effect though nobody awaits it
                }
                found.len().to_string()
            }
            _ => "what?".to_owned(),
        };
        session.send(answer).await?;
    }
    Ok(())
}

fn tagged(registry: &SessionRegistry, tag: &str) -> Vec<WebSocketSender> {
    registry.matching(|session| {
        let found: Option<Arc<Tag>> = session.attributes().get();
        found.is_some_and(|found| found.0 == tag)
    })
}
