//! What an application writes.

use std::future::Future;

use async_trait::async_trait;

use crate::{
    cors::CorsConfiguration, error::HandlerResult, handshake::HandshakeRequest,
    session::WebSocketSession,
};

/// A WebSocket endpoint, written once for every server.
///
/// # For handler authors
/// - `handler.end.1` When `handle` returns `Ok`, what was sent is written and the session is closed with 1000.
/// - `handler.end.2` When it returns an error, the session is closed with 1011 and an empty reason, or
///   with the status the error chose ([`HandlerError`](crate::HandlerError)). Nothing internal is sent.
/// - `handler.end.3` When it panics, that session is closed with 1011; no other is touched.
/// - `handler.end.4` When the connection is gone and the handler has not returned within the
///   [handler's grace](crate::WebSocketSettings::handler_grace), its future is dropped.
/// - `handler.end.5` A value of the application that panics when it is dropped after its use, such as a payload that was
///   sent or an attribute, changes nothing for the session; the panic hook has told.
/// - The handler never learns which server it runs on.
///
/// Put `#[async_trait]` above the `impl`. Without it the compiler says that lifetimes do not match the trait (E0195).
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
    /// - `handshake.subprotocol.1` The first one that the client offers, in the client's order, is chosen;
    ///   when none matches, the session has no subprotocol and the response has no such header
    ///   ([RFC 6455 section 4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2)).
    /// - `handshake.subprotocol.2` A name that is no token is an error when the handler is mapped.
    fn subprotocols(&self) -> &[&'static str] {
        &[]
    }

    /// Chooses one of the offered subprotocols, having seen the request. By default the first that is one of
    /// [`subprotocols`](Self::subprotocols).
    ///
    /// - `handshake.subprotocol.3` It runs once interceptors have passed, so it sees attributes and principal.
    /// - `handshake.subprotocol.4` Only what was offered can be chosen; anything else counts as nothing chosen.
    ///
    /// A browser can set no header but this one. A page that has to send a token offers it beside the subprotocol,
    /// `new WebSocket(url, ["chat.v2", "bearer." + token])`; an interceptor reads it from
    /// [`offered_subprotocols`](HandshakeRequest::offered_subprotocols). Never choose it: the answer would hold it.
    ///
    /// ```
    /// use switchwire_core::{HandlerResult, HandshakeRequest, WebSocketHandler, WebSocketSession, async_trait};
    ///
    /// struct Chat;
    ///
    /// #[async_trait]
    /// impl WebSocketHandler for Chat {
    ///     async fn handle(&self, session: WebSocketSession) -> HandlerResult {
    ///         let newer = session.handshake_info().subprotocol() == Some("chat.v2");
    ///         Ok(session.send(if newer { "hello, v2" } else { "hello" }).await?)
    ///     }
    ///
    ///     fn select_subprotocol<'a>(&self, offered: &[&'a str], request: &HandshakeRequest) -> Option<&'a str> {
    ///         let newest = if request.cookie("beta").is_some() { "chat.v2" } else { "chat.v1" };
    ///         offered.iter().copied().find(|name| *name == newest)
    ///     }
    ///
    ///     fn requires_subprotocol(&self) -> bool {
    ///         true
    ///     }
    /// }
    /// ```
    fn select_subprotocol<'a>(
        &self,
        offered: &[&'a str],
        request: &HandshakeRequest,
    ) -> Option<&'a str> {
        let _ = request;
        let spoken = self.subprotocols();
        offered.iter().copied().find(|name| spoken.contains(name))
    }

    /// Whether a session without a subprotocol makes no sense here. Default no.
    ///
    /// `handshake.subprotocol.5` When it does not, a request of which none is chosen gets 400.
    fn requires_subprotocol(&self) -> bool {
        false
    }

    /// Which pages of other sites may connect, in the handler's own opinion. Default none: the mapping's
    /// configuration for the path or, without one, the origin policy decides.
    ///
    /// Called when the handler is mapped and for each handshake, so it should be a field.
    #[doc(alias = "CorsConfigurationSource")]
    fn cors_configuration(&self) -> Option<&CorsConfiguration> {
        None
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
