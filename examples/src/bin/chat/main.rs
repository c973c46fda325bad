//! Chat rooms: log in with a name, open the page in several browsers, and they talk to each other.
//!
//! Who comes back is sent what was said meanwhile. Who reads too slowly holds up nobody: a message is missed, which the page
//! notices by its number and fetches by coming back.

mod login;
mod room;

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use switchwire::{
    Bytes, Endpoint, HandlerResult, Principal, SlowConsumerPolicy, UrlHandlerMapping,
    WebSocketHandler, WebSocketSession, WebSocketSettings, async_trait,
};
use switchwire_examples::{
    Options, Pages, Site,
    pages::{html, text},
};

use self::{
    login::{People, Person},
    room::Rooms,
};

const PAGE: &str = include_str!("../../../assets/chat.html");

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Say { text: String },
    Typing,
}

struct Chat {
    rooms: Rooms,
}

#[async_trait]
impl WebSocketHandler for Chat {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        let info = session.handshake_info();
        let principal = info.principal().and_then(Principal::downcast_ref);
        let Person(name) = principal.expect("nobody else is let in");
        let name = name.clone();
        let room = self
            .rooms
            .find(info.path_parameter("room").unwrap_or_default());
        let since = info.query_parameter("since");

        let visit = room.enter(&session.sender(), &name, since.as_deref())?;
        while let Some(message) = session.receive().await? {
            match serde_json::from_slice(message.payload())? {
                FromClient::Say { text } => visit.say(&text, now()),
                FromClient::Typing => visit.typing(),
            }
        }
        Ok(())
    }
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

fn answer(people: &People, request: &Request<Bytes>) -> Response<Bytes> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => html(PAGE),
        (&Method::POST, "/login") => people.log_in(request.body()),
        (&Method::GET, "/me") => match people.find(&request.clone().into_parts().0.into()) {
            Some(Person(name)) => text(StatusCode::OK, name),
            None => text(StatusCode::UNAUTHORIZED, "log in first\n"),
        },
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(
        "A chat with rooms, to be opened in several browsers",
        "127.0.0.1:9001",
        "/rooms/{room}",
    );
    let people = People::default();
    let chat = Arc::new(Chat {
        rooms: Rooms::new(now()),
    });
    let settings = WebSocketSettings::builder()
        .with_max_message_size(64 << 10)
        .with_max_frame_size(64 << 10)
        .with_max_messages_per_second(50)
        .with_slow_consumer(SlowConsumerPolicy::Close {
            after: Duration::from_secs(10),
        })
        .build()?;
    let endpoint = Endpoint::from(chat as Arc<dyn WebSocketHandler>)
        .with_settings(settings)
        .with_interceptor(people.clone());
    let mapping = UrlHandlerMapping::new().with_endpoint("/rooms/{room}", endpoint)?;
    let pages = Pages::new(move |request| std::future::ready(answer(&people, &request)));
    Site::new(mapping, pages).serve(&options)
}
