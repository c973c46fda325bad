//! The application that every backend serves for the suite.

use switchwire_service::WebSocketDispatcher;

use crate::endpoints;

/// The kit's own handlers, by path, with the settings their cases need.
///
/// Written against `switchwire-core` and `switchwire-service` only: what a backend adds is the server. Cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TestApp {
    dispatcher: WebSocketDispatcher,
}

impl TestApp {
    /// What the HTTP side of a backend's server answers to every request that asks for no WebSocket, with 200.
    pub const HTTP_BODY: &'static str = "this is the http side\n";

    /// The app with everything its cases need.
    #[expect(
        clippy::new_without_default,
        reason = "an app is built by the suite, seldom by hand"
    )]
    #[must_use]
    pub fn new() -> Self {
        Self {
            dispatcher: endpoints::dispatcher(),
        }
    }

    /// The handlers and the decisions about handshakes, to be mounted at the root.
    #[must_use]
    pub fn dispatcher(&self) -> WebSocketDispatcher {
        self.dispatcher.clone()
    }
}
