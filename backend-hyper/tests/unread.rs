//! Answers that nobody takes, and heads that nobody finishes.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
#[path = "common/unread.rs"]
mod unread;

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use switchwire_backend_hyper::HyperServer;
use switchwire_core::InvalidSettings;
use switchwire_service::UrlHandlerMapping;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use self::{
    common::{echo, soon},
    unread::{PAGE, WRITE_TIMEOUT},
};

/// A server with a large page, and how to stop it.
async fn serve() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page =
        |_: Request<Incoming>| async { Ok::<_, Infallible>(Response::new("x".repeat(PAGE))) };
    let mapping = UrlHandlerMapping::new().with("/", echo).unwrap();
    let server = HyperServer::with_application(mapping, service_fn(page))
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

const LONG: Duration = Duration::from_secs(3600);

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

#[test]
fn a_time_that_nothing_could_meet_is_an_error() {
    let server = || HyperServer::new(UrlHandlerMapping::new());
    for (set, name) in [
        (
            HyperServer::with_write_timeout as fn(_, _) -> _,
            "write_timeout",
        ),
        (HyperServer::with_header_read_timeout, "header_read_timeout"),
    ] {
        let error = |time| set(server(), time).err();
        assert_eq!(error(Duration::ZERO), Some(InvalidSettings::NoTime(name)));
        assert_eq!(error(Duration::MAX), Some(InvalidSettings::TooLong(name)));
        assert_eq!(error(Duration::from_nanos(1)), None);
        assert_eq!(error(Duration::from_secs(10 * 365 * 86_400)), None);
    }
}

/// The longest times that are accepted serve a page.
#[tokio::test]
async fn the_longest_times_serve() {
    let longest = Duration::from_secs(10 * 365 * 86_400);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut peer = common::Peer::connect(listener.local_addr().unwrap()).await;
    let server = HyperServer::new(UrlHandlerMapping::new())
        .with_header_read_timeout(longest)
        .and_then(|server| server.with_write_timeout(longest))
        .unwrap();
    tokio::spawn(server.serve(listener));
    assert_eq!(peer.ask(common::get("/")).await.status, 404);
}
