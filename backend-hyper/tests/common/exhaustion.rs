//! What every server does when it runs out of descriptors, whatever it is.

use std::time::Duration;

use tokio::{net::TcpStream, task::JoinSet, time::timeout};

use super::{
    child::{self, Served},
    common::{Peer, handshake, masked, soon, text},
};

/// How many connections are tried, all at once.
const ATTEMPTS: usize = 1_000;

/// How long one may take. The system's queue is full with a few hundred, and lets others wait for seconds.
const PATIENCE: Duration = Duration::from_millis(500);

/// The server of the process that runs `test` echoes at `/`. It has 256 descriptors, and serves again once some are free.
pub(crate) fn serves_again(test: &str) {
    let (_server, address): Served = child::spawn(test, "ulimit -n 256");
    let attack = async {
        let mut first = Peer::connect(address).await;
        assert_eq!(first.ask(handshake("/")).await.status, 101);
        let mut attempts = JoinSet::new();
        for _ in 0..ATTEMPTS {
            attempts.spawn(async move {
                let connected = timeout(PATIENCE, TcpStream::connect(address)).await;
                let mut peer = Peer::new(connected.ok()?.ok()?);
                peer.send(handshake("/")).await;
                Some(peer)
            });
        }
        let held = attempts.join_all().await;
        let connected = held.iter().flatten().count();
        assert!(connected > 256, "{connected} connections");
        // Who has a session keeps it.
        round_trip(&mut first).await;
        drop(held);
        let mut last = Peer::connect(address).await;
        assert_eq!(soon(last.ask(handshake("/"))).await.status, 101);
        round_trip(&mut last).await;
        round_trip(&mut first).await;
    };
    tokio::runtime::Runtime::new().unwrap().block_on(attack);
}

async fn round_trip(peer: &mut Peer) {
    peer.send(masked(0x1, b"hello")).await;
    assert_eq!(soon(peer.frame()).await, text("hello"));
}
