//! What a suite tests: something that serves the kit's application.

use std::{any::Any, fmt, io, net::SocketAddr};

/// A server of the kit's application, which a suite can start.
///
/// `switchwire-conformance-app` has the application, and makes a target of each backend. Implement this for a server that has
/// an application of its own with the same handlers.
pub trait Target: Send + Sync + 'static {
    /// The name in reports, for example `hyper`.
    fn name(&self) -> &'static str;

    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When the server cannot be started.
    fn start(&self) -> io::Result<Served>;

    /// Starts a server and, beside it, its control: a server of its own, from which the sessions of the first are ended, and
    /// its journals read when it serves no more.
    ///
    /// # Errors
    /// When one of the servers cannot be started.
    fn start_with_control(&self) -> io::Result<(Served, Served)>;
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
