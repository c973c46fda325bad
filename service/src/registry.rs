//! Every session of an application.

mod report;
mod shutdown;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use switchwire_core::{
    CloseOutcome, CloseStatus, HandshakeError, SessionControl, SessionId, WebSocketSender,
};
use tokio::sync::watch;

pub use self::report::ShutdownReport;
use self::shutdown::Shutdown;

/// The sessions of an application: finds them, closes them, and shuts all of them down. Cheap to clone.
///
/// Each [`WebSocketDispatcher`](crate::WebSocketDispatcher) has one; those that are to be shut down together share it
/// ([`with_registry`](crate::WebSocketDispatcher::with_registry)). It keeps nothing of a session that is gone.
///
/// - `registry.session.1` A session is here from before its 101 response until its connection and its handler are gone.
/// - `registry.session.2` It is found by its id, and by its attributes and all else its sender knows.
/// - `registry.close.1` Closing one or all is as if each handler had closed its session.
///
/// ```
/// use switchwire_core::{CloseCode, WebSocketSession};
/// use switchwire_service::{SessionRegistry, UrlHandlerMapping, WebSocketDispatcher};
///
/// struct User(String);
///
/// let mapping = UrlHandlerMapping::new().with("/", |session: WebSocketSession| async move {
///     session.attributes().insert(User("ada".to_owned()));
///     Ok(session.send("hello").await?)
/// })?;
/// let registry = SessionRegistry::new();
/// let dispatcher = WebSocketDispatcher::from(mapping).with_registry(registry.clone());
///
/// // From anywhere in the application:
/// for session in registry.matching(|session| {
///     session.attributes().get::<User>().is_some_and(|user| user.0 == "ada")
/// }) {
///     session.close(CloseCode::POLICY_VIOLATION);
/// }
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Clone)]
pub struct SessionRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Sent when a shutdown has begun, has a new deadline, or has ended its last session.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, SessionControl>,
    shutdown: Option<Shutdown>,
}

impl SessionRegistry {
    /// A registry without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                changed: watch::Sender::new(()),
            }),
        }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().sessions.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every session there is now, in no order. It takes some ten nanoseconds a session, in which none can begin or end.
    #[must_use]
    pub fn sessions(&self) -> Vec<WebSocketSender> {
        let state = self.shared.lock();
        state
            .sessions
            .values()
            .map(SessionControl::sender)
            .collect()
    }

    /// The session with this id.
    #[must_use]
    pub fn find(&self, id: SessionId) -> Option<WebSocketSender> {
        let state = self.shared.lock();
        state.sessions.get(&id).map(SessionControl::sender)
    }

    /// The sessions for which `wanted` is true: by an attribute, a path parameter, an address. It asks about each of them
    /// before it returns.
    #[must_use]
    pub fn matching(&self, wanted: impl FnMut(&WebSocketSender) -> bool) -> Vec<WebSocketSender> {
        let mut sessions = self.sessions(); // so that foreign code runs without the lock
        let mut wanted = wanted;
        sessions.retain(|session| wanted(session));
        sessions
    }

    /// Begins to close every session, and returns how many those are. For an end with a deadline and a report, see
    /// [`shutdown`](Self::shutdown). It tells every session before it returns: for up to a microsecond a session, which
    /// is a tenth of a second with 100 000.
    pub fn close_all(&self, status: impl Into<CloseStatus>) -> usize {
        let status = status.into();
        let sessions = self.sessions();
        for session in &sessions {
            session.close(status.clone());
        }
        sessions.len()
    }

    /// Takes in a session, until the guard is dropped.
    pub(crate) fn register(
        &self,
        id: SessionId,
        control: SessionControl,
    ) -> Result<Registration, HandshakeError> {
        let mut state = self.shared.lock();
        if state.shutdown.is_some() {
            return Err(HandshakeError::ShuttingDown);
        }
        state.sessions.insert(id, control);
        drop(state);
        Ok(Registration {
            shared: self.shared.clone(),
            id,
            outcome: None,
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SessionRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("SessionRegistry")
            .field("sessions", &state.sessions.len())
            .field("shutting_down", &state.shutdown.is_some())
            .finish()
    }
}

/// A session's place in the registry.
pub(crate) struct Registration {
    shared: Arc<Shared>,
    id: SessionId,
    outcome: Option<CloseOutcome>,
}

impl Registration {
    /// Says how the session ended.
    pub(crate) fn end(mut self, outcome: CloseOutcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let control = state.sessions.remove(&self.id);
        // Keeps no room of a rush that is over.
        let (len, capacity) = (state.sessions.len(), state.sessions.capacity());
        if capacity > 1024 && len < capacity / 8 {
            state.sessions.shrink_to(2 * len);
        }
        let is_empty = state.sessions.is_empty();
        if let Some(shutdown) = &mut state.shutdown {
            shutdown.ended(self.outcome.as_ref());
            if is_empty {
                self.shared.changed.send_replace(());
            }
        }
        drop(state);
        drop(control); // may be the last to know of the session
    }
}

#[cfg(test)]
mod tests;
