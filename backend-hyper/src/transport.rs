//! The connection that hyper hands over after the switch.

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use switchwire_core::spi::SessionParameters;
use switchwire_driver::StreamTransport;
use tokio::net::TcpStream;

use crate::{http_socket::HttpSocket, io::HyperIo, upgrade::TakeIo};

/// Sessions over a connection of hyper, or of a server built on it.
pub type HyperTransport = StreamTransport<HyperIo>;

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
    let upgraded = match upgraded.downcast::<TokioIo<HttpSocket>>() {
        Ok(parts) => return (parts.io.into_inner().into_inner(), parts.read_buf),
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
    (HyperIo::upgraded(upgraded), Bytes::new())
}
