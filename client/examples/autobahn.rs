//! The client that Autobahn's fuzzing server tests: echoes in every case.
//!
//! autobahn ENGINE URL AGENT, where ENGINE is tokio or hyper. `scripts/autobahn` runs it.

use std::{error::Error, sync::Arc};

use switchwire_client::{HyperClient, TokioClient};
use switchwire_core::{
    ClientRequest, HandlerResult, WebSocketClient, WebSocketSession, WebSocketSettings,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, url, agent] = &*arguments else {
        return Err("usage: autobahn tokio|hyper URL AGENT".into());
    };
    let client: Box<dyn WebSocketClient> = match engine.as_str() {
        "hyper" => Box::new(HyperClient::default()),
        _ => Box::new(TokioClient::default()),
    };
    let settings = WebSocketSettings::builder()
        .with_max_message_size(16 << 20)
        .with_max_frame_size(16 << 20)
        .with_max_fragments(128 << 10)
        .build()?;
    let settings = Arc::new(settings);
    let mut count = client
        .connect(ClientRequest::new(&format!("{url}/getCaseCount"))?)
        .await?;
    let cases = count.receive().await?.ok_or("no number of cases")?;
    let cases: usize = cases.as_text().unwrap_or_default().parse()?;
    for case in 1..=cases {
        let url = format!("{url}/runCase?case={case}&agent={agent}");
        let request = ClientRequest::new(&url)?.with_settings(settings.clone());
        let outcome = client.execute(request, Arc::new(echo)).await?;
        println!("{case}: {outcome}");
    }
    Ok(())
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}
