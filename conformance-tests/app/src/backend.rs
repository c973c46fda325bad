//! What a backend author provides.

use std::io;

use switchwire_conformance::{Served, Target};

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

/// The kit's application on a backend: what a suite tests.
#[derive(Debug)]
pub struct AppOn<B>(pub B);

impl<B: Backend> Target for AppOn<B> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn start(&self) -> io::Result<Served> {
        self.0.serve(TestApp::new())
    }

    fn start_with_control(&self) -> io::Result<(Served, Served)> {
        let app = TestApp::new();
        let control = app.control();
        Ok((self.0.serve(app)?, self.0.serve(control)?))
    }
}
