//! Connects for a request: addresses, proxies, TLS.

mod addresses;
mod io;
mod no_proxy;
mod proxy;
#[cfg(feature = "rustls")]
mod tls;

use std::net::SocketAddr;

use switchwire_core::{ClientRequest, ConnectError};
use tokio::time::timeout;

pub use self::proxy::{InvalidProxyUrl, Proxy};
pub(crate) use self::{io::ClientIo, proxy::Proxies};
use crate::options::ClientOptions;

/// A connection on which the opening handshake can begin.
pub(crate) struct Connection {
    pub(crate) io: ClientIo,
    /// The addresses of the other end and of this end, when the other end is the server and not a
    /// proxy.
    pub(crate) addresses: [Option<SocketAddr>; 2],
}

/// Connects to the server of a request.
pub(crate) async fn connect(
    options: &ClientOptions,
    request: &ClientRequest,
) -> Result<Connection, ConnectError> {
    let opened = timeout(options.connect_timeout, open(options, request)).await;
    let mut connection = opened.map_err(|_| ConnectError::ConnectTimedOut)??;
    if request.is_secure() {
        let secured = timeout(
            options.tls_timeout,
            secure(connection.io, request.host(), options),
        );
        connection.io = secured.await.map_err(|_| ConnectError::TlsTimedOut)??;
    }
    Ok(connection)
}

async fn open(
    options: &ClientOptions,
    request: &ClientRequest,
) -> Result<Connection, ConnectError> {
    if let Some(path) = request.unix_socket() {
        let io = ClientIo::connect_unix(path).await;
        return Ok(Connection {
            io: io.map_err(ConnectError::Connect)?,
            addresses: [None, None],
        });
    }
    let (host, port) = (request.host(), request.port());
    if let Some(proxy) = options.proxies.find(host, port) {
        let socket = addresses::connect(proxy.host(), proxy.port()).await?;
        let mut io = ClientIo::Tcp(socket);
        if proxy.is_secure() {
            io = secure(io, proxy.host(), options).await?;
        }
        proxy
            .open_tunnel(&mut io, request)
            .await
            .map_err(ConnectError::Proxy)?;
        return Ok(Connection {
            io,
            addresses: [None, None],
        });
    }
    let socket = addresses::connect(host, port).await?;
    Ok(Connection {
        addresses: [socket.peer_addr().ok(), socket.local_addr().ok()],
        io: ClientIo::Tcp(socket),
    })
}

#[cfg(feature = "rustls")]
use tls::secure;

#[cfg(not(feature = "rustls"))]
async fn secure(
    _io: ClientIo,
    _host: &str,
    _options: &ClientOptions,
) -> Result<ClientIo, ConnectError> {
    Err(ConnectError::Tls(
        "TLS is not built in; enable a feature such as rustls-native-roots".into(),
    ))
}
