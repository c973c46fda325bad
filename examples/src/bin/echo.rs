//! Sends back every message. Speaks the subprotocol `echo-v1` when asked to.

use std::error::Error;

use switchwire::{
    Endpoint, HandlerResult, UrlHandlerMapping, WebSocketHandler, WebSocketSession,
    WebSocketSettings, async_trait,
};
use switchwire_examples::{Options, Site};

const PAGE: &str = "<!doctype html><title>echo</title><p>Connect a WebSocket to / or /echo.";

#[derive(Clone)]
struct Echo;

#[async_trait]
impl WebSocketHandler for Echo {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["echo-v1"]
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read("Sends back every message", "127.0.0.1:9001", "/echo");
    let settings = WebSocketSettings::builder()
        .with_max_message_size(16 << 20)
        .with_max_frame_size(16 << 20)
        .with_max_fragments(128 << 10)
        .build()?;
    let endpoint = Endpoint::new(Echo).with_settings(settings);
    let mapping = UrlHandlerMapping::new()
        .with_endpoint("/", endpoint.clone())?
        .with_endpoint("/echo", endpoint)?;
    Site::new(mapping, PAGE).serve(&options)
}
