//! Handlers whose sessions have settings of milliseconds: keepalive, ages, and rates.

use std::time::Duration;

use switchwire_core::{
    CloseCode, HandlerResult, RatePolicy, WebSocketSession, WebSocketSettingsBuilder,
};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{
    ending::go_on,
    journal::{Journal, Journals},
    limited,
    receiving::described,
    told,
};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let [pushing, aging, silent, unread, sluggish] = [(); 5].map(|()| journals.clone());
    let mapping = mapping
        .with_endpoint(
            "/aging-stubborn",
            limited(
                move |session| {
                    let journal = aging.named_by(&session);
                    go_on(session, journal)
                },
                |settings| {
                    settings
                        .with_max_session_age(millis(100))
                        .with_handler_grace(millis(100))
                },
            ),
        )?
        .with_endpoint(
            "/kept-stubborn",
            limited(
                move |session| {
                    let journal = silent.named_by(&session);
                    go_on(session, journal)
                },
                |settings| kept(settings).with_handler_grace(millis(100)),
            ),
        )?
        .with_endpoint(
            "/kept-unread",
            limited(
                move |session| {
                    let journal = unread.named_by(&session);
                    never_read(session, journal)
                },
                |settings| kept(settings).with_inbound_buffer_size(1 << 10),
            ),
        )?
        .with_endpoint(
            "/kept-sluggish",
            limited(
                move |session| {
                    let journal = sluggish.named_by(&session);
                    read_slowly(session, journal)
                },
                |settings| kept(settings).with_inbound_buffer_size(1 << 10),
            ),
        )?
        .with_endpoint(
            "/kept-pushing",
            limited(
                move |session| {
                    let journal = pushing.named_by(&session);
                    push(session, journal)
                },
                |settings| {
                    kept(settings)
                        .with_ping_interval(millis(20))
                        .with_pong_timeout(millis(5_000))
                },
            ),
        )?
        .with_endpoint(
            "/kept-closing",
            limited(
                |session: WebSocketSession| async move {
                    session.close(CloseCode::NORMAL).await;
                    Ok(())
                },
                |settings| kept(settings).with_ping_interval(millis(20)),
            ),
        )?
        .with_endpoint(
            "/idle-ticking",
            limited(tick, |settings| {
                settings
                    .with_ping_interval(None)
                    .with_idle_timeout(millis(400))
            }),
        )?;
    let mapping = DEAF.iter().try_fold(mapping, |mapping, (path, set)| {
        let journals = journals.clone();
        let handler = move |session: WebSocketSession| {
            let (journal, start) = (journals.named_by(&session), journals.starting(&session));
            async move {
                start.notified().await;
                listen(session, journal).await
            }
        };
        mapping.with_endpoint(path, limited(handler, set))
    })?;
    LISTENING.iter().try_fold(mapping, |mapping, (path, set)| {
        let journals = journals.clone();
        let handler = move |session: WebSocketSession| {
            let journal = journals.named_by(&session);
            listen(session, journal)
        };
        mapping.with_endpoint(path, limited(handler, set))
    })
}

