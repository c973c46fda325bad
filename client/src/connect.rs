//! From a request to a connection: addresses, proxies, TLS.

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
use crate::ClientOptions;

/// A connection that the opening handshake can begin on.
pub(crate) struct Connection {
    pub(crate) io: ClientIo,
    /// Both ends, when they are those of the server and not of a proxy.
    pub(crate) remote_address: Option<SocketAddr>,
    pub(crate) local_address: Option<SocketAddr>,
}

/// Connects to where the request goes.
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
            remote_address: None,
            local_address: None,
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
            remote_address: None,
            local_address: None,
        });
    }
    let socket = addresses::connect(host, port).await?;
    Ok(Connection {
        remote_address: socket.peer_addr().ok(),
        local_address: socket.local_addr().ok(),
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
        "tls is not built in: enable a feature such as rustls-native-roots".into(),
    ))
}
