//! The I/O of a connection, before and after the switch.

use std::{
    any::Any,
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use switchwire_driver::Socket;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::listener::Listener;

/// A connection: the socket itself where possible, otherwise what the listener or the server has
/// around it.
#[derive(Debug)]
#[non_exhaustive]
pub enum HyperIo {
    /// A plain TCP connection.
    Tcp(TcpStream),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
    /// TLS, or any other I/O.
    Other(OtherIo),
}

/// I/O of any type.
pub struct OtherIo(Box<dyn Io>);

trait Io: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket below, if it is known.
    fn socket(&self) -> Option<Socket<'_>>;
}

impl HyperIo {
    /// Takes the connection of a listener.
    pub(crate) fn listened<L: Listener>(io: L::Io) -> Self {
        let mut io = Some(io);
        if let Some(tcp) = take(&mut io) {
            return Self::Tcp(tcp);
        }
        #[cfg(unix)]
        if let Some(unix) = take(&mut io) {
            return Self::Unix(unix);
        }
        let socket = L::socket;
        Self::Other(OtherIo(Box::new(WithSocket {
            io: io.expect("nobody has taken it"),
            socket,
        })))
    }

    /// Takes any connection, without a socket below it: for servers that hand over the connection as
    /// a type of their own.
    pub fn other(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self::Other(OtherIo(Box::new(WithSocket {
            io,
            socket: |_| None,
        })))
    }

    /// Takes the connection of a server that has not told its type.
    pub(crate) fn upgraded(upgraded: Upgraded) -> Self {
        Self::other(TokioIo::new(upgraded))
    }

    pub(crate) fn socket(&self) -> Option<Socket<'_>> {
        match self {
            Self::Tcp(socket) => Some(Socket::new(socket)),
            #[cfg(unix)]
            Self::Unix(socket) => Some(Socket::new(socket)),
            Self::Other(io) => io.0.socket(),
        }
    }
}

/// Takes the value when it has the type `T`.
fn take<T: 'static>(value: &mut dyn Any) -> Option<T> {
    value.downcast_mut::<Option<T>>()?.take()
}

impl fmt::Debug for OtherIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtherIo")
    }
}

struct WithSocket<IO> {
    io: IO,
    socket: fn(&IO) -> Option<Socket<'_>>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send> Io for WithSocket<IO> {
    fn socket(&self) -> Option<Socket<'_>> {
        (self.socket)(&self.io)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for WithSocket<IO> {
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
impl<IO: AsyncWrite + Unpin> AsyncWrite for WithSocket<IO> {
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

impl AsyncRead for HyperIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Other(io) => Pin::new(&mut io.0).poll_read(cx, buffer),
        }
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it can what the stream inside can"
)]
impl AsyncWrite for HyperIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Other(io) => Pin::new(&mut io.0).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Self::Other(io) => Pin::new(&mut io.0).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(socket) => socket.is_write_vectored(),
            #[cfg(unix)]
            Self::Unix(socket) => socket.is_write_vectored(),
            Self::Other(io) => io.0.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_flush(cx),
            Self::Other(io) => Pin::new(&mut io.0).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Other(io) => Pin::new(&mut io.0).poll_shutdown(cx),
        }
    }
}
