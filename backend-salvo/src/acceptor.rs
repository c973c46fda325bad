//! Accepts connections whose sockets can be taken out of salvo.

use std::{
    fmt,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{Version, uri::Scheme};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use salvo::{
    conn::{Accepted, Acceptor, ConnCtrl, Holding, StraightStream, tcp::TcpCoupler},
    fuse::{ArcFusePolicy, FuseAction, FuseInfo, TransProto},
};
use switchwire_core::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Makes an acceptor for salvo's server. Unlike the one of salvo's own `TcpListener`, it turns off
/// Nagle's algorithm, and its sessions run on the socket itself: they notice a peer that has
/// disconnected although they do not read, and cost nothing of salvo. It speaks HTTP/1.1.
///
/// salvo's fuse works as with its own acceptor, until the switch.
///
/// ```no_run
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::{acceptor, hoop};
///
/// # async fn run(mapping: switchwire_service::UrlHandlerMapping) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// let service = Service::new(Router::new()).hoop(hoop(mapping));
/// Server::new(acceptor(listener)?).serve(service).await;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the operating system does not tell the address of the listener.
pub fn acceptor(listener: TcpListener) -> io::Result<impl Acceptor + fmt::Debug> {
    let holding = Holding {
        local_addr: listener.local_addr()?.into(),
        http_versions: vec![Version::HTTP_11],
        http_scheme: Scheme::HTTP,
    };
    Ok(SocketAcceptor {
        listener,
        holdings: [holding],
        undecided: None,
    })
}

#[derive(Debug)]
struct SocketAcceptor {
    listener: TcpListener,
    holdings: [Holding; 1],
    /// An accepted connection, while the fuse's policy decides about it. It outlives a dropped
    /// attempt.
    undecided: Option<(TcpStream, SocketAddr)>,
}

impl Acceptor for SocketAcceptor {
    type Coupler = TcpCoupler<HttpStream>;
    type Stream = HttpStream;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<TcpCoupler<HttpStream>, HttpStream>> {
        loop {
            let (socket, remote) = match self.undecided.take() {
                Some(accepted) => accepted,
                None => self.listener.accept().await?,
            };
            let local = socket.local_addr();
            self.undecided = Some((socket, remote));
            let info = FuseInfo {
                trans_proto: TransProto::Tcp,
                remote_addr: remote.into(),
                local_addr: match local {
                    Ok(local) => local.into(),
                    Err(_) => self.holdings[0].local_addr.clone(), // the peer has disconnected
                },
            };
            let control = ConnCtrl::new();
            let (fuse, observer) = match &policy {
                None => (None, None),
                Some(policy) => match policy.decide(&info).await {
                    FuseAction::Accept(fuse) => (Some(fuse), policy.observe(&info, &control)),
                    FuseAction::Reject => {
                        self.undecided = None;
                        continue;
                    }
                },
            };
            let Some((socket, _)) = self.undecided.take() else {
                continue;
            };
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "a connection failed before a request");
                continue;
            }
            let slot = Slot(Arc::new(Mutex::new(Some(socket))));
            return Ok(Accepted {
                coupler: TcpCoupler::new(),
                stream: HttpStream {
                    io: StraightStream::new(slot.clone(), fuse, control.clone(), observer),
                    slot,
                },
                fuse_config: fuse,
                conn_ctrl: control,
                local_addr: info.local_addr,
                remote_addr: info.remote_addr,
                http_scheme: Scheme::HTTP,
            });
        }
    }
}

/// Takes the socket of a connection that [`acceptor`] has accepted.
pub(crate) fn take_socket(upgraded: Upgraded) -> Result<(TcpStream, Bytes), Upgraded> {
    let parts = upgraded.downcast::<TokioIo<HttpStream>>()?;
    let stream = parts.io.into_inner();
    let socket = stream.slot.lock(Option::take);
    Ok((socket.expect("only the session takes it"), parts.read_buf))
}

/// A connection while it speaks HTTP, with salvo's fuse.
struct HttpStream {
    io: StraightStream<Slot>,
    slot: Slot,
}

/// The socket, until a session takes it.
#[derive(Clone)]
struct Slot(Arc<Mutex<Option<TcpStream>>>);

impl Slot {
    fn lock<T>(&self, act: impl FnOnce(&mut Option<TcpStream>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn poll<T>(
        &self,
        poll: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.lock(|socket| match socket {
            Some(socket) => poll(Pin::new(socket)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })
    }
}

impl AsyncRead for Slot {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(|socket| socket.poll_read(cx, buffer))
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it can what the socket inside can"
)]
impl AsyncWrite for Slot {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(|socket| socket.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(|socket| socket.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|socket| socket.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|socket| socket.poll_shutdown(cx))
    }
}

impl AsyncRead for HttpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it can what the stream inside can"
)]
impl AsyncWrite for HttpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
