//! Goals and hoops, salvo's fuse, and how an application ends.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::StreamExt;
use http::StatusCode;
use salvo::{
    Request, Response, Router, Server, Service,
    conn::{Acceptor, tcp::TcpAcceptor},
    fuse::{FuseAction, FuseConfig, FuseInfo},
    handler,
};
use switchwire_backend_salvo::{acceptor, asks_for_websocket, dispatch, hoop, websocket};
use switchwire_core::{ConnectionInfo, Endpoint, HandlerResult, Principal, WebSocketSession};
use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_tungstenite::tungstenite::Message;

use self::common::{first, get, next, open, open_with, refusal, say, start};

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

#[handler]
async fn page() -> &'static str {
    "a page"
}

#[tokio::test]
async fn goals_are_nested_beside_pages() {
    let router = Router::new()
        .push(Router::with_path("rooms/{**rest}").goal(dispatch(mapping())))
        .push(
            Router::with_path("v1/{tenant}")
                .push(Router::with_path("rooms/{room}").goal(websocket(path))),
        )
        .push(
            Router::with_path("both")
                .push(Router::with_filter_fn(asks_for_websocket).goal(websocket(path)))
                .push(Router::new().get(page)),
        );
    let address = start(router).await;
    let said = first(address, "/v1/acme/rooms/red%20one").await;
    assert_eq!(
        said,
        r#"/v1/acme/rooms/red%20one [("tenant", "acme"), ("room", "red one")]"#
    );
    let said = first(address, "/rooms/blue").await;
    assert_eq!(said, r#"/rooms/blue [("rest", "blue"), ("room", "blue")]"#);
    let text = "there is no WebSocket endpoint here\n".to_owned();
    assert_eq!(
        refusal(address, "/rooms/a/b").await,
        (StatusCode::NOT_FOUND, text)
    );
    assert_eq!(refusal(address, "/nothing").await.0, StatusCode::NOT_FOUND);
    assert_eq!(first(address, "/both").await, "/both []");
    assert_eq!(get(address, "/both").await.1, "a page");
    let text = "the Upgrade header must list websocket\n".to_owned();
    assert_eq!(
        get(address, "/rooms/blue").await,
        (StatusCode::BAD_REQUEST, text)
    );
}

#[tokio::test]
async fn a_hoop_serves_in_front_of_all_routes() {
    let router = Router::new()
        .push(Router::with_path("echo").get(page))
        .push(Router::with_path("page").get(page));
    let address = start(Service::new(router).hoop(hoop(mapping()))).await;
    let mut socket = open(address, "/echo").await;
    say(&mut socket, "hello").await;
    assert_eq!(next(&mut socket).await, "hello");
    let said = first(address, "/rooms/blue").await;
    assert_eq!(said, r#"/rooms/blue [("room", "blue")]"#);
    assert_eq!(get(address, "/echo").await.1, "a page");
    let text = "there is no WebSocket endpoint here\n".to_owned();
    for path in ["/page", "/nothing"] {
        let refused = refusal(address, path).await;
        assert_eq!(refused, (StatusCode::NOT_FOUND, text.clone()));
    }
    let (status, body) = get(address, "/nothing").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("<html"), "salvo's own page: {body}");
}

#[tokio::test]
async fn hoops_name_the_user_and_the_connection_and_add_headers() {
    #[handler]
    async fn proxy(req: &mut Request, res: &mut Response) {
        let info = ConnectionInfo {
            remote_address: "192.0.2.1:4711".parse().ok(),
            ..ConnectionInfo::default()
        };
        req.extensions_mut().insert(info);
        req.extensions_mut().insert(Principal::new("ada"));
        res.add_header("x-hoop", "yes", true).unwrap();
    }
    let who = websocket(async |session: WebSocketSession| {
        let info = session.handshake_info();
        let user: Option<&&str> = info.principal().and_then(Principal::downcast_ref);
        let said = format!("{user:?} {:?}", info.remote_address());
        Ok(session.send(said).await?)
    });
    let address = start(Router::with_hoop(proxy).push(Router::with_path("who").goal(who))).await;
    let (mut socket, response) = open_with(address, "/who", &[]).await.unwrap();
    assert_eq!(response.headers()["x-hoop"], "yes");
    assert_eq!(
        next(&mut socket).await,
        r#"Some("ada") Some(192.0.2.1:4711)"#
    );
}

async fn serve_with_fuse(acceptor: impl Acceptor + 'static, fuse: FuseConfig) {
    let service = Service::new(Router::with_path("page").get(page)).hoop(hoop(mapping()));
    tokio::spawn(async move {
        let server = Server::new(acceptor).fuse_config(fuse);
        server.serve(service).await;
    });
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn a_session_outlives_the_fuse_and_an_http_connection_does_not() {
    let time = Duration::from_millis(200);
    let fuse = FuseConfig::disabled()
        .with_connection_idle_timeout(time)
        .with_write_stall_timeout(time);
    let (listener, on_ours) = listen().await;
    serve_with_fuse(acceptor(listener).unwrap(), fuse).await;
    let (listener, on_salvos) = listen().await;
    serve_with_fuse(TcpAcceptor::try_from(listener).unwrap(), fuse).await;
    for address in [on_ours, on_salvos] {
        let mut socket = open(address, "/echo").await;
        let http = TcpStream::connect(address).await.unwrap();
        // The fuse cuts the idle connection, and would have cut the session before.
        let cut = tokio::time::timeout(Duration::from_secs(20), http.readable()).await;
        cut.unwrap().unwrap();
        tokio::time::sleep(time).await;
        say(&mut socket, "still here").await;
        assert_eq!(next(&mut socket).await, "still here");
    }
}

#[tokio::test]
async fn the_fuse_decides_who_is_accepted() {
    let (listener, address) = listen().await;
    let asked = AtomicBool::new(false);
    let policy = move |info: &FuseInfo| {
        assert_eq!(info.local_addr.clone().into_std(), Some(address));
        match asked.swap(true, Ordering::Relaxed) {
            false => FuseAction::Reject,
            true => FuseAction::Accept(FuseConfig::default()),
        }
    };
    let server = Server::new(acceptor(listener).unwrap()).fuse_policy(policy);
    tokio::spawn(server.serve(Service::new(Router::with_path("page").get(page))));
    let mut rejected = TcpStream::connect(address).await.unwrap();
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_secs(20), rejected.read(&mut byte));
    assert_eq!(read.await.unwrap().unwrap_or(0), 0);
    assert_eq!(get(address, "/page").await.1, "a page");
}

#[tokio::test]
async fn a_mapping_with_a_fallback_keeps_it() {
    let mapping = mapping().with_fallback(Endpoint::new(path));
    let address = start(Service::new(Router::new()).hoop(hoop(mapping))).await;
    assert_eq!(first(address, "/any/thing").await, "/any/thing []");
}

/// The graceful shutdown of salvo after `drain_on`: an open session is told, new ones get 503, and
/// the server returns when the handler has.
#[tokio::test]
async fn salvo_waits_for_the_sessions() {
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
    let (listener, address) = listen().await;
    let server = Server::new(acceptor(listener).unwrap());
    let handle = server.handle();
    let (stop, stopped) = oneshot::channel::<()>();
    let signal = async { drop(stopped.await) };
    let drained = sessions.drain_on(signal, Duration::from_secs(60));
    tokio::spawn(async move {
        drained.await;
        handle.stop_graceful(Duration::from_secs(60));
    });
    let service = Service::new(Router::new()).hoop(hoop(dispatcher));
    let mut serving = tokio::spawn(server.serve(service));

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
    ended.unwrap().unwrap();
    assert!(sessions.is_empty());
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
}
