//! The extractor, the endpoints and the middleware in an application, on poem's server and on ours.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-axum/tests/common/client.rs"]
mod client;

use std::{net::SocketAddr, time::Duration};

use http::StatusCode;
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Result, Route, Server,
    endpoint::make_sync,
    get, handler,
    listener::{Acceptor, Listener, TcpListener},
    web::{Data, Path, Query},
};
use switchwire_backend_poem::{UpgradeMiddleware, WebSocketRequest, dispatch, server, websocket};
use switchwire_core::{HandlerResult, Principal, WebSocketSession, WebSocketSettings};
use switchwire_service::{UpgradeEndpoint, UrlHandlerMapping, WebSocketDispatcher};
use tokio::sync::oneshot;

use self::client::{first, get as page, next, open, open_with, refusal, say};

async fn start<E>(app: E) -> SocketAddr
where
    E: IntoEndpoint + Send + 'static,
    E::Endpoint: 'static,
{
    let acceptor = TcpListener::bind("127.0.0.1:0")
        .into_acceptor()
        .await
        .unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
    address
}

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

#[derive(serde::Deserialize)]
struct Paint {
    colour: String,
}

#[handler]
async fn chat(
    endpoint: Data<&UpgradeEndpoint>,
    Path((tenant, room)): Path<(String, u32)>,
    Query(paint): Query<Paint>,
    request: Option<WebSocketRequest>,
) -> Response {
    let Some(request) = request else {
        return "a page".into_response();
    };
    let handler = async move |mut session: WebSocketSession| {
        let said = format!("{tenant}/{} {}", room + 1, paint.colour);
        session.send(said).await?;
        while session.receive().await?.is_some() {}
        Ok(())
    };
    request.on_upgrade(&endpoint, handler).await
}

fn chat_app() -> impl Endpoint + 'static {
    let settings = WebSocketSettings::builder().with_max_sessions(1).build();
    let endpoint = UpgradeEndpoint::new().with_settings(settings.unwrap());
    Route::new()
        .at("/:tenant/rooms/:room", get(chat))
        .data(endpoint)
}

#[tokio::test]
async fn typed_values_reach_the_handler_and_limits_hold() {
    let address = start(chat_app()).await;
    let target = "/acme%20ltd/rooms/6?colour=red";
    let mut socket = open(address, target).await;
    assert_eq!(next(&mut socket).await, "acme ltd/7 red");
    assert_eq!(
        refusal(address, target).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        refusal(address, "/a/rooms/six?colour=red").await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        page(address, target).await,
        (StatusCode::OK, "a page".to_owned())
    );
}

#[tokio::test]
async fn endpoints_are_routed_and_nested() {
    let app = Route::new()
        .at("/one/:name", websocket(path))
        .nest("/v1", dispatch(mapping()))
        .at("/", make_sync(|_| "a page"));
    let address = start(app).await;
    assert_eq!(
        first(address, "/one/caf%C3%A9").await,
        r#"/one/caf%C3%A9 [("name", "café")]"#
    );
    let said = first(address, "/v1/rooms/red").await;
    assert!(said.starts_with("/v1/rooms/red "), "{said}");
    assert!(said.contains(r#"("room", "red")"#), "{said}");
    let text = "there is no WebSocket endpoint here\n".to_owned();
    assert_eq!(
        refusal(address, "/v1/nothing").await,
        (StatusCode::NOT_FOUND, text)
    );
    let text = "the Upgrade header must list websocket\n".to_owned();
    assert_eq!(
        page(address, "/one/x").await,
        (StatusCode::BAD_REQUEST, text)
    );
}

#[tokio::test]
async fn a_middleware_names_the_user_and_a_page_shares_the_path() {
    let who = async |session: WebSocketSession| {
        let info = session.handshake_info();
        let user: Option<&&str> = info.principal().and_then(Principal::downcast_ref);
        let local = info
            .remote_address()
            .is_some_and(|address| address.ip().is_loopback());
        Ok(session.send(format!("{user:?} {local}")).await?)
    };
    let mapping = UrlHandlerMapping::new().with("/who", who).unwrap();
    let app = make_sync(|_| "a page")
        .with(UpgradeMiddleware::new(mapping))
        .before(async |mut request: Request| -> Result<Request> {
            request.set_data(Principal::new("ada"));
            Ok(request)
        });
    let address = start(app).await;
    assert_eq!(first(address, "/who").await, r#"Some("ada") true"#);
    assert_eq!(page(address, "/who").await.1, "a page");
    assert_eq!(refusal(address, "/other").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn our_server_serves_the_same_application() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping());
    let sessions = dispatcher.registry().clone();
    let app = make_sync(|request: Request| request.remote_addr().to_string());
    let server = server(app.with(UpgradeMiddleware::new(dispatcher))).with_registry(sessions);
    let (stop, stopped) = oneshot::channel::<()>();
    let signal = async { drop(stopped.await) };
    let serving = server.serve_with_shutdown(listener, signal, Duration::from_secs(60));
    let serving = tokio::spawn(serving);
    assert!(
        page(address, "/")
            .await
            .1
            .starts_with("socket://127.0.0.1:")
    );
    let mut socket = open_with(address, "/echo", &[]).await.unwrap().0;
    say(&mut socket, "hello").await;
    assert_eq!(next(&mut socket).await, "hello");
    drop(stop);
    client::drain(socket).await;
    assert_eq!(serving.await.unwrap().closed, 1);
}

#[tokio::test]
async fn poem_waits_for_the_sessions() {
    let dispatcher = WebSocketDispatcher::from(mapping());
    let sessions = dispatcher.registry().clone();
    let acceptor = TcpListener::bind("127.0.0.1:0")
        .into_acceptor()
        .await
        .unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let drained = sessions.drain_on(async { drop(stopped.await) }, Duration::from_secs(60));
    let app = make_sync(|_| "a page").with(UpgradeMiddleware::new(dispatcher));
    let server = Server::new_with_acceptor(acceptor);
    let serving = tokio::spawn(server.run_with_graceful_shutdown(app, drained, None));
    let socket = open(address, "/echo").await;
    drop(stop);
    client::drain(socket).await;
    let ended = tokio::time::timeout(Duration::from_secs(20), serving).await;
    ended.unwrap().unwrap().unwrap();
    assert!(sessions.is_empty());
}
