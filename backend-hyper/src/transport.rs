//! The connection that hyper hands over after the switch.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use switchwire_core::spi::SessionParameters;
use switchwire_driver::{Socket, StreamTransport};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{http_socket::HttpSocket, upgrade::TakeIo};

/// Sessions over a connection of hyper, or of a server built on it.
pub type HyperTransport = StreamTransport<HyperIo>;

/// A connection after the switch: the socket itself where possible, otherwise hyper's wrapper of
/// it.
#[derive(Debug)]
#[non_exhaustive]
pub enum HyperIo {
    /// A plain TCP connection, taken out of hyper.
    Tcp(TcpStream),
    /// A Unix socket, taken out of hyper.
    #[cfg(unix)]
    Unix(UnixStream),
    /// TLS, or any other I/O.
    Other(Box<TokioIo<Upgraded>>),
    /// The I/O of a server built on hyper, taken out of hyper.
    Foreign(Box<dyn ForeignIo>),
}

/// The I/O of a server built on hyper.
pub trait ForeignIo: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> ForeignIo for T {}

/// Takes the connection, and the bytes that hyper has read from it, out of hyper.
pub(crate) fn transport(
    upgraded: Upgraded,
    take: TakeIo,
    parameters: &SessionParameters,
) -> HyperTransport {
    let (io, already_read) = take(upgraded).unwrap_or_else(take_socket);
    // hyper's read buffer has kilobytes. A session must not keep it alive for a few bytes.
    let already_read = Bytes::copy_from_slice(&already_read);
    StreamTransport::new(io, already_read, parameters)
        .with_socket(HyperIo::socket, parameters.settings())
}

fn take_socket(upgraded: Upgraded) -> (HyperIo, Bytes) {
    let upgraded = match upgraded.downcast::<TokioIo<HttpSocket<TcpStream>>>() {
        Ok(parts) => {
            let socket = parts.io.into_inner().into_inner();
            return (HyperIo::Tcp(socket), parts.read_buf);
        }
        Err(upgraded) => upgraded,
    };
    #[cfg(unix)]
    let upgraded = match upgraded.downcast::<TokioIo<HttpSocket<UnixStream>>>() {
        Ok(parts) => {
            let socket = parts.io.into_inner().into_inner();
            return (HyperIo::Unix(socket), parts.read_buf);
        }
        Err(upgraded) => upgraded,
    };
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => return (HyperIo::Tcp(parts.io.into_inner()), parts.read_buf),
        Err(upgraded) => upgraded,
    };
    #[cfg(feature = "auto")]
    let upgraded =
        match hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => return (HyperIo::Tcp(parts.io.into_inner()), parts.read_buf),
            Err(upgraded) => upgraded,
        };
    (
        HyperIo::Other(Box::new(TokioIo::new(upgraded))),
        Bytes::new(),
    )
}

impl HyperIo {
    fn socket(&self) -> Option<Socket<'_>> {
        match self {
            Self::Tcp(socket) => Some(Socket::new(socket)),
            #[cfg(unix)]
            Self::Unix(socket) => Some(Socket::new(socket)),
            Self::Other(_) | Self::Foreign(_) => None,
        }
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
            Self::Other(io) => Pin::new(io).poll_read(cx, buffer),
            Self::Foreign(io) => Pin::new(io).poll_read(cx, buffer),
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
            Self::Other(io) => Pin::new(io).poll_write(cx, bytes),
            Self::Foreign(io) => Pin::new(io).poll_write(cx, bytes),
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
            Self::Other(io) => Pin::new(io).poll_write_vectored(cx, slices),
            Self::Foreign(io) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(socket) => socket.is_write_vectored(),
            #[cfg(unix)]
            Self::Unix(socket) => socket.is_write_vectored(),
            Self::Other(io) => io.is_write_vectored(),
            Self::Foreign(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_flush(cx),
            Self::Other(io) => Pin::new(io).poll_flush(cx),
            Self::Foreign(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Other(io) => Pin::new(io).poll_shutdown(cx),
            Self::Foreign(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
