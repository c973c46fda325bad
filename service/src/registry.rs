//! Every session of an application.

mod budget;
mod report;
mod shutdown;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use switchwire_core::{
    CloseOutcome, CloseStatus, HandshakeError, SessionId, WebSocketSender, spi::SessionControl,
};
use switchwire_driver::MemoryShare;
use tokio::sync::watch;

pub use self::report::ShutdownReport;
use self::{
    budget::{Budget, Held},
    shutdown::Shutdown,
};

/// The sessions of an application: finds them, closes them, and shuts all of them down. Cheap to
/// clone.
///
/// Each [`WebSocketDispatcher`](crate::WebSocketDispatcher) has one. Dispatchers that shut down
/// together share one ([`with_registry`](crate::WebSocketDispatcher::with_registry)). A registry
/// keeps nothing of a session that is gone.
///
/// - `registry.session.1` A session is in the registry from before its accepting response until its
///   connection and its handler are gone. (That response is 101, or 200 for an extended CONNECT.)
/// - `registry.session.2` The application finds it by its id, by its attributes, and by everything
///   else that its sender knows.
/// - `registry.close.1` Closing one session or all has the same effect as if each handler had
///   closed its session.
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
    budget: Budget,
    /// Notified when a shutdown has begun, has a new deadline, or has ended its last session.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, Kept>,
    shutdown: Option<Shutdown>,
}

/// A session.
#[derive(Clone)]
struct Kept {
    control: SessionControl,
    held: Arc<Held>,
}

impl Kept {
    fn sender(&self) -> WebSocketSender {
        self.control.sender()
    }
}

impl SessionRegistry {
    /// Makes a registry without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                budget: Budget::new(),
                changed: watch::Sender::new(()),
            }),
        }
    }

    /// Sets the memory budget: how many bytes all sessions of the registry may hold together.
    /// `None` means no limit. Default: 1 GiB. It takes effect at once, for all clones of the
    /// registry.
    ///
    /// The budget counts everything that waits in a session: messages for its handler and for its
    /// peer, an incomplete message, and bytes that were read and not decoded. A payload that
    /// several sessions share counts for each.
    ///
    /// - `registry.budget.1` When a driver reports that its session holds more, and all sessions
    ///   together exceed the budget, the registry closes sessions with 1013 until the others hold
    ///   an eighth less than the budget. It begins with the session that has made no progress for
    ///   longest. Progress means that the peer or the handler has taken bytes; less than 4 KiB does
    ///   not count.
    /// - `registry.budget.2` The registry does not close a session that holds less than 4 KiB.
    /// - `registry.budget.3` When the peer does not take the Close, or does not answer it, the
    ///   driver drops the connection at the [closing
    ///   deadline](switchwire_core::WebSocketSettings::closing_deadline). The bytes that the
    ///   session holds until then do not count.
    ///
    /// A limit per session does not bound the process when there may be any number of sessions. Set
    /// the budget to the memory of the process, less what the application needs. Make it at least a
    /// few of the largest messages: when one message alone exceeds the budget, the registry closes
    /// its session. Sessions whose peers read and whose handlers keep up hold next to nothing, so
    /// the budget is far above that.
    ///
    /// ```
    /// use switchwire_service::SessionRegistry;
    ///
    /// let registry = SessionRegistry::new().with_memory_budget(256 << 20);
    /// assert_eq!(registry.memory_held(), 0);
    /// ```
    #[must_use]
    pub fn with_memory_budget(self, bytes: impl Into<Option<usize>>) -> Self {
        self.shared.budget.set(bytes.into());
        self.shared.shed();
        self
    }

    /// How many bytes the sessions hold together, as their drivers reported, to within 4 KiB per
    /// session.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.shared.budget.total()
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().sessions.len()
    }

    /// Whether there are no sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All current sessions, in no order. It takes some ten nanoseconds per session. Meanwhile no
    /// session can begin or end.
    #[must_use]
    pub fn sessions(&self) -> Vec<WebSocketSender> {
        let state = self.shared.lock();
        state.sessions.values().map(Kept::sender).collect()
    }

    /// The session with this id.
    #[must_use]
    pub fn find(&self, id: SessionId) -> Option<WebSocketSender> {
        let state = self.shared.lock();
        state.sessions.get(&id).map(Kept::sender)
    }

    /// The sessions for which `wanted` is true: by an attribute, a path parameter, or an address.
    /// It calls `wanted` for each session before it returns.
    #[must_use]
    pub fn matching(&self, wanted: impl FnMut(&WebSocketSender) -> bool) -> Vec<WebSocketSender> {
        let mut sessions = self.sessions(); // foreign code must run without the lock
        let mut wanted = wanted;
        sessions.retain(|session| wanted(session));
        sessions
    }

    /// Begins to close every session, and returns their number. For a deadline and a report, see
    /// [`shutdown`](Self::shutdown). It closes every session before it returns, and takes up to a
    /// microsecond per session. That is a tenth of a second for 100 000 sessions.
    pub fn close_all(&self, status: impl Into<CloseStatus>) -> usize {
        let status = status.into();
        let sessions = self.sessions();
        for session in &sessions {
            session.close(status.clone());
        }
        sessions.len()
    }

    /// Registers a session, until the guard is dropped.
    pub(crate) fn register(
        &self,
        id: SessionId,
        control: SessionControl,
    ) -> Result<Registration, HandshakeError> {
        let mut state = self.shared.lock();
        if state.shutdown.is_some() {
            return Err(HandshakeError::ShuttingDown);
        }
        let held = Arc::new(Held::new(self.shared.clone()));
        let kept = Kept {
            control,
            held: held.clone(),
        };
        state.sessions.insert(id, kept);
        drop(state);
        Ok(Registration {
            shared: self.shared.clone(),
            id,
            held,
            outcome: None,
        })
    }
}

impl State {
    fn controls(&self) -> Vec<SessionControl> {
        let kept = self.sessions.values();
        kept.map(|kept| kept.control.clone()).collect()
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
    held: Arc<Held>,
    outcome: Option<CloseOutcome>,
}

impl Registration {
    /// The share to which the session's driver reports its memory. A session has one share.
    pub(crate) fn share(&self) -> MemoryShare {
        MemoryShare::new(self.held.clone())
    }

    /// Notes how the session ended.
    pub(crate) fn end(mut self, outcome: CloseOutcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let kept = state.sessions.remove(&self.id);
        // Releases the memory of a past rush.
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
        drop(kept); // may be the last reference to the session
    }
}

#[cfg(test)]
mod tests;
