//! What a backend author provides.

use std::{any::Any, fmt, io, net::SocketAddr};

use crate::TestApp;

/// A server that the suite can start.
///
/// Synchronous and without a runtime on purpose: start what the server needs on threads of its own.
pub trait Backend: Send + Sync + 'static {
    /// The name in reports, for example `hyper`.
    fn name(&self) -> &'static str;

    /// Serves `app` on a free port of 127.0.0.1 and returns once the port is bound.
    ///
    /// WebSocket requests go to the app's [dispatcher](TestApp::dispatcher); every other request is answered by
    /// the server's own HTTP side, with 200 and [`TestApp::HTTP_BODY`].
    ///
    /// # Errors
    /// When the server cannot be started.
    fn serve(&self, app: TestApp) -> io::Result<Served>;
}

/// A server that runs until this is dropped.
pub struct Served {
    address: SocketAddr,
    _guard: Box<dyn Any + Send + Sync>,
}

impl Served {
    /// A server at `address` that stops when `guard` is dropped.
    pub fn new(address: SocketAddr, guard: impl Any + Send + Sync) -> Self {
        Self {
            address,
            _guard: Box::new(guard),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
