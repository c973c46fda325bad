//! Answers that nobody takes, and heads that nobody finishes.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;
#[path = "../../backend-hyper/tests/common/unread.rs"]
mod unread;

use std::{net::SocketAddr, time::Duration};

use switchwire_backend_warp::{http, server, websocket};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use warp::Filter;

use self::{
    common::{echo, soon},
    unread::{PAGE, WRITE_TIMEOUT},
};

const LONG: Duration = Duration::from_secs(3600);

/// A server with a large page, and how to stop it.
async fn serve() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pages = http().map(|| "x".repeat(PAGE));
    let server = server(websocket(echo).or(pages))
        .with_header_read_timeout(LONG)
        .and_then(|server| server.with_write_timeout(WRITE_TIMEOUT))
        .unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let signal = async { drop(stopped.await) };
        server.serve_with_shutdown(listener, signal, LONG).await;
    });
    (address, stop, serving)
}

#[tokio::test]
async fn answers_that_are_not_taken_end_the_connection() {
    let (address, _stop, _serving) = serve().await;
    unread::answers_that_are_not_taken_end_the_connection(address).await;
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_arrives() {
    let (address, _stop, _serving) = serve().await;
    unread::an_answer_that_is_taken_slowly_arrives(address).await;
}

#[tokio::test]
async fn half_a_head_does_not_hold_up_the_stop() {
    let (address, stop, serving) = serve().await;
    let peers = unread::half_heads(address).await;
    stop.send(()).unwrap();
    soon(serving).await.unwrap();
    drop(peers);
}
