//! Routes, routers and layers, and how an application ends.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{Request, WebSocketUpgrade},
    middleware::{Next, from_fn},
    routing::{any, get},
};
use futures_util::StreamExt;
use http::{HeaderValue, StatusCode};
use switchwire_backend_axum::{dispatch, layer, router, server, websocket};
use switchwire_core::{ConnectionInfo, Endpoint, HandlerResult, Principal, WebSocketSession};
use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_tungstenite::tungstenite::Message;
use tower_http::{
    compression::CompressionLayer, cors::CorsLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer, trace::TraceLayer,
};

use self::common::{first, next, open, open_with, refusal, say, start};

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

#[tokio::test]
async fn a_router_is_merged_and_nested() {
    let app = Router::new()
        .route("/", get(|| async { "a page" }))
        .merge(router(mapping()))
        .nest("/v1/{tenant}", router(mapping()));
    let address = start(app).await;
    let said = first(address, "/rooms/blue%20one").await;
    assert_eq!(said, r#"/rooms/blue%20one [("room", "blue one")]"#);
    let said = first(address, "/v1/acme/rooms/red").await;
    assert_eq!(
        said,
        r#"/v1/acme/rooms/red [("tenant", "acme"), ("room", "red")]"#
    );
    assert_eq!(
        refusal(address, "/v1/acme/nothing").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(common::get(address, "/").await.1, "a page");
}

#[tokio::test]
async fn a_nested_service_of_a_dispatcher_looks_for_the_path_inside() {
    let inner: Router = Router::new().fallback_service(dispatch(mapping()));
    let address = start(Router::new().nest("/v1", inner)).await;
    let said = first(address, "/v1/rooms/red").await;
    assert_eq!(said, r#"/v1/rooms/red [("room", "red")]"#);
    let text = "there is no WebSocket endpoint here\n".to_owned();
    assert_eq!(
        refusal(address, "/v1/nothing").await,
        (StatusCode::NOT_FOUND, text)
    );
}

#[tokio::test]
async fn a_parameter_that_is_not_utf_8_is_not_found() {
    let app = Router::new().route("/rooms/{room}", websocket(path));
    let address = start(app).await;
    assert_eq!(
        first(address, "/rooms/a").await,
        r#"/rooms/a [("room", "a")]"#
    );
    assert_eq!(
        refusal(address, "/rooms/%ff").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_mapping_with_a_fallback_keeps_it() {
    let mapping = mapping().with_fallback(Endpoint::new(path));
    let address = start(router(mapping)).await;
    assert_eq!(
        first(address, "/rooms/a").await,
        r#"/rooms/a [("room", "a")]"#
    );
    assert_eq!(first(address, "/any/thing").await, "/any/thing []");
}

#[tokio::test]
async fn websockets_of_axum_stand_beside_ours() {
    async fn theirs(request: WebSocketUpgrade) -> axum::response::Response {
        request.on_upgrade(async |mut socket| {
            socket.send("theirs".into()).await.unwrap();
        })
    }
    let app = Router::new()
        .route("/theirs", any(theirs))
        .merge(router(mapping()));
    let address = start(app).await;
    assert_eq!(first(address, "/theirs").await, "theirs");
    let mut ours = open(address, "/echo").await;
    say(&mut ours, "ours").await;
    assert_eq!(next(&mut ours).await, "ours");
}

#[tokio::test]
async fn a_session_outlives_the_layers_that_saw_its_handshake() {
    let settled = Duration::from_millis(200);
    let header = HeaderValue::from_static("yes");
    let app = Router::new()
        .fallback(|| async { "a page" })
        .layer(layer(mapping()))
        .layer(SetResponseHeaderLayer::if_not_present(
            http::header::VARY,
            header,
        ))
        .layer(CompressionLayer::new())
        .layer(CorsLayer::permissive())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            settled,
        ))
        .layer(TraceLayer::new_for_http());
    let address = start(app).await;
    let encoding = [("accept-encoding", "gzip")];
    let (mut socket, response) = open_with(address, "/echo", &encoding).await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert!(!response.headers().contains_key("content-encoding"));
    // The timeout of the layer is an event that happens by itself; nothing shows that it did not.
    tokio::time::sleep(3 * settled).await;
    say(&mut socket, "still here").await;
    assert_eq!(next(&mut socket).await, "still here");
    assert_eq!(common::get(address, "/echo").await.1, "a page");
    assert_eq!(refusal(address, "/nothing").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_middleware_names_the_user_and_the_connection() {
    let app = Router::new()
        .route(
            "/who",
            websocket(async |session: WebSocketSession| {
                let info = session.handshake_info();
                let user: Option<&&str> = info.principal().and_then(Principal::downcast_ref);
                let said = format!("{user:?} {:?}", info.remote_address());
                Ok(session.send(said).await?)
            }),
        )
        .layer(from_fn(async |mut request: Request, next: Next| {
            let info = ConnectionInfo {
                remote_address: "192.0.2.1:4711".parse().ok(),
                ..ConnectionInfo::default()
            };
            request.extensions_mut().insert(info);
            request.extensions_mut().insert(Principal::new("ada"));
            next.run(request).await
        }));
    let address = start(app).await;
    assert_eq!(
        first(address, "/who").await,
        r#"Some("ada") Some(192.0.2.1:4711)"#
    );
}

/// The graceful shutdown of axum with `drain_on`: an open session is told, new ones get 503, and the
/// server returns when the handler has.
#[tokio::test]
async fn axum_waits_for_the_sessions() {
    let (release, released) = oneshot::channel::<()>();
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
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app: Router = router(dispatcher);
    let (stop, stopped) = oneshot::channel::<()>();
    let signal = async { drop(stopped.await) };
    let drained = sessions.drain_on(signal, Duration::from_secs(60));
    let serving = axum::serve(listener, app).with_graceful_shutdown(drained);
    let mut serving = tokio::spawn(async { serving.await });

    let mut socket = open(address, "/slow").await;
    drop(stop);
    let close = match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(close)) => u16::from(close.code),
        other => panic!("{other}"),
    };
    assert_eq!(close, 1001);
    assert_eq!(
        refusal(address, "/slow").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(!serving.is_finished(), "a handler still runs");
    tokio::spawn(async move { while socket.next().await.is_some() {} });
    drop(release);
    let ended = tokio::time::timeout(Duration::from_secs(20), &mut serving).await;
    ended.unwrap().unwrap().unwrap();
    assert!(sessions.is_empty());
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn our_server_gives_the_address_to_axums_extractor() {
    async fn who(
        axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<SocketAddr>,
    ) -> String {
        peer.ip().to_string()
    }
    let app = Router::new().route("/", get(who)).merge(router(mapping()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server(app).serve(listener));
    assert_eq!(common::get(address, "/").await.1, "127.0.0.1");
    let mut socket = open(address, "/echo").await;
    say(&mut socket, "hello").await;
    assert_eq!(next(&mut socket).await, "hello");
}
