//! The source of a server's connections.

use std::{
    future::{Ready, ready},
    io,
};

use switchwire_core::{ConnectionInfo, Principal};
use switchwire_driver::Socket;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};

/// A connection that is ready to be read.
#[derive(Debug)]
pub struct Connected<IO> {
    pub(crate) io: IO,
    pub(crate) info: ConnectionInfo,
    pub(crate) principal: Option<Principal>,
}

impl<IO> Connected<IO> {
    /// Makes a connection with its addresses and its security.
    pub fn new(io: IO, info: ConnectionInfo) -> Self {
        Self {
            io,
            info,
            principal: None,
        }
    }

    /// Sets the user of every request of the connection, for example by a client certificate.
    #[must_use]
    pub fn with_principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Takes the connection apart, for a listener on top of another one: the I/O, the addresses and
    /// the user.
    pub fn into_parts(self) -> (IO, ConnectionInfo, Option<Principal>) {
        (self.io, self.info, self.principal)
    }
}

/// Accepts the connections of a [`HyperServer`](crate::HyperServer): over TCP, over a Unix socket,
/// or over something on top of one of them. For TLS by rustls there is a `TlsListener`, with the
/// feature `rustls`.
///
/// The server does everything else in the same way for all of them. It pauses when the machine runs
/// out of descriptors, bounds the time until a connection is ready and has sent a request, and ends
/// connections at a shutdown.
///
/// ```
/// use std::{io, pin::Pin};
///
/// use switchwire_backend_hyper::{Connected, Listener};
/// use switchwire_core::{ConnectionInfo, Principal};
/// use switchwire_driver::Socket;
/// use tokio::{
///     io::{AsyncBufReadExt, BufStream},
///     net::{TcpListener, TcpStream},
/// };
///
/// /// A listener behind a load balancer that begins each connection with a line about the client.
/// struct Balanced(TcpListener);
///
/// impl Listener for Balanced {
///     type Io = BufStream<TcpStream>;
///     type Connecting = Pin<Box<dyn Future<Output = io::Result<Connected<Self::Io>>> + Send>>;
///
///     async fn accept(&mut self) -> io::Result<Self::Connecting> {
///         let (io, info, _) = Listener::accept(&mut self.0).await?.await?.into_parts();
///         Ok(Box::pin(async move {
///             let (mut io, mut line) = (BufStream::new(io), String::new());
///             io.read_line(&mut line).await?; // in earnest: bound its length
///             let remote_address = line.trim().parse().ok();
///             Ok(Connected::new(io, ConnectionInfo { remote_address, ..info }))
///         }))
///     }
///
///     fn socket(io: &Self::Io) -> Option<Socket<'_>> {
///         Some(Socket::new(io.get_ref()))
///     }
/// }
/// ```
pub trait Listener: Send + 'static {
    /// A connection that is ready to be read.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// A connection that is being made ready, for example by a TLS handshake. Its timeout is that
    /// of a request's head.
    type Connecting: Future<Output = io::Result<Connected<Self::Io>>> + Send + 'static;

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

    /// The socket below the connection. By it the server and the sessions see what a peer takes of
    /// their output, and reset a connection whose peer takes none. By default none: they then see
    /// what the connection itself takes, so that a peer that reads slowly may seem to read nothing.
    fn socket(io: &Self::Io) -> Option<Socket<'_>> {
        let _ = io;
        None
    }
}

impl Listener for TcpListener {
    type Io = TcpStream;
    type Connecting = Ready<io::Result<Connected<TcpStream>>>;

    async fn accept(&mut self) -> io::Result<Self::Connecting> {
        let (socket, remote) = Self::accept(self).await?;
        // This fails only on a closed socket. The next read reports it.
        let _ = socket.set_nodelay(true);
        let info = ConnectionInfo {
            remote_address: Some(remote),
            local_address: socket.local_addr().ok(),
            secure: false,
        };
        Ok(ready(Ok(Connected::new(socket, info))))
    }

    fn socket(io: &TcpStream) -> Option<Socket<'_>> {
        Some(Socket::new(io))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;
    type Connecting = Ready<io::Result<Connected<UnixStream>>>;

    async fn accept(&mut self) -> io::Result<Self::Connecting> {
        let (socket, _) = Self::accept(self).await?;
        Ok(ready(Ok(Connected::new(socket, ConnectionInfo::default()))))
    }

    fn socket(io: &UnixStream) -> Option<Socket<'_>> {
        Some(Socket::new(io))
    }
}
