//! The application that every backend serves for the suite.

use std::{fmt, sync::Arc};

use switchwire_conformance::contract;
use switchwire_service::{SessionRegistry, WebSocketDispatcher};

use crate::endpoints::{self, Journals};

/// The kit's own handlers, by path, with the settings their cases need.
///
/// Written against `switchwire-core` and `switchwire-service` only: what a backend adds is the server. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct TestApp {
    dispatcher: WebSocketDispatcher,
    shared: Arc<Shared>,
}

/// What an app and its control share.
#[derive(Default)]
struct Shared {
    journals: Journals,
    registry: SessionRegistry,
}

impl TestApp {
    /// What the HTTP side of a backend's server answers to every request that asks for no WebSocket, with 200.
    pub const HTTP_BODY: &'static str = contract::HTTP_BODY;

    /// The app with everything its cases need.
    #[expect(
        clippy::new_without_default,
        reason = "an app is built by the suite, seldom by hand"
    )]
    #[must_use]
    pub fn new() -> Self {
        let shared = Arc::<Shared>::default();
        Self {
            dispatcher: endpoints::dispatcher(&shared.journals, &shared.registry),
            shared,
        }
    }

    /// Another app, to be served on a server of its own, from which the sessions of this one are ended and its journals
    /// read when it serves no more.
    pub(crate) fn control(&self) -> Self {
        let shared = self.shared.clone();
        Self {
            dispatcher: endpoints::control(&shared.journals, &shared.registry),
            shared,
        }
    }

    /// The handlers and the decisions about handshakes, to be mounted at the root.
    #[must_use]
    pub fn dispatcher(&self) -> WebSocketDispatcher {
        self.dispatcher.clone()
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp")
            .field("dispatcher", &self.dispatcher)
            .finish_non_exhaustive()
    }
}
