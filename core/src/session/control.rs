use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    WebSocketSender,
    state::{Shared, State},
    waiting::Waiting,
};

/// Ends a session from outside its handler.
///
/// For authors of registries; `switchwire-service` has the one to use.
#[derive(Clone)]
pub struct SessionControl {
    shared: Arc<Shared>,
}

/// The command that a [`SessionControl`] gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCommand {
    /// Let the handler answer the messages that it has taken, then close with 1001.
    ShutDown,
    /// Drop the connection and the handler.
    Abort,
}

impl SessionControl {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// A sender of the session.
    #[must_use]
    pub fn sender(&self) -> WebSocketSender {
        WebSocketSender {
            shared: self.shared.clone(),
        }
    }

    /// Tells the handler that the application is shutting down, and makes the driver close with
    /// 1001.
    pub fn shut_down(&self) {
        let mut state = self.shared.lock();
        state.shutting_down = true;
        let wakers = state.outcome_wakers.take();
        drop(state);
        // The handler is woken first, so that it runs before the driver closes.
        wakers.wake();
        self.shared.signals.command();
    }

    /// Makes the driver drop the connection and the handler.
    pub fn abort(&self) {
        let mut state = self.shared.lock();
        state.aborted = true;
        let wakers = state.outcome_wakers.take();
        drop(state);
        wakers.wake();
        self.shared.signals.command();
    }
}

impl fmt::Debug for SessionControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionControl")
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}

/// Resolves when a session is shutting down or has ended. It may be dropped at any time.
pub struct ShuttingDown {
    waiting: Waiting<Arc<Shared>>,
}

impl ShuttingDown {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            waiting: Waiting::new(shared),
        }
    }

    /// Whether the application is shutting down.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.waiting.shared.lock().shutting_down
    }
}

impl Future for ShuttingDown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Waiting { shared, place } = &mut self.waiting;
        let state = shared.lock();
        if state.shutting_down || state.outcome.is_some() {
            return Poll::Ready(());
        }
        State::wait(state, |state| &mut state.outcome_wakers, place, cx.waker());
        Poll::Pending
    }
}

impl fmt::Debug for ShuttingDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShuttingDown")
            .field("id", &self.waiting.shared.id)
            .finish_non_exhaustive()
    }
}
