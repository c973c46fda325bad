//! How the filters compose, on warp's own server.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;

use std::net::SocketAddr;

use switchwire_backend_warp::{
    WebSocketRequest, dispatch, http, request, websocket, without_delay,
};
use switchwire_core::{Endpoint, HandlerResult, Principal, WebSocketSession, WebSocketSettings};
use switchwire_service::{UpgradeEndpoint, UrlHandlerMapping, WebSocketDispatcher};
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply, reply::with};

use self::common::{Peer, get, handshake, handshake_with, masked, text};

/// A handler that says its name, then echoes.
fn says(name: &'static str) -> impl Fn(WebSocketSession) -> Echo + Send + Sync {
    move |session| Box::pin(echo(name.to_owned(), session))
}

type Echo = std::pin::Pin<Box<dyn Future<Output = HandlerResult> + Send>>;

async fn echo(greeting: String, mut session: WebSocketSession) -> HandlerResult {
    session.send(greeting).await?;
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

fn mapping(path: &str, name: &'static str) -> UrlHandlerMapping {
    UrlHandlerMapping::new().with(path, says(name)).unwrap()
}

async fn serve<F>(routes: F) -> SocketAddr
where
    F: Filter + Send + Sync + 'static,
    F::Extract: Reply + Send,
    F::Error: Into<Rejection>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = without_delay(listener).unwrap();
    tokio::spawn(warp::serve(routes.boxed()).incoming(listener).run());
    address
}

async fn status(address: SocketAddr, request: String) -> u16 {
    Peer::connect(address).await.ask(request).await.status
}

/// What the handler at this path says first.
async fn greeting(address: SocketAddr, path: &str) -> String {
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(handshake(path)).await.status, 101, "{path}");
    String::from_utf8(peer.frame().await.payload).unwrap()
}

#[tokio::test]
async fn a_page_and_a_websocket_share_a_path() {
    let chat = warp::path!("chat").and(websocket(says("chat")));
    let address = serve(chat.or(warp::path!("chat").map(|| "page"))).await;

    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(get("/chat")).await.body, "page");
    assert_eq!(peer.ask(handshake("/chat")).await.status, 101);
    assert_eq!(peer.frame().await, text("chat"));
    peer.send(masked(0x1, b"hello")).await;
    assert_eq!(peer.frame().await, text("hello"));
}

#[tokio::test]
async fn several_filters_each_serve_their_own_paths() {
    let routes = dispatch(mapping("/a", "a"))
        .or(dispatch(mapping("/b", "b")))
        .or(warp::path!("c").and(websocket(says("c"))))
        .or(http().and(warp::any()).map(|| "page"));
    let address = serve(routes).await;
    for path in ["/a", "/b", "/c"] {
        assert_eq!(greeting(address, path).await, path[1..]);
    }
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(handshake("/d")).await.status, 404);
    assert_eq!(peer.ask(get("/d")).await.body, "page");
}

#[tokio::test]
async fn an_unmapped_path_falls_through_to_routes_that_are_not_guarded() {
    let address = serve(dispatch(mapping("/a", "a")).or(warp::any().map(|| "page"))).await;
    assert_eq!(status(address, handshake("/b")).await, 200);
}

#[tokio::test]
async fn a_wrong_handshake_is_answered_and_leaves_the_connection_usable() {
    let recovered = |_: Rejection| async { Ok::<_, Rejection>("recovered") };
    let routes = dispatch(mapping("/a", "a"))
        .or(warp::path!("a").map(|| "page"))
        .recover(recovered);
    let mut peer = Peer::connect(serve(routes).await).await;

    let old = handshake_with("/a", "Sec-WebSocket-Version: 8\r\n");
    let answer = peer.ask(old).await;
    assert_eq!(answer.status, 426);
    assert_eq!(answer.headers["sec-websocket-version"], "13");
    assert!(!answer.body.is_empty());

    let foreign = "Sec-WebSocket-Version: 13\r\nOrigin: http://evil.example\r\n";
    assert_eq!(peer.ask(handshake_with("/a", foreign)).await.status, 403);
    assert_eq!(peer.ask(handshake("/a")).await.status, 101);
    assert_eq!(peer.frame().await, text("a"));
}

