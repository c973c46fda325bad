//! What an application writes.

use std::future::Future;

use async_trait::async_trait;

use crate::{HandlerResult, WebSocketSession};

/// A WebSocket endpoint, written once for every server.
///
/// # For handler authors
/// - `handler.end.1` When `handle` returns `Ok`, what was sent is written and the session is closed with 1000.
/// - `handler.end.2` When it returns an error, the session is closed with 1011 and an empty reason, or
///   with the status the error chose ([`HandlerError`](crate::HandlerError)). Nothing internal is sent.
/// - `handler.end.3` When it panics, that session is closed with 1011; no other is touched.
/// - `handler.end.4` When the connection is gone and the handler has not returned within the
///   [handler's grace](crate::WebSocketSettings::handler_grace), its future is dropped.
/// - The handler never learns which server it runs on.
///
/// # For backend authors
/// A handler is held as `Arc<dyn WebSocketHandler>`; only the session driver calls it.
///
/// # Examples
/// ```
/// use switchwire_core::{HandlerResult, WebSocketHandler, WebSocketSession, async_trait};
///
/// struct Echo;
///
/// #[async_trait]
/// impl WebSocketHandler for Echo {
///     async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
///         while let Some(message) = session.receive().await? {
///             session.send(message).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
/// A closure is a handler too:
/// ```
/// use switchwire_core::{HandlerResult, WebSocketHandler, WebSocketSession};
///
/// fn handler() -> impl WebSocketHandler {
///     |session: WebSocketSession| async move { Ok(session.send("hello").await?) }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a WebSocket handler",
    label = "implement `WebSocketHandler` for it, or pass a closure `|session: WebSocketSession| async move {{ .. }}`",
    note = "a closure must be `Send + Sync + 'static`, its future `Send + 'static`, and the future's output `HandlerResult`"
)]
pub trait WebSocketHandler: Send + Sync {
    /// Serves one session. The session closes when this returns.
    ///
    /// # Errors
    /// Whatever the application gives up with; it decides the close status, not what is sent.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: after the handler's grace, at shutdown, or with the server.
    async fn handle(&self, session: WebSocketSession) -> HandlerResult;

    /// The subprotocols this endpoint speaks, none by default.
    ///
    /// `handshake.subprotocol.1` The first one that the client offers, in the client's order, is chosen;
    /// when none matches, the session has no subprotocol and the response has no such header
    /// ([RFC 6455 section 4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2)).
    fn subprotocols(&self) -> &[&'static str] {
        &[]
    }
}

#[async_trait]
impl<F, Fut> WebSocketHandler for F
where
    F: Fn(WebSocketSession) -> Fut + Send + Sync,
    Fut: Future<Output = HandlerResult> + Send + 'static,
{
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        self(session).await
    }
}
