//! A chat room: open the page in several tabs, and they talk to each other.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use serde::{Deserialize, Serialize};
use switchwire::{
    ByteString, HandlerResult, UrlHandlerMapping, WebSocketHandler, WebSocketMessage,
    WebSocketSession, async_trait, join_either,
};
use switchwire_examples::{Options, Site};
use tokio::sync::broadcast::{self, error::RecvError};

const PAGE: &str = include_str!("../../assets/chat.html");

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Hello { name: String },
    Say { text: String },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    Welcome {
        id: u64,
        online: usize,
    },
    Joined {
        name: &'a str,
        online: usize,
    },
    Left {
        name: &'a str,
        online: usize,
    },
    Said {
        name: &'a str,
        text: &'a str,
        at: u128,
    },
}

/// The room: what one says, all hear. A message is encoded once and shared.
struct Room {
    said: broadcast::Sender<ByteString>,
    visitors: AtomicU64,
}

impl Room {
    fn say(&self, message: &ToClient<'_>) -> HandlerResult {
        // Fails only when nobody is there to hear it.
        let _ = self.said.send(serde_json::to_string(message)?.into());
        Ok(())
    }

    fn online(&self) -> usize {
        self.said.receiver_count()
    }
}

#[async_trait]
impl WebSocketHandler for Room {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        let Some(FromClient::Hello { name }) = next(&mut session).await? else {
            return Ok(());
        };
        let name: String = name.chars().take(40).collect();
        let mut heard = self.said.subscribe();
        let id = self.visitors.fetch_add(1, Ordering::Relaxed);
        let online = self.online();
        session
            .send(serde_json::to_string(&ToClient::Welcome { id, online })?)
            .await?;
        self.say(&ToClient::Joined {
            name: &name,
            online,
        })?;

        let sender = session.sender();
        let talk = async {
            while let Some(message) = next(&mut session).await? {
                if let FromClient::Say { text } = message {
                    let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
                    self.say(&ToClient::Said {
                        name: &name,
                        text: &text,
                        at,
                    })?;
                }
            }
            Ok(())
        };
        let listen = async {
            loop {
                match heard.recv().await {
                    Ok(message) => sender.send(message).await?,
                    Err(RecvError::Lagged(_)) => {} // too slow: it misses some
                    Err(RecvError::Closed) => return Ok(()),
                }
            }
        };
        let ended = join_either(talk, listen).await;
        drop(heard);
        self.say(&ToClient::Left {
            name: &name,
            online: self.online(),
        })?;
        ended
    }
}

/// The next message of a client; text that is none of ours closes the session.
async fn next(
    session: &mut WebSocketSession,
) -> Result<Option<FromClient>, switchwire::HandlerError> {
    match session.receive().await? {
        Some(WebSocketMessage::Text(text)) => Ok(Some(serde_json::from_str(&text)?)),
        Some(_) | None => Ok(None),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let (said, _) = broadcast::channel(256);
    let room = Arc::new(Room {
        said,
        visitors: AtomicU64::new(1),
    });
    let room: Arc<dyn WebSocketHandler> = room;
    let mapping = UrlHandlerMapping::new().with_endpoint("/ws", room.into())?;
    Ok(Site::new(mapping, PAGE).serve(&options)?)
}
