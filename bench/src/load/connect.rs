//! Opening connections: TCP and the opening handshake, blocking.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::{Endpoint, Failure};
use crate::servers::GREETING;

/// Opens a connection and, unless the target is raw, does the opening handshake.
pub(super) fn open(endpoint: Endpoint) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect_timeout(&endpoint.addr, TIMEOUT)?;
    open_on(endpoint, stream)
}

/// The same from the `source`th address of 127.1.0.0/16: each address has some 28 000 ports.
pub(super) fn open_from(endpoint: Endpoint, source: u16) -> Result<TcpStream, Failure> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    let [high, low] = source.to_be_bytes();
    let source = SocketAddr::from((IpAddr::V4(Ipv4Addr::new(127, 1, high, low)), 0));
    socket.bind(&source.into())?;
    socket.connect_timeout(&endpoint.addr.into(), TIMEOUT)?;
    open_on(endpoint, socket.into())
}

/// Reads the greeting of a fan-out server, so that nothing published from now on can be missed.
pub(super) fn read_greeting(stream: &mut TcpStream) -> Result<(), Failure> {
    let mut greeting = [0; 2 + GREETING.len()];
    stream.read_exact(&mut greeting)?;
    if greeting[0] != 0x81 || greeting[2..] != *GREETING.as_bytes() {
        return Err(Failure::new("a fan-out server did not greet"));
    }
    Ok(())
}

/// The request of every connection.
pub(super) fn request(addr: SocketAddr) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
    .into_bytes()
}

/// The end of a whole response that accepts [`request`], or nothing if there is more to come.
pub(super) fn check_response(response: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(end) = response.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&response[..end]);
    if !head.starts_with("HTTP/1.1 101 ") || !head.contains(ACCEPT) {
        return Err(Failure::new(format!(
            "the opening handshake failed: {}",
            head.lines().next().unwrap_or_default()
        )));
    }
    Ok(Some(end + 4))
}

fn open_on(endpoint: Endpoint, mut stream: TcpStream) -> Result<TcpStream, Failure> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    if endpoint.raw {
        return Ok(stream);
    }
    stream.write_all(&request(endpoint.addr))?;
    // A fan-out server may send its greeting at once, so take no byte that is not the response's.
    let mut response = Vec::new();
    let mut peeked = [0; 1024];
    loop {
        let seen = stream.peek(&mut peeked)?;
        let before = response.len();
        response.extend_from_slice(&peeked[..seen]);
        let end = check_response(&response)?;
        let taken = end.map_or(seen, |end| end - before);
        stream.read_exact(&mut peeked[..taken])?;
        if end.is_some() {
            return Ok(stream);
        }
        if seen == 0 || response.len() > peeked.len() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How long a server may take for one step of an opening handshake or, on a blocking connection, for one message.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
