//! Handlers whose sessions hold much, under a budget for all of them.

use std::time::Duration;

use switchwire_conformance::contract::{HOARD_LEN, HOARD_MESSAGES};
use switchwire_core::{HandlerResult, WebSocketSession};
use switchwire_service::{InvalidMapping, SessionRegistry, UrlHandlerMapping};

use super::{
    journal::{Journal, Journals, Start},
    limited, told,
};

/// As many a handler takes when it is asked to.
const A_FEW: usize = 16;

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let paths = [
        ("/hoard", Duration::from_secs(5)),
        ("/hoard-briefly", Duration::from_millis(100)),
    ];
    paths
        .into_iter()
        .try_fold(mapping, |mapping, (path, deadline)| {
            let journals = journals.clone();
            let handler = move |session: WebSocketSession| {
                let (journal, start) = (journals.named_by(&session), journals.starting(&session));
                hoard(session, journal, start)
            };
            let endpoint = limited(handler, |settings| {
                settings
                    .with_inbound_buffer_size(2 * HOARD_MESSAGES * HOARD_LEN)
                    .with_inbound_messages(2 * HOARD_MESSAGES)
                    .with_closing_deadline(deadline)
            });
            mapping.with_endpoint(path, endpoint)
        })
}

/// Tells what the sessions of the app beside it hold, and sets what they may.
pub(super) fn add_control(
    mapping: UrlHandlerMapping,
    registry: &SessionRegistry,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let registry = registry.clone();
    mapping.with("/budget", move |mut session: WebSocketSession| {
        let registry = registry.clone();
        async move {
            while let Some(message) = session.receive().await? {
                let answer = match message.as_text().unwrap_or_default() {
                    "held" => registry.memory_held().to_string(),
                    bytes => {
                        let bytes: usize = bytes.parse()?;
                        drop(registry.clone().with_memory_budget(bytes)); // it holds for all clones
                        "set".to_owned()
                    }
                };
                session.send(answer).await?;
            }
            Ok(())
        }
    })
}

/// Takes a few messages each time it is told to.
async fn hoard(mut session: WebSocketSession, journal: Journal, start: Start) -> HandlerResult {
    let mut closed = session.closed();
    loop {
        tokio::select! {
            outcome = &mut closed => {
                journal.write(told(&outcome));
                return Ok(());
            }
            () = start.notified() => {
                for _ in 0..A_FEW {
                    session.receive().await?;
                }
                journal.write("took a few");
            }
        }
    }
}
