//! What is ours: a server with a room and an echo, or clients; with default settings.

use std::{
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use clap::Parser;
use switchwire::{
    ClientRequest, Endpoint, HandlerResult, SessionRegistry, Topic, UrlHandlerMapping,
    WebSocketClient, WebSocketDispatcher, WebSocketSession, WebSocketSettings, client::TokioClient,
};
use switchwire_examples::{Options, Site};
use tokio::task::JoinSet;

use super::memory::report;

/// The environment variable that asks for short times.
pub(super) const QUICK: &str = "SOAK_QUICK";

/// The environment variable that tells the idle timeout, in seconds.
pub(super) const IDLE: &str = "SOAK_IDLE";

fn settings() -> Result<WebSocketSettings, Box<dyn Error + Send + Sync>> {
    let mut settings = WebSocketSettings::builder();
    if std::env::var_os(QUICK).is_some() {
        settings = settings
            .with_ping_interval(Duration::from_secs(1))
            .with_pong_timeout(Duration::from_secs(1))
            .with_closing_deadline(Duration::from_secs(1));
    }
    if let Ok(seconds) = std::env::var(IDLE) {
        settings = settings.with_idle_timeout(Duration::from_secs(seconds.parse()?));
    }
    Ok(settings.build()?)
}

pub(super) fn serve() -> io::Result<()> {
    let options = Options::parse_from(std::env::args().skip(1));
    let registry = SessionRegistry::new();
    let mapping = mapping().map_err(io::Error::other)?;
    let dispatcher = WebSocketDispatcher::from(mapping).with_registry(registry.clone());
    report(move || registry.len());
    let served = Site::new(dispatcher, "silence").serve(&options);
    served.map_err(|error| io::Error::other(error.to_string()))
}

fn mapping() -> Result<UrlHandlerMapping, Box<dyn Error + Send + Sync>> {
    let everybody = Topic::new();
    let room = Endpoint::new(move |session| room(session, everybody.clone()));
    let echo = Endpoint::new(echo);
    Ok(UrlHandlerMapping::new()
        .with_endpoint("/room", room.with_settings(settings()?))?
        .with_endpoint("/echo", echo.with_settings(settings()?))?)
}

/// The room of the cookbook.
async fn room(mut session: WebSocketSession, room: Topic) -> HandlerResult {
    let _membership = room.join(&session.sender());
    while let Some(message) = session.receive().await? {
        room.publish(message).await;
    }
    Ok(())
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// Clients that send for as long as they can, to a server of which the arguments tell the address; and how many.
pub(super) fn connect() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [address, count] = &arguments[..] else {
        return Err(io::Error::other("an address and a number are missing"));
    };
    let count: usize = count.parse().map_err(io::Error::other)?;
    let settings = Arc::new(settings().map_err(io::Error::other)?);
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    report(move || counted.load(Relaxed));
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut sessions = JoinSet::new();
        for _ in 0..count {
            let request = ClientRequest::new(&format!("ws://{address}/"))
                .map_err(io::Error::other)?
                .with_settings(settings.clone());
            let open = open.clone();
            sessions.spawn(async move {
                let session = TokioClient::default().connect(request).await?;
                open.fetch_add(1, Relaxed);
                while session.send(vec![0; 1 << 20]).await.is_ok() {}
                session.closed().await;
                open.fetch_sub(1, Relaxed);
                Ok::<_, Box<dyn Error + Send + Sync>>(())
            });
        }
        while let Some(ended) = sessions.join_next().await {
            ended.map_err(io::Error::other)?.map_err(io::Error::other)?;
        }
        std::future::pending().await
    })
}
