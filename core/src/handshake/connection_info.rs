//! The addresses and the security of a request's connection.

use std::net::SocketAddr;

use super::HandshakeRequest;

/// The addresses and the security of the connection of a request.
///
/// Servers that are built on the `http` crate put it into the extensions of each request. An
/// application with its own accept loop must do the same. Without it, a session has no address, and
/// its origin is `http`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The address of the client, if it has one. A client on a Unix socket has none.
    pub remote_address: Option<SocketAddr>,
    /// The address that the client connected to.
    pub local_address: Option<SocketAddr>,
    /// Whether the connection is over TLS.
    pub secure: bool,
}

impl HandshakeRequest {
    /// Sets the addresses and the security from this value.
    #[must_use]
    pub fn with_connection_info(self, info: ConnectionInfo) -> Self {
        self.with_remote_address(info.remote_address)
            .with_local_address(info.local_address)
            .with_secure(info.secure)
    }
}
