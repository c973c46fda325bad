use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use switchwire_core::{CloseCode, CloseStatus, HandlerResult, WebSocketHandler, WebSocketSession};

use crate::observe::{self, OneLine};

/// The handler's future, kept from harming anything but its own session.
pub(super) struct HandlerTask {
    future: Option<Pin<Box<dyn Future<Output = HandlerResult> + Send>>>,
    waker: Waker,
    has_panicked: bool,
}

impl HandlerTask {
    pub(super) fn new(
        handler: Arc<dyn WebSocketHandler>,
        session: WebSocketSession,
        waker: Waker,
    ) -> Self {
        Self {
            future: Some(Box::pin(async move { handler.handle(session).await })),
            waker,
            has_panicked: false,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.future.is_none()
    }

    /// Runs the handler until it waits. The status to close with, once it is done: `returned` when it just returns.
    pub(super) fn poll(&mut self, returned: impl FnOnce() -> CloseCode) -> Option<CloseStatus> {
        let future = self.future.as_mut()?;
        let mut cx = Context::from_waker(&self.waker);
        let mut status = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx))) {
            Ok(Poll::Pending) => return None,
            Ok(Poll::Ready(Ok(()))) => returned().into(),
            Ok(Poll::Ready(Err(error))) => {
                tracing::debug!(target: "switchwire", error = %OneLine(&error), "the handler failed");
                observe::handler_failed("error");
                error.status().clone()
            }
            Err(panic) => {
                self.report(panic);
                CloseCode::INTERNAL_ERROR.into()
            }
        };
        if !self.drop_future() {
            status = CloseCode::INTERNAL_ERROR.into();
        }
        Some(status)
    }

    /// Drops what is left of the handler; false when that panicked.
    pub(super) fn drop_future(&mut self) -> bool {
        let future = self.future.take();
        match catch_unwind(AssertUnwindSafe(|| drop(future))) {
            Ok(()) => true,
            Err(panic) => {
                self.report(panic);
                false
            }
        }
    }
}

impl HandlerTask {
    /// A panic's message is the application's; it is logged by the panic hook, so here only that it happened, once.
    fn report(&mut self, panic: Box<dyn Any + Send>) {
        if !std::mem::replace(&mut self.has_panicked, true) {
            tracing::error!(target: "switchwire", "the handler panicked; its session is closed with 1011");
            observe::handler_failed("panic");
        }
        // What was thrown may panic when it is dropped, too; what that throws is not tried.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            std::mem::forget(again);
        }
    }
}

impl Drop for HandlerTask {
    fn drop(&mut self) {
        self.drop_future();
    }
}
