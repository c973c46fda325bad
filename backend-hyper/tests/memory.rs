//! What an idle session costs the server's process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "common/child.rs"]
mod child;
mod common;

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    thread,
};

use socket2::{Domain, Socket, Type};
use switchwire_backend_hyper::HyperServer;
use switchwire_service::UrlHandlerMapping;

use self::{
    child::{Process, Served},
    common::{echo, handshake, masked},
};

const CONNECTIONS: usize = 10_000;
const THREADS: u8 = 4;
/// Half of what is promised: a session that keeps one of hyper's buffers is over it.
const MOST_EACH: usize = 8 << 10;
const MESSAGE: &[u8] = b"a message of thirty-two bytes...";
const ADDRESS: &str = "SWITCHWIRE_TEST_ADDRESS";

/// As many descriptors as this user may have.
const MANY_DESCRIPTORS: &str = "ulimit -n $(ulimit -H -n)";

#[test]
fn idle_sessions_that_each_echoed_a_message_cost_little() {
    const TEST: &str = "idle_sessions_that_each_echoed_a_message_cost_little";
    if child::is_child(TEST) {
        if let Ok(address) = std::env::var(ADDRESS) {
            return connect(address.parse().unwrap());
        }
        let mapping = UrlHandlerMapping::new().with("/", echo).unwrap();
        return child::serve(|listener| HyperServer::new(mapping).serve(listener));
    }
    let (server, address): Served = child::spawn(TEST, MANY_DESCRIPTORS);
    let before = server.resident();
    let limits = format!("{MANY_DESCRIPTORS} && export {ADDRESS}={address}");
    let (_clients, connected): (Process, usize) = child::spawn(TEST, &limits);
    let each = (server.resident() - before) / connected;
    println!("{connected} idle sessions cost {each} bytes each");
    assert!(each <= MOST_EACH, "{each} bytes each");
}

/// Opens the sessions, sends a message over each and waits for it, then holds them; tells how many.
fn connect(server: SocketAddr) {
    let held: Vec<TcpStream> = thread::scope(|scope| {
        let some = (0..THREADS).map(|number| scope.spawn(move || sessions(server, number)));
        let some: Vec<_> = some.collect();
        some.into_iter()
            .flat_map(|some| some.join().unwrap())
            .collect()
    });
    child::tell(held.len());
    loop {
        thread::park();
    }
}

fn sessions(server: SocketAddr, number: u8) -> Vec<TcpStream> {
    let source = Ipv4Addr::new(127, 0, 0, 2 + number);
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS / usize::from(THREADS) {
        match session(server, source) {
            Ok(socket) => held.push(socket),
            // What the user's limit leaves over still says what one costs.
            Err(error) if held.len() > 100 && is_descriptors(&error) => break,
            Err(error) => panic!("{error}"),
        }
    }
    held
}

fn session(server: SocketAddr, source: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddrV4::new(source, 0).into())?;
    socket.connect(&server.into())?;
    let mut socket = TcpStream::from(socket);
    socket.set_read_timeout(Some(common::SOON))?;
    socket.write_all(handshake("/").as_bytes())?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut more = [0; 512];
        let read = socket.read(&mut more)?;
        head.extend(&more[..read]);
        assert_ne!(read, 0, "the connection ended in the head");
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket.write_all(&masked(0x1, MESSAGE))?;
    let mut frame = [0; 2 + MESSAGE.len()];
    socket.read_exact(&mut frame)?;
    assert_eq!(&frame[2..], MESSAGE);
    Ok(socket)
}

fn is_descriptors(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    error.raw_os_error() == Some(EMFILE)
}
