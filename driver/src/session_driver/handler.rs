use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use switchwire_core::{
    CloseCode, CloseStatus, HandlerError, HandlerResult, WebSocketHandler, WebSocketSession,
};

use crate::{
    foreign::{self, Panicked},
    log::OneLine,
    stats,
};

/// The handler's future. A panic of it harms only its own session.
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

    /// Runs the handler until it waits. Returns the status to close with when the handler is done.
    /// `returned` gives the code for a handler that returned `Ok`.
    pub(super) fn poll(&mut self, returned: impl FnOnce() -> CloseCode) -> Option<CloseStatus> {
        let future = self.future.as_mut()?;
        let mut cx = Context::from_waker(&self.waker);
        let status = match foreign::run(|| future.as_mut().poll(&mut cx)) {
            Ok(Poll::Pending) => return None,
            Ok(Poll::Ready(Ok(()))) => Ok(returned().into()),
            Ok(Poll::Ready(Err(error))) => take(error),
            Err(panicked) => Err(panicked),
        };
        let dropped = foreign::run(|| drop(self.future.take()));
        match dropped.and(status) {
            Ok(status) => Some(status),
            Err(Panicked) => {
                self.report();
                Some(CloseCode::INTERNAL_ERROR.into())
            }
        }
    }

    /// Drops the rest of the handler.
    pub(super) fn drop_future(&mut self) {
        let future = self.future.take();
        if let Err(Panicked) = foreign::run(|| drop(future)) {
            self.report();
        }
    }

    /// Logs that the handler panicked, once. The panic hook logs the message, which is the
    /// application's.
    fn report(&mut self) {
        if !std::mem::replace(&mut self.has_panicked, true) {
            tracing::error!(target: "switchwire", "the handler panicked; its session is closed with 1011");
            stats::handler_failed("panic");
        }
    }
}

/// The status that an error asks for. The error and its source are the application's, with their
/// `Display` and their `Drop`.
fn take(error: HandlerError) -> Result<CloseStatus, Panicked> {
    let status = error.status().clone();
    let shown = foreign::run(|| {
        tracing::debug!(target: "switchwire", error = %OneLine(&error), "the handler failed");
    });
    let dropped = foreign::run(|| drop(error));
    shown.and(dropped)?;
    stats::handler_failed("error");
    Ok(status)
}

impl Drop for HandlerTask {
    fn drop(&mut self) {
        self.drop_future();
    }
}
