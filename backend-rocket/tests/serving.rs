//! Routes and fairings, and how an application ends.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::time::Duration;

use futures_util::StreamExt;
use http::StatusCode;
use rocket::{Config, fairing::AdHoc, get};
use switchwire_backend_rocket::{end_sessions, fairing, routes, websocket};
use switchwire_core::{ConnectionInfo, Endpoint, HandlerResult, Principal, WebSocketSession};
use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use self::common::{build, first, get, launch, next, open, refusal, say, start};

/// Says what the handler knows of the path.
async fn path(session: WebSocketSession) -> HandlerResult {
    let info = session.handshake_info();
    let parameters: Vec<_> = info.path_parameters().collect();
    let said = format!("{} {parameters:?}", info.uri().path());
    Ok(session.send(said).await?)
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

fn mapping() -> UrlHandlerMapping {
    let mapping = UrlHandlerMapping::new()
        .with("/rooms/{room}", path)
        .unwrap();
    mapping.with("/echo", echo).unwrap()
}

#[get("/<_..>")]
fn page() -> &'static str {
    "a page"
}

const NOT_FOUND: &str = "there is no WebSocket endpoint here\n";

#[tokio::test]
async fn routes_are_mounted_at_a_base() {
    let rocket = build()
        .mount("/v1", routes(mapping()))
        .mount("/hello", websocket(path))
        .mount("/", rocket::routes![page]);
    let address = start(rocket).await;
    let said = first(address, "/v1/rooms/red%20one").await;
    assert_eq!(said, r#"/v1/rooms/red%20one [("room", "red one")]"#);
    assert_eq!(first(address, "/hello").await, "/hello []");
    let not_found = (StatusCode::NOT_FOUND, NOT_FOUND.to_owned());
    assert_eq!(refusal(address, "/v1/nothing").await, not_found);
    assert_eq!(refusal(address, "/v1").await, not_found);
    assert_eq!(get(address, "/v1/rooms/red").await.1, "a page");
}

#[tokio::test]
async fn a_fairing_serves_in_front_of_all_routes() {
    let rocket = build().mount("/", rocket::routes![page]);
    let address = start(rocket.attach(fairing(mapping()))).await;
    let mut socket = open(address, "/echo").await;
    say(&mut socket, "hello").await;
    assert_eq!(next(&mut socket).await, "hello");
    assert_eq!(get(address, "/echo").await.1, "a page");
    let not_found = (StatusCode::NOT_FOUND, NOT_FOUND.to_owned());
    assert_eq!(refusal(address, "/nothing").await, not_found);
}

#[tokio::test]
async fn a_mapping_with_a_fallback_keeps_it() {
    let mapping = mapping().with_fallback(Endpoint::new(path));
    let address = start(build().attach(fairing(mapping))).await;
    assert_eq!(first(address, "/any/thing").await, "/any/thing []");
}

#[tokio::test]
async fn a_fairing_names_the_user_and_the_connection() {
    let who = websocket(async |session: WebSocketSession| {
        let info = session.handshake_info();
        let user: Option<&&str> = info.principal().and_then(Principal::downcast_ref);
        let said = format!("{user:?} {:?}", info.remote_address());
        Ok(session.send(said).await?)
    });
    let proxy = AdHoc::on_request("proxy", |request, _| {
        Box::pin(async move {
            let info = ConnectionInfo {
                remote_address: "192.0.2.1:4711".parse().ok(),
                ..ConnectionInfo::default()
            };
            request.local_cache(|| Some(info));
            request.local_cache(|| Some(Principal::new("ada")));
        })
    });
    let address = start(build().attach(proxy).mount("/who", who)).await;
    assert_eq!(
        first(address, "/who").await,
        r#"Some("ada") Some(192.0.2.1:4711)"#
    );
}

/// The graceful shutdown of Rocket: an open session is told, and the server returns when its handler
/// has, long before the grace is over.
#[tokio::test]
async fn rocket_waits_for_the_sessions() {
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let released = std::sync::Mutex::new(Some(released));
    let mapping = UrlHandlerMapping::new().with("/slow", move |mut session: WebSocketSession| {
        let released = released.lock().unwrap().take().unwrap();
        async move {
            while session.receive().await?.is_some() {}
            let _ = released.await;
            Ok(())
        }
    });
    let dispatcher = WebSocketDispatcher::from(mapping.unwrap());
    let sessions = dispatcher.registry().clone();
    let mut config = Config::from(build().figment());
    config.shutdown.grace = 60;
    let rocket = build().configure(config).mount("/", routes(dispatcher));
    let mut serving = launch(rocket.attach(end_sessions(sessions.clone()))).await;

    let mut socket = open(serving.address, "/slow").await;
    serving.shutdown.notify();
    let close = match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(close)) => u16::from(close.code),
        other => panic!("{other}"),
    };
    assert_eq!(close, 1001);
    assert!(!serving.ended.is_finished(), "a handler still runs");
    tokio::spawn(async move { while socket.next().await.is_some() {} });
    drop(release);
    let ended = tokio::time::timeout(Duration::from_secs(20), &mut serving.ended).await;
    ended.unwrap().unwrap().unwrap();
    assert!(sessions.is_empty());
    let connecting = TcpStream::connect(serving.address).await;
    assert!(connecting.is_err(), "nobody listens");
}
