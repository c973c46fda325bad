use std::{
    io::{self, IoSlice},
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use switchwire_driver::Socket;

/// The stream below a session. With a proxy that speaks TLS, it may be TLS inside TLS.
#[derive(Debug)]
pub(crate) enum ClientIo {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    #[cfg(feature = "rustls")]
    Tls(Box<tokio_rustls::client::TlsStream<Self>>),
}

impl ClientIo {
    #[cfg(unix)]
    pub(super) async fn connect_unix(path: &Path) -> io::Result<Self> {
        tokio::net::UnixStream::connect(path).await.map(Self::Unix)
    }

    #[cfg(not(unix))]
    pub(super) async fn connect_unix(_path: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The socket below the stream.
    pub(crate) fn socket(&self) -> Option<Socket<'_>> {
        match self {
            Self::Tcp(socket) => Some(Socket::new(socket)),
            #[cfg(unix)]
            Self::Unix(socket) => Some(Socket::new(socket)),
            #[cfg(feature = "rustls")]
            Self::Tls(tls) => tls.get_ref().0.socket(),
        }
    }
}

/// Calls the same method of the stream of each variant.
macro_rules! forward {
    ($self:ident, $io:ident => $call:expr) => {
        match $self.get_mut() {
            Self::Tcp($io) => $call,
            #[cfg(unix)]
            Self::Unix($io) => $call,
            #[cfg(feature = "rustls")]
            Self::Tls($io) => $call,
        }
    };
}

impl AsyncRead for ClientIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        forward!(self, io => Pin::new(io).poll_read(cx, buffer))
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it can what the stream inside can"
)]
impl AsyncWrite for ClientIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(self, io => Pin::new(io).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forward!(self, io => Pin::new(io).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(io) => io.is_write_vectored(),
            #[cfg(unix)]
            Self::Unix(io) => io.is_write_vectored(),
            #[cfg(feature = "rustls")]
            Self::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, io => Pin::new(io).poll_shutdown(cx))
    }
}
