//! The source of a server's connections.

use std::{
    future::{Ready, ready},
    io,
};

use switchwire_core::ConnectionInfo;
use switchwire_driver::Socket;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};

/// Accepts the connections of a [`HyperServer`](crate::HyperServer): over TCP, over a Unix socket,
/// or over TLS on top of one of them.
///
/// The server does everything else in the same way for all of them. It pauses when the machine runs
/// out of descriptors, bounds the time until a connection is ready and has sent a request, and ends
/// connections at a shutdown.
///
/// ```
/// use std::{io, pin::Pin, sync::Arc};
///
/// use switchwire_backend_hyper::Listener;
/// use switchwire_core::{ConnectionInfo, WebSocketSettings};
/// use switchwire_driver::Socket;
/// use tokio::net::{TcpListener, TcpStream};
/// use tokio_rustls::{TlsAcceptor, server::TlsStream};
///
/// struct TlsListener {
///     tcp: TcpListener,
///     acceptor: TlsAcceptor,
/// }
///
/// impl Listener for TlsListener {
///     type Io = TlsStream<TcpStream>;
///     type Connecting = Pin<Box<dyn Future<Output = io::Result<(Self::Io, ConnectionInfo)>> + Send>>;
///
///     async fn accept(&mut self) -> io::Result<Self::Connecting> {
///         let (tcp, info) = Listener::accept(&mut self.tcp).await?.await?;
///         // A session over TLS cannot find the socket later.
///         Socket::new(&tcp).limit_silence(&WebSocketSettings::default());
///         let handshake = self.acceptor.accept(tcp);
///         Ok(Box::pin(async move { Ok((handshake.await?, ConnectionInfo { secure: true, ..info })) }))
///     }
///
///     fn socket(io: &Self::Io) -> Option<Socket<'_>> {
///         Some(Socket::new(io.get_ref().0))
///     }
/// }
/// ```
pub trait Listener: Send + 'static {
    /// A connection that is ready to be read.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// A connection that is being made ready, for example by a TLS handshake. Its timeout is that
    /// of a request's head.
    type Connecting: Future<Output = io::Result<(Self::Io, ConnectionInfo)>> + Send + 'static;

    /// Accepts the next connection. It **must not** wait for that connection's peer, because this
    /// would hold up all others. [`Connecting`](Self::Connecting) waits for the peer.
    ///
    /// # Errors
    /// An error whose kind says that a connection was aborted, reset or refused concerns only that
    /// connection. After any other error, the server pauses for 5 ms to 1 s before it tries again.
    ///
    /// # Cancel safety
    /// The server drops the future when something else happens first. It **must not** lose a
    /// connection then.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Connecting>> + Send;

    /// The socket below the connection. By it the server sees what a peer takes of an answer, and
    /// resets a connection whose peer takes none. By default none: the server then sees what the
    /// connection itself takes, and closes without a reset.
    fn socket(io: &Self::Io) -> Option<Socket<'_>> {
        let _ = io;
        None
    }
}

impl Listener for TcpListener {
    type Io = TcpStream;
    type Connecting = Ready<io::Result<(TcpStream, ConnectionInfo)>>;

    async fn accept(&mut self) -> io::Result<Self::Connecting> {
        let (socket, remote) = Self::accept(self).await?;
        // This fails only on a closed socket. The next read reports it.
        let _ = socket.set_nodelay(true);
        let info = ConnectionInfo {
            remote_address: Some(remote),
            local_address: socket.local_addr().ok(),
            secure: false,
        };
        Ok(ready(Ok((socket, info))))
    }

    fn socket(io: &TcpStream) -> Option<Socket<'_>> {
        Some(Socket::new(io))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;
    type Connecting = Ready<io::Result<(UnixStream, ConnectionInfo)>>;

    async fn accept(&mut self) -> io::Result<Self::Connecting> {
        let (socket, _) = Self::accept(self).await?;
        Ok(ready(Ok((socket, ConnectionInfo::default()))))
    }

    fn socket(io: &UnixStream) -> Option<Socket<'_>> {
        Some(Socket::new(io))
    }
}