#[tokio::test]
async fn http_1_0_and_other_methods_are_refused() {
    let address = serve(warp::path!("a").and(websocket(says("a")))).await;
    let old = handshake("/a").replace("HTTP/1.1", "HTTP/1.0");
    let answer = Peer::connect(address).await.ask(old).await;
    assert_eq!(
        (answer.status, answer.body.contains("HTTP/1.1")),
        (400, true)
    );
    let post = handshake("/a").replace("GET", "POST");
    assert_eq!(status(address, post).await, 405);
}

#[tokio::test]
async fn headers_of_the_application_reach_the_101_response() {
    let routes = warp::path!("a")
        .and(websocket(says("a")))
        .with(with::header("x-served-by", "warp"))
        .map(|reply| with_cookie(reply, "seen=1"));
    let mut peer = Peer::connect(serve(routes).await).await;
    let answer = peer.ask(handshake("/a")).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.headers["x-served-by"], "warp");
    assert_eq!(answer.headers["set-cookie"], "seen=1");
    assert_eq!(peer.frame().await, text("a"));
}

fn with_cookie(reply: impl Reply, cookie: &'static str) -> impl Reply {
    warp::reply::with_header(reply, "set-cookie", cookie)
}

#[tokio::test]
async fn what_a_route_found_out_reaches_the_session_and_the_response() {
    let tells = |session: WebSocketSession| async move {
        let info = session.handshake_info();
        let user = info
            .principal()
            .and_then(|user| user.downcast_ref::<String>());
        let room = info.path_parameter("room");
        let told = format!(
            "{user:?} {room:?} {} {:?}",
            info.uri(),
            info.remote_address()
        );
        Ok(session.send(told).await?)
    };
    let chat = WebSocketDispatcher::from(Endpoint::new(tells));
    let routes = warp::path!("chat" / String)
        .and(warp::cookie("user"))
        .and(request())
        .and_then(
            move |room: String, user: String, request: WebSocketRequest| {
                let chat = chat.clone();
                let name = http::HeaderName::from_static("x-user");
                let value = user.parse().unwrap();
                let request = request
                    .with_path_parameter("room", room)
                    .with_principal(Principal::new(user))
                    .with_response_header(name, value);
                async move { request.dispatch(&chat).await }
            },
        );
    let mut peer = Peer::connect(serve(routes).await).await;
    let cookie = "Sec-WebSocket-Version: 13\r\nCookie: user=ann\r\n";
    let answer = peer.ask(handshake_with("/chat/7?x=%20", cookie)).await;
    assert_eq!((answer.status, &*answer.headers["x-user"]), (101, "ann"));
    let local = peer.io.local_addr().unwrap();
    let told = format!("Some(\"ann\") Some(\"7\") /chat/7?x=%20 Some({local})");
    assert_eq!(peer.frame().await, text(&told));
}

#[tokio::test]
async fn a_handler_captures_what_the_filters_found() {
    let settings = WebSocketSettings::builder().with_max_sessions(1).build();
    let endpoint = UpgradeEndpoint::new().with_settings(settings.unwrap());
    let routes = warp::path!("rooms" / u32).and(request()).then(
        move |room: u32, request: WebSocketRequest| {
            let endpoint = endpoint.clone();
            async move {
                let handler = async move |mut session: WebSocketSession| {
                    session.send(format!("room {}", room + 1)).await?;
                    while session.receive().await?.is_some() {}
                    Ok(())
                };
                request.on_upgrade(&endpoint, handler).await
            }
        },
    );
    let address = serve(routes).await;
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(handshake("/rooms/6")).await.status, 101);
    assert_eq!(peer.frame().await, text("room 7"));
    assert_eq!(status(address, handshake("/rooms/6")).await, 503);
    assert_eq!(status(address, handshake("/rooms/six")).await, 404);
    assert_eq!(status(address, get("/rooms/6")).await, 404);
}