type Set = fn(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder;

/// Endpoints that send back what they get once they are told to begin, and only differ in their settings.
const DEAF: &[(&str, Set)] = &[
    ("/kept-deaf", |settings| {
        kept(settings).with_inbound_buffer_size(1 << 10)
    }),
    ("/idle-deaf", |settings| {
        settings
            .with_ping_interval(millis(50))
            .with_idle_timeout(millis(300))
            .with_inbound_buffer_size(1 << 10)
    }),
    ("/unfinished-deaf", |settings| {
        unfinished(settings).with_inbound_buffer_size(1 << 10)
    }),
];

/// Endpoints that send back what they get, and only differ in their settings.
const LISTENING: &[(&str, Set)] = &[
    ("/kept", kept),
    ("/kept-blocked", |settings| {
        kept(settings)
            .with_inbound_buffer_size(1 << 10)
            .with_outbound_buffer_size(1 << 10)
    }),
    ("/kept-control", |settings| {
        kept(settings).with_control_frames(true)
    }),
    ("/idle", |settings| {
        settings
            .with_ping_interval(None)
            .with_idle_timeout(millis(100))
    }),
    // Its pings are what a peer tells the time by.
    ("/idle-pinging", |settings| {
        settings
            .with_ping_interval(millis(50))
            .with_idle_timeout(millis(300))
    }),
    ("/idle-blocked", |settings| {
        settings
            .with_ping_interval(None)
            .with_idle_timeout(millis(300))
            .with_closing_deadline(millis(100))
            .with_inbound_buffer_size(1 << 10)
            .with_outbound_buffer_size(1 << 10)
    }),
    ("/unfinished", unfinished),
    ("/aging", |settings| {
        settings
            .with_max_session_age(millis(200))
            .with_closing_deadline(millis(200))
    }),
    ("/rate-two", |settings| {
        settings.with_max_messages_per_second(2)
    }),
    ("/rate-many", |settings| {
        settings.with_max_messages_per_second(200)
    }),
    ("/rate-closing", |settings| {
        settings
            .with_max_messages_per_second(5)
            .with_rate_policy(RatePolicy::Close)
    }),
    ("/rate-bytes", |settings| {
        settings.with_max_bytes_per_second(64 << 10)
    }),
    ("/rate-bytes-closing", |settings| {
        settings
            .with_max_bytes_per_second(4 << 10)
            .with_rate_policy(RatePolicy::Close)
    }),
    ("/rate-pings", |settings| {
        settings.with_max_pings_per_second(5)
    }),
];

pub(super) fn kept(settings: WebSocketSettingsBuilder) -> WebSocketSettingsBuilder {
    settings
        .with_ping_interval(millis(50))
        .with_pong_timeout(millis(300))
        .with_closing_deadline(millis(300))
}

/// Its pings are what a peer tells the time by: nothing is held against silence.
fn unfinished(settings: WebSocketSettingsBuilder) -> WebSocketSettingsBuilder {
    settings
        .with_ping_interval(millis(50))
        .with_message_timeout(millis(300))
        .with_closing_deadline(millis(300)) // in the middle of a frame a peer cannot answer
}

/// Never receives, and writes down how it ended.
async fn never_read(session: WebSocketSession, journal: Journal) -> HandlerResult {
    journal.write(told(&session.closed().await));
    Ok(())
}

/// Takes a message now and then, and writes down everything.
async fn read_slowly(mut session: WebSocketSession, journal: Journal) -> HandlerResult {
    journal.write(loop {
        tokio::time::sleep(millis(50)).await;
        match session.receive().await {
            Ok(Some(message)) => journal.write(format!("took {}", message.len())),
            Ok(None) => break "end".to_owned(),
            Err(error) => break format!("error: {:?}", error.kind()),
        }
    });
    Ok(())
}

/// Sends back what comes; asked for it, says whether the round-trip time is known. Writes down control frames, and how
/// it ended.
async fn listen(mut session: WebSocketSession, journal: Journal) -> HandlerResult {
    let end = loop {
        match session.receive().await {
            Ok(Some(message)) if message.is_control() => journal.write(described(&message)),
            Ok(Some(message)) if message.as_text() == Some("rtt") => {
                let known = session.round_trip_time().is_some();
                // Fails only when the session has ended, which comes next.
                let _ = session.send(if known { "known" } else { "unknown" }).await;
            }
            Ok(Some(message)) => {
                let _ = session.send(message).await;
            }
            Ok(None) => break "end".to_owned(),
            Err(error) => break format!("error: {:?}", error.kind()),
        }
    };
    journal.write(end);
    journal.write(told(&session.closed().await));
    Ok(())
}

/// Sends much more than a peer that does not read leaves room for.
async fn push(session: WebSocketSession, journal: Journal) -> HandlerResult {
    for n in 0..512_u32 {
        session.send(vec![0; 64 << 10]).await?;
        journal.write(format!("accepted {}", n + 1));
    }
    Ok(())
}

/// Sends for longer than the session may be idle, and then nothing more.
async fn tick(session: WebSocketSession) -> HandlerResult {
    for n in 0..12 {
        session.send(format!("tick {n}")).await?;
        tokio::time::sleep(millis(50)).await;
    }
    session.closed().await;
    Ok(())
}
