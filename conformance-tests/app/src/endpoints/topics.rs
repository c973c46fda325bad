//! Handlers that publish, and handlers that hear it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use switchwire_conformance::contract::LARGE;
use switchwire_core::{
    HandlerResult, SlowConsumerPolicy, WebSocketSession, WebSocketSettingsBuilder,
};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};
use switchwire_topics::{Published, Topic};

use super::{limited, parameter, production::kept};

pub(super) fn add(mapping: UrlHandlerMapping) -> Result<UrlHandlerMapping, InvalidMapping> {
    const BRIEF: SlowConsumerPolicy = SlowConsumerPolicy::Close {
        after: Duration::from_millis(200),
    };
    let topics = Topics::default();
    let [joined, briefly, talking] = [(); 3].map(|()| topics.clone());
    let room = move |session: WebSocketSession| {
        let topic = talking.named_by(&session);
        talk(session, topic)
    };
    let member = move |session: WebSocketSession| {
        let topic = joined.named_by(&session);
        be_member(session, topic)
    };
    let brief = move |session: WebSocketSession| {
        let topic = briefly.named_by(&session);
        be_member(session, topic)
    };
    // So that a member has room whose peer has read all, though its driver does not know that yet.
    let roomy = |settings: WebSocketSettingsBuilder| settings.with_outbound_buffer_size(4 * LARGE);
    mapping
        .with_endpoint("/topic/member", limited(member, roomy))?
        .with_endpoint(
            "/topic/member-brief",
            limited(brief, |settings| roomy(settings).with_slow_consumer(BRIEF)),
        )?
        .with_endpoint("/topic/room", limited(room, crowded))?
        .with("/topic/publisher", move |session: WebSocketSession| {
            let topic = topics.named_by(&session);
            publish(session, topic)
        })
}

/// The topics by name.
#[derive(Clone, Default)]
struct Topics(Arc<Mutex<HashMap<String, Topic>>>);

impl Topics {
    fn named_by(&self, session: &WebSocketSession) -> Topic {
        let name = parameter(session, "topic").unwrap_or_default().to_owned();
        let mut topics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        topics.entry(name).or_default().clone()
    }
}

/// Joins, and leaves when it is told to.
async fn be_member(mut session: WebSocketSession, topic: Topic) -> HandlerResult {
    let mut membership = Some(topic.join(&session.sender()));
    session.send("in").await?;
    while let Some(message) = session.receive().await? {
        match message.as_text() {
            Some("leave") => {
                membership = None;
                // A buffer that is full has no room for an answer.
                let _ = session.sender().try_send("left");
            }
            _ => session.send(message).await?,
        }
    }
    drop(membership);
    Ok(())
}

/// A member that holds up the others is dropped soon.
fn crowded(settings: WebSocketSettingsBuilder) -> WebSocketSettingsBuilder {
    kept(settings)
        .with_inbound_buffer_size(1 << 10)
        .with_outbound_buffer_size(1 << 10)
}

/// Says what it hears to all in the room, itself included.
async fn talk(mut session: WebSocketSession, topic: Topic) -> HandlerResult {
    let _membership = topic.join(&session.sender());
    session.send("in").await?;
    while let Some(message) = session.receive().await? {
        topic.publish(message).await;
    }
    Ok(())
}

/// Publishes what it is told, and answers with what became of it.
async fn publish(mut session: WebSocketSession, topic: Topic) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        let text = message.as_text().unwrap_or_default();
        let answer = match text.split_once(' ') {
            None if text == "members" => topic.len().to_string(),
            None if text == "wait" => told(&topic.publish(vec![0; LARGE]).await),
            None => told(&topic.publish_now(vec![0; LARGE])),
            Some(("publish", text)) => told(&topic.publish(text.to_owned()).await),
            Some((_, text)) => told(&topic.publish_now(text.to_owned())),
        };
        session.send(answer).await?;
    }
    Ok(())
}

fn told(published: &Published) -> String {
    let Published {
        accepted,
        missed,
        gone,
        ..
    } = published;
    format!("{accepted} accepted, {missed} missed, {gone} gone")
}
