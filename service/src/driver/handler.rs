use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use switchwire_core::{CloseCode, CloseStatus, HandlerResult, WebSocketHandler, WebSocketSession};

/// The handler's future, kept from harming anything but its own session.
pub(super) struct HandlerTask {
    future: Option<Pin<Box<dyn Future<Output = HandlerResult> + Send>>>,
    waker: Waker,
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
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.future.is_none()
    }

    /// Runs the handler until it waits. The status to close with, once it is done.
    pub(super) fn poll(&mut self) -> Option<CloseStatus> {
        let future = self.future.as_mut()?;
        let mut cx = Context::from_waker(&self.waker);
        let mut status = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx))) {
            Ok(Poll::Pending) => return None,
            Ok(Poll::Ready(Ok(()))) => CloseCode::NORMAL.into(),
            Ok(Poll::Ready(Err(error))) => {
                tracing::debug!(error = %OneLine(&error), "the handler failed");
                error.status().clone()
            }
            Err(panic) => {
                report(panic);
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
                report(panic);
                false
            }
        }
    }
}

impl Drop for HandlerTask {
    fn drop(&mut self) {
        self.drop_future();
    }
}

/// A panic's message is the application's; it is logged by the panic hook, so here only that it happened.
fn report(panic: Box<dyn Any + Send>) {
    tracing::error!("the handler panicked; its session is closed with 1011");
    // What was thrown may panic when it is dropped, too; what that throws is not tried.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

/// Shows an error so that it cannot forge a log line.
struct OneLine<T>(T);

impl<T: std::fmt::Display> std::fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.to_string().chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}
