//! What is known of the connection that a request came over.

use std::net::SocketAddr;

use super::HandshakeRequest;

/// What is known of the connection that a request came over.
///
/// Servers that are built on the `http` crate put it into the extensions of each request. An application with an accept loop
/// of its own does so itself; without it a session knows no address, and its origin is `http`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The address of the client, if it has one: a client on a Unix socket has none.
    pub remote_address: Option<SocketAddr>,
    /// The address that the client connected to.
    pub local_address: Option<SocketAddr>,
    /// Whether the connection is over TLS.
    pub secure: bool,
}

impl HandshakeRequest {
    /// Sets addresses and security from what is known of the connection.
    #[must_use]
    pub fn with_connection_info(self, info: ConnectionInfo) -> Self {
        self.with_remote_address(info.remote_address)
            .with_local_address(info.local_address)
            .with_secure(info.secure)
    }
}
