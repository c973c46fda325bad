//! The server on listeners other than TCP alone.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use switchwire_backend_hyper::{Connected, HyperServer, Listener, TlsConfig, TlsListener};
use switchwire_core::{HandlerResult, WebSocketSession};
use switchwire_service::{ShutdownReport, UrlHandlerMapping};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client};

use self::{
    common::{Peer, handshake, masked, soon, text},
    tls::tls,
};

/// Longer than a test takes.
const LONG: Duration = Duration::from_secs(60);

/// Says over what the session runs, then echoes.
async fn tell(mut session: WebSocketSession) -> HandlerResult {
    let info = session.handshake_info();
    let told = format!("{} {}", info.is_secure(), info.remote_address().is_some());
    session.send(told).await?;
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

type Running = (oneshot::Sender<()>, JoinHandle<ShutdownReport>);

fn serve(listener: impl Listener, header_read_timeout: Duration) -> Running {
    let mapping = UrlHandlerMapping::new().with("/", tell).unwrap();
    let server = HyperServer::new(mapping)
        .with_header_read_timeout(header_read_timeout)
        .unwrap();
    let (stop, signal) = oneshot::channel();
    let serving = async move {
        let signal = async { drop(signal.await) };
        server.serve_with_shutdown(listener, signal, LONG).await
    };
    (stop, tokio::spawn(serving))
}

async fn serve_tls(header_read_timeout: Duration) -> (SocketAddr, TlsConnector, Running) {
    let (config, connector) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TlsListener::new(listener, TlsConfig::new(config));
    (address, connector, serve(listener, header_read_timeout))
}

async fn open(address: SocketAddr, connector: &TlsConnector) -> Peer<client::TlsStream<TcpStream>> {
    let tcp = soon(TcpStream::connect(address)).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut peer = Peer::new(soon(connector.connect(name, tcp)).await.unwrap());
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    assert_eq!(peer.frame().await, text("true true"));
    peer
}

#[tokio::test]
async fn a_listener_may_do_tls_and_ends_as_any_other() {
    let (address, connector, (stop, serving)) = serve_tls(LONG).await;
    let mut peer = open(address, &connector).await;
    peer.send(masked(0x1, b"hello")).await;
    assert_eq!(peer.frame().await, text("hello"));
    stop.send(()).unwrap();
    assert_eq!(peer.frame().await.payload, 1001_u16.to_be_bytes());
    peer.send(masked(0x8, &1001_u16.to_be_bytes())).await;
    drop(peer);
    assert_eq!(soon(serving).await.unwrap().closed, 1);
}

#[tokio::test]
async fn a_handshake_that_does_not_end_holds_up_nobody_and_not_the_shutdown() {
    let (address, connector, (stop, serving)) = serve_tls(LONG).await;
    let _silent = soon(TcpStream::connect(address)).await.unwrap();
    drop(open(address, &connector).await);
    stop.send(()).unwrap();
    soon(serving).await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_dropped() {
    let (address, _, _running) = serve_tls(Duration::from_millis(50)).await;
    let silent = soon(TcpStream::connect(address)).await.unwrap();
    assert!(soon(Peer::new(silent).end()).await.is_empty());
}

/// I/O that takes all that is written, as TLS does up to a limit, and whose peer takes nothing of it.
struct Buffering(TcpStream);

impl AsyncRead for Buffering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Buffering {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

struct BufferingListener(TcpListener);

impl Listener for BufferingListener {
    type Io = Buffering;
    type Connecting = std::future::Ready<io::Result<Connected<Buffering>>>;

    async fn accept(&mut self) -> io::Result<Self::Connecting> {
        let (tcp, info, _) = Listener::accept(&mut self.0).await?.await?.into_parts();
        Ok(std::future::ready(Ok(Connected::new(Buffering(tcp), info))))
    }
}

#[tokio::test]
async fn an_answer_that_waits_in_a_buffer_is_dropped_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mapping = UrlHandlerMapping::new().with("/", tell).unwrap();
    let server = HyperServer::new(mapping)
        .with_write_timeout(Duration::from_millis(50))
        .unwrap();
    tokio::spawn(server.serve(BufferingListener(listener)));
    for more in ["", "connection: close\r\n"] {
        let mut peer = Peer::new(soon(TcpStream::connect(address)).await.unwrap());
        peer.send(format!("GET /page HTTP/1.1\r\nhost: a\r\n{more}\r\n"))
            .await;
        assert!(soon(peer.end()).await.is_empty());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_listener_may_be_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("switchwire-{}.sock", std::process::id()));
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (stop, serving) = serve(listener, LONG);
    let mut peer = Peer::new(soon(tokio::net::UnixStream::connect(&path)).await.unwrap());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    assert_eq!(peer.frame().await, text("false false"));
    peer.send(masked(0x2, &[7; 100_000])).await;
    assert_eq!(peer.frame().await.payload.len(), 100_000);
    drop(peer); // its end is seen
    stop.send(()).unwrap();
    soon(serving).await.unwrap();
}
