//! What sessions hold when their peers press, whatever the server is.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread::sleep,
    time::Instant,
};

use switchwire_core::{HandlerResult, WebSocketSession};
use switchwire_service::UrlHandlerMapping;

use super::{
    child::{self, Served},
    common::{SILENCE, SOON, echo, handshake, masked},
};

/// How many sessions do it at the same time.
const SESSIONS: usize = 200;

/// Both of what peers send and of what handlers send.
const MESSAGE: usize = 4 << 10;

/// As many descriptors as this user may have.
const DESCRIPTORS: &str = "ulimit -n $(ulimit -H -n)";

/// What one session may cost, in bytes, in each of the ways in which a peer can press.
pub(crate) struct Costs {
    /// The peer sends as fast as it can, and the handler does not read.
    pub(crate) unread: usize,
    /// The handler sends as fast as it can, and the peer does not read.
    pub(crate) untaken: usize,
    /// Both.
    pub(crate) both: usize,
    /// Nothing happens any more, after a message of 64 KiB was echoed.
    pub(crate) idle: usize,
}

/// The handlers that are pressed.
pub(crate) fn mapping() -> UrlHandlerMapping {
    let mapping = UrlHandlerMapping::new().with("/sleep", rest).unwrap();
    let mapping = mapping.with("/pour", pour).unwrap();
    mapping.with("/echo", echo).unwrap()
}

async fn rest(session: WebSocketSession) -> HandlerResult {
    let _session = session;
    std::future::pending().await
}

async fn pour(session: WebSocketSession) -> HandlerResult {
    loop {
        session.send(vec![7; MESSAGE]).await?;
    }
}

/// Measures the server of the process that runs `test`, which serves [`mapping`].
pub(crate) fn cost_at_most(most: &Costs, test: &str) {
    let unread = each(test, "/sleep", flood);
    let untaken = each(test, "/pour", |_| ());
    let both = each(test, "/pour", flood);
    let idle = each(test, "/echo", round_trips);
    println!("a session holds {unread} unread, {untaken} untaken, {both} both, {idle} idle");
    assert!(unread <= most.unread, "{unread} bytes unread");
    assert!(untaken <= most.untaken, "{untaken} bytes untaken");
    assert!(both <= most.both, "{both} bytes of both");
    assert!(idle <= most.idle, "{idle} bytes idle");
}

/// What each session at `path` costs once `press` is done.
fn each(test: &str, path: &str, press: impl FnOnce(&mut [TcpStream])) -> usize {
    let (server, address): Served = child::spawn(test, DESCRIPTORS);
    let mut first = open(address, "/echo");
    round_trips(std::slice::from_mut(&mut first));
    let before = server.resident();
    let mut peers: Vec<_> = (0..SESSIONS).map(|_| open(address, path)).collect();
    press(&mut peers);
    settle(|| server.resident());
    server.resident().saturating_sub(before) / SESSIONS
}

fn open(server: SocketAddr, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket.set_write_timeout(Some(SOON)).unwrap();
    socket.write_all(handshake(path).as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut more = [0];
        socket.read_exact(&mut more).unwrap();
        head.extend(more);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket
}

/// Sends on all, until none of them takes more.
fn flood(peers: &mut [TcpStream]) {
    let frame = masked(0x2, &[7; MESSAGE]);
    let mut sent = vec![0; peers.len()];
    for peer in &*peers {
        peer.set_nonblocking(true).unwrap();
    }
    settle(|| {
        for (peer, sent) in peers.iter_mut().zip(&mut sent) {
            loop {
                match peer.write(&frame[*sent % frame.len()..]) {
                    Ok(some) => *sent += some,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        sent.iter().sum()
    });
}

/// One large message there and back on each.
fn round_trips(peers: &mut [TcpStream]) {
    let large = [7; 64 << 10];
    let frame = masked(0x2, &large);
    for peer in peers {
        peer.write_all(&frame).unwrap();
        let mut back = vec![0; 10 + large.len()];
        peer.read_exact(&mut back).unwrap();
        assert_eq!(back[10..], large);
    }
}

/// Waits until `count` has not changed for a while.
fn settle(mut count: impl FnMut() -> usize) {
    let until = Instant::now() + SOON;
    let mut last = count();
    loop {
        sleep(SILENCE);
        match count() {
            same if same == last => return,
            other => last = other,
        }
        assert!(Instant::now() < until, "it goes on and on");
    }
}
