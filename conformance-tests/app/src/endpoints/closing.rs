//! Handlers that close.

use switchwire_core::{
    CloseCode, CloseStatus, HandlerResult, InvalidCloseStatus, WebSocketSession,
};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{
    hurried,
    journal::{Journal, Journals},
    parameter,
    receiving::described,
    sent, told,
};

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let [closing, hurrying] = [(); 2].map(|()| journals.clone());
    mapping
        .with("/close", move |session| {
            let journal = closing.named_by(&session);
            close(session, journal)
        })?
        .with_endpoint(
            "/impatient",
            hurried(move |session: WebSocketSession| {
                let journal = hurrying.named_by(&session);
                async move {
                    journal.write(told(&session.close(CloseCode::NORMAL).await));
                    Ok(())
                }
            }),
        )?
        .with("/close-when-told", close_when_told)?
        .with(
            "/close-behind-large",
            |session: WebSocketSession| async move {
                session.send(vec![0; 8 << 20]).await?;
                session.close(CloseCode::NORMAL).await;
                Ok(())
            },
        )
}

/// Closes with the status and in the way that the query asks for.
async fn close(mut session: WebSocketSession, journal: Journal) -> HandlerResult {
    let code = parameter(&session, "code")
        .and_then(|code| code.parse().ok())
        .unwrap_or(1000);
    let status = CloseStatus::new(
        CloseCode::new(code)?,
        parameter(&session, "reason").unwrap_or_default().to_owned(),
    )?;
    match parameter(&session, "how").unwrap_or_default() {
        "unawaited" => {
            drop(session.close(status));
            session.closed().await;
        }
        "twice" => {
            let first = session.close(status);
            let second = session.close(CloseCode::GOING_AWAY);
            journal.write(format!("first: {}", told(&first.await)));
            journal.write(format!("second: {}", told(&second.await)));
            journal.write(format!(
                "after: {}",
                told(&session.close(CloseCode::GOING_AWAY).await)
            ));
            journal.write(format!("is open: {}", session.is_open()));
        }
        "after-three" => {
            for n in 0..3 {
                session.send(n.to_string()).await?;
            }
            let closed = session.close(status);
            journal.write(sent(&session.send("too late").await));
            journal.write(format!("is open: {}", session.is_open()));
            closed.await;
        }
        "then-receive" => {
            drop(session.close(status));
            while let Some(message) = session.receive().await? {
                journal.write(described(&message));
            }
            journal.write("end");
        }
        _ => {
            let closed = session.close(status);
            journal.write("closing");
            journal.write(told(&closed.await));
        }
    }
    Ok(())
}

/// Closes with the code and reason it is told, or says that it may not.
async fn close_when_told(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        let text = message.as_text().unwrap_or_default();
        let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
        match status(code, reason) {
            Ok(status) => {
                session.close(status).await;
            }
            Err(_) => session.send(format!("refused {code}")).await?,
        }
    }
    Ok(())
}

fn status(code: &str, reason: &str) -> Result<CloseStatus, InvalidCloseStatus> {
    let code = CloseCode::new(code.parse().unwrap_or_default())?;
    CloseStatus::new(code, reason.to_owned())
}
