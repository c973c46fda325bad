//! Handlers that tell what they know of their handshake.

use std::borrow::Cow;

use async_trait::async_trait;
use switchwire_core::{HandlerResult, WebSocketHandler, WebSocketSession};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::echo;

pub(super) fn add(mapping: UrlHandlerMapping) -> Result<UrlHandlerMapping, InvalidMapping> {
    mapping
        .with("/handshake", answer)?
        .with("/rooms/{room}", answer)?
        .with("/subprotocol", Subprotocol)?
        .with("/greeting", |session: WebSocketSession| async {
            session.send("welcome").await?;
            echo(session).await
        })
}

/// Speaks three subprotocols and tells which was chosen.
struct Subprotocol;

#[async_trait]
impl WebSocketHandler for Subprotocol {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        let chosen = session
            .handshake_info()
            .subprotocol()
            .unwrap_or("none")
            .to_owned();
        session.send(chosen).await?;
        echo(session).await
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["v11.stomp", "v12.stomp", "chat"]
    }
}

/// Answers questions.
pub(super) async fn answer(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        let question = message.as_text().unwrap_or_default();
        let reply = reply(&session, question);
        session.send(reply).await?;
    }
    Ok(())
}

/// What an attribute remembers.
struct Remembered(String);

pub(super) fn reply(session: &WebSocketSession, question: &str) -> String {
    let info = session.handshake_info();
    let (verb, name) = question.split_once(' ').unwrap_or((question, ""));
    let found = match verb {
        "path" => Some(info.uri().path().to_owned()),
        "query" => info.query().map(str::to_owned),
        "header" => info
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        "cookie" => info.cookie(name).map(str::to_owned),
        "parameter" => info.path_parameter(name).map(str::to_owned),
        "query-parameter" => info.query_parameter(name).map(Cow::into_owned),
        "subprotocol" => info.subprotocol().map(str::to_owned),
        "secure" => info.is_secure().then(|| "yes".to_owned()),
        "principal" => info
            .principal()
            .and_then(|user| user.downcast_ref::<String>().cloned()),
        "attribute" => session
            .attributes()
            .get_named::<String>(name)
            .map(|value| (*value).clone()),
        "remote" => info.remote_address().map(|address| address.to_string()),
        "id" => Some(session.id().to_string()),
        "remember" => {
            session.attributes().insert(Remembered(name.to_owned()));
            Some(name.to_owned())
        }
        "recall" => session
            .attributes()
            .get::<Remembered>()
            .map(|remembered| remembered.0.clone()),
        _ => Some(format!("what is {verb}?")),
    };
    found.unwrap_or_else(|| "none".to_owned())
}
