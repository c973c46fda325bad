//! Three handlers on three patterns, with parameters from path and query; the page and a WebSocket share `/`.

use std::{error::Error, time::Duration};

use switchwire::{HandlerResult, UrlHandlerMapping, WebSocketSession};
use switchwire_examples::{Options, Site};

const PAGE: &str = include_str!("../../assets/routes.html");

/// At `/`, where the page is, too: sends back what it gets, in capitals.
async fn shout(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        if let Some(text) = message.as_text() {
            session.send(text.to_uppercase()).await?;
        }
    }
    Ok(())
}

/// At `/rooms/{room}`: greets whom the query names.
async fn greet(session: WebSocketSession) -> HandlerResult {
    let info = session.handshake_info();
    let room = info.path_parameter("room").unwrap_or_default();
    let name = info.query_parameter("name").unwrap_or("stranger".into());
    let greeting = format!("Welcome to {room}, {name}.");
    session.send(greeting).await?;
    Ok(())
}

/// At `/count/{from}/{to}`: counts.
async fn count(session: WebSocketSession) -> HandlerResult {
    let info = session.handshake_info();
    let number = |name| info.path_parameter(name).unwrap_or_default().parse::<u32>();
    let (from, to) = (number("from")?, number("to")?);
    for number in from..=to.min(from.saturating_add(99)) {
        session.send(number.to_string()).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(
        "Three handlers on three patterns; the page and a WebSocket share /",
        "127.0.0.1:9001",
        "/",
    );
    let mapping = UrlHandlerMapping::new()
        .with("/", shout)?
        .with("/rooms/{room}", greet)?
        .with("/count/{from}/{to}", count)?;
    Site::new(mapping, PAGE).serve(&options)
}
