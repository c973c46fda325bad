//! Peers that do not take their answers, and peers that do not finish their heads, whatever the server is.

use std::{net::SocketAddr, time::Duration};

use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::common::{Peer, get, handshake_with, soon};

/// The write timeout of the servers that are tried. In it a peer has to take 480 bytes.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than what the buffers on the way take.
pub(crate) const PAGE: usize = 8 << 20;

/// A connection that takes little at once.
async fn connect(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket.into()).unwrap()
}

/// Sends the same request until the server reads no more, or has cut the connection.
async fn flood(peer: &mut TcpStream, request: &str) {
    let requests = request.repeat(100);
    let flood = async { while peer.write_all(requests.as_bytes()).await.is_ok() {} };
    let _ = timeout(WRITE_TIMEOUT / 4, flood).await;
}

/// The kernel says so: the server has reset the connection.
async fn is_cut(peer: &mut TcpStream) {
    let cut = async {
        while peer.take_error().unwrap().is_none() && peer.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    soon(cut).await;
}

/// Pages that are asked for and not read, and refusals.
pub(crate) async fn answers_that_are_not_taken_end_the_connection(address: SocketAddr) {
    let refused = handshake_with("/", "Sec-WebSocket-Version: 8\r\n");
    for request in [get("/"), refused] {
        let mut peer = connect(address).await;
        flood(&mut peer, &request).await;
        is_cut(&mut peer).await;
    }
}

/// A peer that takes longer than the timeout, but something all the time, gets all of it.
pub(crate) async fn an_answer_that_is_taken_slowly_arrives(address: SocketAddr) {
    let mut peer = connect(address).await;
    let last = get("/").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    peer.write_all(last.as_bytes()).await.unwrap();
    let (mut taken, mut piece) = (0, vec![0; 2 << 10]);
    for _ in 0..15 {
        taken += soon(peer.read(&mut piece)).await.unwrap();
        sleep(WRITE_TIMEOUT / 10).await;
    }
    let mut rest = Vec::new();
    taken += soon(peer.read_to_end(&mut rest)).await.unwrap();
    assert!(taken > PAGE, "{taken} bytes");
}

/// Connections whose first or second head is not whole.
pub(crate) async fn half_heads(address: SocketAddr) -> Vec<Peer> {
    let mut first = Peer::connect(address).await;
    first.send(&get("/")[..20]).await;
    let mut second = Peer::connect(address).await;
    assert_eq!(second.ask(get("/")).await.status, 200);
    second.send(&get("/")[..20]).await;
    let silent = Peer::connect(address).await;
    // The server has them all: it accepts them in order.
    let mut last = Peer::connect(address).await;
    assert_eq!(last.ask(get("/")).await.status, 200);
    vec![first, second, silent, last]
}
