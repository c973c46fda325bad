//! The application that is soaked, in a process of its own.

use std::{
    error::Error,
    io,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use clap::Parser;
use switchwire::{
    Endpoint, HandlerResult, SessionRegistry, SlowConsumerPolicy, Topic, UrlHandlerMapping,
    WebSocketDispatcher, WebSocketHandler, WebSocketSession, WebSocketSettings,
};
use switchwire_examples::{Options, Site};
use tokio::runtime::Handle;

/// How many messages the policy of late members has dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How much waits for a member that reads slowly.
const BUFFER: usize = 64 << 10;

pub(crate) fn serve() -> io::Result<()> {
    let options = Options::parse_from(std::env::args().skip(1));
    let registry = SessionRegistry::new();
    let mapping = mapping(&registry).map_err(|error| io::Error::other(error.to_string()))?;
    let dispatcher = WebSocketDispatcher::from(mapping).with_registry(registry);
    let served = Site::new(dispatcher, "soaking").serve(&options);
    served.map_err(|error| io::Error::other(error.to_string()))
}

fn mapping(registry: &SessionRegistry) -> Result<UrlHandlerMapping, Box<dyn Error>> {
    // Vanished peers are found within six seconds.
    let settings = || {
        WebSocketSettings::builder()
            .with_ping_interval(Some(Duration::from_secs(1)))
            .with_pong_timeout(Duration::from_secs(5))
            .with_outbound_buffer_size(BUFFER)
    };
    let topic = Topic::new();
    let (member, late) = (topic.clone(), topic.clone());
    let member = move |session| be_member(session, member.clone());
    let late = move |session| be_member(session, late.clone());
    let publisher = move |session| publish(session, topic.clone());
    let registry = registry.clone();
    let count = move |session: WebSocketSession| {
        let (sessions, dropped) = (registry.len(), DROPPED.load(Relaxed));
        async move {
            // On actix, whose tasks belong to no runtime, none.
            let tasks = Handle::current().metrics().num_alive_tasks();
            Ok(session
                .send(format!("{sessions} {tasks} {dropped}"))
                .await?)
        }
    };
    fn at(handler: impl WebSocketHandler + 'static, settings: WebSocketSettings) -> Endpoint {
        Endpoint::new(handler).with_settings(settings)
    }
    let dropping = settings().with_slow_consumer(SlowConsumerPolicy::DropOldest);
    Ok(UrlHandlerMapping::new()
        .with_endpoint("/echo", at(echo, settings().build()?))?
        .with_endpoint("/member", at(member, settings().build()?))?
        .with_endpoint("/late", at(late, dropping.build()?))?
        .with_endpoint("/publish", at(publisher, settings().build()?))?
        .with("/count", count)?)
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

async fn be_member(mut session: WebSocketSession, topic: Topic) -> HandlerResult {
    let _membership = topic.join(&session.sender());
    let received = async {
        while session.receive().await?.is_some() {}
        Ok(())
    };
    let ended = received.await;
    DROPPED.fetch_add(session.dropped().messages, Relaxed);
    ended
}

/// Publishes what it is sent, and answers with how many accepted it.
async fn publish(mut session: WebSocketSession, topic: Topic) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        let published = topic.publish(message).await;
        session.send(published.accepted.to_string()).await?;
    }
    Ok(())
}
