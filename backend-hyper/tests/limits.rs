//! What a server does with little: descriptors and memory, measured in a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "common/child.rs"]
mod child;
mod common;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use switchwire_backend_hyper::HyperServer;
use switchwire_core::{Endpoint, WebSocketSession, WebSocketSettings};
use switchwire_service::UrlHandlerMapping;
use tokio::{io::AsyncWriteExt, sync::Notify, time::sleep};

use self::{
    child::Served,
    common::{Peer, SILENCE, echo, handshake, header, masked, soon, text},
};

const NO_LIMITS: &str = "true";

async fn open(address: SocketAddr, path: &str) -> Peer {
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.ask(handshake(path)).await.status, 101);
    peer
}

/// A message there and back: what came to the server before it has been seen.
async fn round_trip(peer: &mut Peer) {
    for _ in 0..3 {
        peer.send(masked(0x1, b"hello")).await;
        assert_eq!(peer.frame().await, text("hello"));
    }
}

#[test]
fn without_descriptors_the_server_waits_and_goes_on() {
    const TEST: &str = "without_descriptors_the_server_waits_and_goes_on";
    if child::is_child(TEST) {
        let mapping = UrlHandlerMapping::new().with("/", echo).unwrap();
        return child::serve(|listener| HyperServer::new(mapping).serve(listener));
    }
    let (server, address): Served = child::spawn(TEST, "ulimit -n 30");
    block_on(async {
        let mut first = open(address, "/").await;
        let mut held = Vec::new();
        for _ in 0..40 {
            held.push(Peer::connect(address).await); // beyond its descriptors, the kernel queues them
        }
        let mut last = held.pop().unwrap();
        last.send(handshake("/")).await;
        round_trip(&mut first).await;

        let before = server.processor_time();
        sleep(4 * SILENCE).await;
        let spent = server.processor_time() - before;
        assert!(
            spent < 5,
            "{spent} hundredths of a second while nothing could be done"
        );
        round_trip(&mut first).await;

        drop(held);
        assert_eq!(last.answer().await.status, 101);
        round_trip(&mut last).await;
    });
}

#[test]
fn a_giant_announced_length_allocates_nothing() {
    const TEST: &str = "a_giant_announced_length_allocates_nothing";
    const GIANT: usize = 64 << 20;
    if child::is_child(TEST) {
        let settings = WebSocketSettings::builder()
            .with_max_message_size(GIANT)
            .with_max_frame_size(GIANT)
            .build()
            .unwrap();
        let endpoint = Endpoint::new(echo).with_settings(settings);
        let mapping = UrlHandlerMapping::new()
            .with_endpoint("/", endpoint)
            .unwrap();
        return child::serve(|listener| HyperServer::new(mapping).serve(listener));
    }
    let (server, address): Served = child::spawn(TEST, NO_LIMITS);
    block_on(async {
        let mut other = open(address, "/").await;
        round_trip(&mut other).await;
        let before = server.reserved();
        let mut announcing = Vec::new();
        for _ in 0..100 {
            let mut peer = open(address, "/").await;
            peer.send([&header(0x2, GIANT as u64)[..], b"a few bytes"].concat())
                .await;
            announcing.push(peer);
        }
        round_trip(&mut other).await;
        // The allocator reserves 64 MiB of addresses when a thread allocates for the first time.
        let grown = server.reserved() - before;
        assert!(grown < 4 * GIANT, "{grown} bytes");
    });
}

#[test]
fn ten_thousand_messages_to_a_handler_that_sleeps_are_held_back() {
    const TEST: &str = "ten_thousand_messages_to_a_handler_that_sleeps_are_held_back";
    const MESSAGES: usize = 10_000;
    if child::is_child(TEST) {
        return child::serve(|listener| HyperServer::new(sleeper()).serve(listener));
    }
    let (server, address): Served = child::spawn(TEST, NO_LIMITS);
    block_on(async {
        drop(open(address, "/sleep").await);
        let mut other = open(address, "/echo").await;
        round_trip(&mut other).await;
        let before = server.resident();

        let mut peer = open(address, "/sleep").await;
        let written = Arc::new(AtomicUsize::new(0));
        let counter = written.clone();
        let writer = tokio::spawn(async move {
            let message = masked(0x2, &[7; 8 << 10]);
            for _ in 0..MESSAGES {
                peer.io.write_all(&message).await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
            }
            peer.send(masked(0x1, b"how many?")).await;
            peer
        });
        // The kernel takes some; then the writer is stopped.
        let mut seen = 0;
        while let now = written.load(Ordering::Relaxed)
            && (now == 0 || now != seen)
        {
            seen = now;
            sleep(SILENCE).await;
        }
        assert!(seen < MESSAGES, "all were taken");
        round_trip(&mut other).await;
        let grown = server.resident().saturating_sub(before);
        assert!(grown < 1 << 20, "{grown} bytes");

        open(address, "/wake").await;
        let mut peer = soon(writer).await.unwrap();
        assert_eq!(peer.frame().await, text(&MESSAGES.to_string()));
    });
}

/// A handler at `/sleep` that counts the messages that came when it is woken through `/wake`.
fn sleeper() -> UrlHandlerMapping {
    let go = Arc::new(Notify::new());
    let wake = go.clone();
    let count = move |mut session: WebSocketSession| {
        let go = go.clone();
        async move {
            go.notified().await;
            let mut count = 0;
            while let Some(message) = session.receive().await? {
                if message.as_text().is_some() {
                    session.send(count.to_string()).await?;
                }
                count += 1;
            }
            Ok(())
        }
    };
    let wake = move |_: WebSocketSession| {
        wake.notify_waiters();
        async { Ok(()) }
    };
    let mapping = UrlHandlerMapping::new().with("/sleep", count).unwrap();
    mapping
        .with("/wake", wake)
        .unwrap()
        .with("/echo", echo)
        .unwrap()
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}
