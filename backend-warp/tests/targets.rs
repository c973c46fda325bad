//! Requests whose target has no path, on which warp's own path filters panic.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;

use std::net::SocketAddr;

use switchwire_backend_warp::{dispatch, http, request, serve, websocket};
use switchwire_core::WebSocketSession;
use switchwire_service::UrlHandlerMapping;
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply, reply::Response};

use self::common::{Peer, get, handshake};

const TARGETS: [&str; 4] = ["CONNECT a:80", "GET a:80", "GET echo", "OPTIONS a:80"];

/// Every way into a session, and a page.
fn routes() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync {
    let never = |_: WebSocketSession| std::future::pending();
    let mapping = UrlHandlerMapping::new().with("/echo", common::echo);
    let one = warp::path("one").and(websocket(never));
    let own = warp::path("own")
        .and(request())
        .map(|_| Response::default());
    let page = http().and(warp::get()).map(|| "a page".into_response());
    let mapped = dispatch(mapping.unwrap());
    let sessions = mapped.or(one).unify().or(own).unify();
    sessions.or(page).unify().or(websocket(never)).unify()
}

/// Asks for each target, in a handshake and without one.
async fn statuses(address: SocketAddr) -> Vec<[u16; 2]> {
    let mut statuses = Vec::new();
    for target in TARGETS {
        let mut both = [0; 2];
        for (status, request) in both.iter_mut().zip([handshake("/"), get("/")]) {
            let mut peer = Peer::connect(address).await;
            *status = peer.ask(request.replace("GET /", target)).await.status;
        }
        statuses.push(both);
    }
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(handshake("/echo")).await.status, 101);
    statuses
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn they_are_answered_on_warps_own_server() {
    let (listener, address) = listener().await;
    tokio::spawn(warp::serve(routes()).incoming(listener).run());
    // Without a handshake it is for the other routes to answer.
    let expected = [[400, 405], [400, 200], [400, 200], [400, 405]];
    assert_eq!(statuses(address).await, expected);
}

#[tokio::test]
async fn they_are_answered_before_any_route_is_asked() {
    let (listener, address) = listener().await;
    let panics = warp::path::full().map(|_| Response::default());
    tokio::spawn(serve(routes().or(panics), listener));
    assert_eq!(statuses(address).await, [[400, 400]; TARGETS.len()]);
}
