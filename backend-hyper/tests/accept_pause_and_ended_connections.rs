//! The pause of the accept loop against connections that end meanwhile.
//!
//! The server is out of descriptors, and more connections wait in the kernel's queue:
//!
//! 1. The loop tries to accept, and the kernel says EMFILE. It says so in the log, and pauses for 5 ms.
//! 2. A connection that it serves ends. The loop, which waits for either, takes note of that one and turns round; the
//!    pause was dropped with the branch that lost.
//! 3. Its descriptor is free, so one connection of the queue is accepted, and then the kernel says EMFILE again.
//!
//! When how long to pause and that it was said is state of the dropped branch, each end of a connection writes a line and
//! each pause is the first. 948 connections that came and went in 5 s wrote 966 lines.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "common/child.rs"]
mod child;
mod common;

use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use switchwire_backend_hyper::HyperServer;
use switchwire_service::UrlHandlerMapping;
use tokio::task::JoinSet;
use tracing::{Event, Level, Metadata, Subscriber, span};

use self::{
    child::Served,
    common::{Peer, get, soon},
};

/// How many connections come and go; the server has 64 descriptors.
const CONNECTIONS: usize = 400;

static LINES: AtomicUsize = AtomicUsize::new(0);

#[test]
fn the_log_has_one_line_however_many_connections_end() {
    const TEST: &str = "the_log_has_one_line_however_many_connections_end";
    if child::is_child(TEST) {
        tracing::subscriber::set_global_default(Lines).unwrap();
        return child::serve(|listener| {
            let lines = |_: Request<Incoming>| async {
                let lines = LINES.load(Ordering::Relaxed);
                Ok::<_, Infallible>(Response::new(lines.to_string()))
            };
            let mapping = UrlHandlerMapping::new();
            HyperServer::with_application(mapping, service_fn(lines)).serve(listener)
        });
    }
    let (_server, address): Served = child::spawn(TEST, "ulimit -n 64");
    let churn = async {
        let mut peers = JoinSet::new();
        for _ in 0..CONNECTIONS {
            peers.spawn(async move {
                // It is answered once it is accepted, and then ends.
                let mut peer = Peer::connect(address).await;
                peer.ask(get("/")).await.status
            });
        }
        let answers = soon(peers.join_all()).await;
        assert_eq!(answers, [200; CONNECTIONS]);
        let mut last = Peer::connect(address).await;
        last.ask(get("/")).await.body
    };
    let lines = tokio::runtime::Runtime::new().unwrap().block_on(churn);
    assert_eq!(lines, "1", "lines in the log");
}

/// Counts the errors in the log.
struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, _: &Event<'_>) {
        LINES.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
