//! What every server does when it runs out of descriptors, whatever it is.

use tokio::{net::TcpStream, task::JoinSet};

use super::{
    child::{self, Served},
    common::{Peer, handshake, masked, soon, text},
};

/// How many connections are tried, all at once. Those that neither the server nor its queue takes wait for seconds.
const ATTEMPTS: usize = 1_000;

/// With so many connected the server, which has 256 descriptors, is out of them.
const ENOUGH: usize = 280;

/// The server of the process that runs `test` echoes at `/`. It has 256 descriptors, and serves again once some are free.
pub(crate) fn serves_again(test: &str) {
    let (_server, address): Served = child::spawn(test, "ulimit -n 256");
    let attack = async {
        let mut first = Peer::connect(address).await;
        assert_eq!(first.ask(handshake("/")).await.status, 101);
        let mut attempts = JoinSet::new();
        for _ in 0..ATTEMPTS {
            attempts.spawn(async move {
                let mut peer = Peer::new(TcpStream::connect(address).await.ok()?);
                peer.send(handshake("/")).await;
                Some(peer)
            });
        }
        let mut held = Vec::new();
        while held.len() < ENOUGH {
            let attempt = soon(attempts.join_next()).await;
            held.extend(attempt.expect("enough are taken").unwrap());
        }
        drop(attempts);
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
