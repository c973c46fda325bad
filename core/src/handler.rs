//! The handler: the code that an application writes.

use std::future::Future;

use async_trait::async_trait;

use crate::{
    cors::CorsConfiguration, error::HandlerResult, handshake::HandshakeRequest,
    session::WebSocketSession,
};

/// A WebSocket endpoint, written once for every server.
///
/// # For handler authors
/// - `handler.end.1` When `handle` returns `Ok`, the driver writes all sent messages, then
///   closes the session with 1000.
/// - `handler.end.2` When `handle` returns an error, the driver closes the session with 1011 and an
///   empty reason, or with the status that the error chose ([`HandlerError`](crate::HandlerError)).
///   The driver sends nothing internal.
/// - `handler.end.3` When `handle` panics, the driver closes that session with 1011. No other
///   session is affected.
/// - `handler.end.4` When the connection is gone and the handler does not return within the
///   [handler's grace](crate::WebSocketSettings::handler_grace), the driver drops its future.
/// - `handler.end.5` When a value of the application panics as it is dropped after its use, such as
///   a sent payload or an attribute, nothing changes for the session. The panic hook has reported
///   it.
/// - A handler never learns which server it runs on.
///
/// Put `#[async_trait]` above the `impl`. Without it, the compiler reports that lifetimes do not
/// match the trait (E0195).
///
/// # For backend authors
/// A handler is held as `Arc<dyn WebSocketHandler>`. Only the session driver calls it.
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
    /// Any error of the application. It decides the close status; it is not sent.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: after the handler's grace, at shutdown, or with the
    /// server.
    async fn handle(&self, session: WebSocketSession) -> HandlerResult;

    /// The subprotocols that this endpoint speaks. Default: none.
    ///
    /// - `handshake.subprotocol.1` The service chooses the first one that the client offers, in the
    ///   client's order. When none matches, the session has no subprotocol and the response has no
    ///   such header ([RFC 6455 section
    ///   4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2)).
    /// - `handshake.subprotocol.2` A name that is not a token is an error when the handler is
    ///   mapped.
    fn subprotocols(&self) -> &[&'static str] {
        &[]
    }

    /// Chooses one of the offered subprotocols with a look at the request. Default: the first that
    /// is one of [`subprotocols`](Self::subprotocols).
    ///
    /// - `handshake.subprotocol.3` The service calls it after the interceptors have passed the
    ///   request, so it sees attributes and principal.
    /// - `handshake.subprotocol.4` It can choose only an offered subprotocol. Anything else counts
    ///   as no choice.
    ///
    /// A browser can set no header but this one. A page that has to send a token offers the token
    /// beside the subprotocol: `new WebSocket(url, ["chat.v2", "bearer." + token])`. An interceptor
    /// reads it from [`offered_subprotocols`](HandshakeRequest::offered_subprotocols). Never choose
    /// the token: the answer would contain it.
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

    /// Whether every session needs a subprotocol. Default: no.
    ///
    /// `handshake.subprotocol.5` When a session needs one and none is chosen, the service refuses
    /// the request with 400.
    fn requires_subprotocol(&self) -> bool {
        false
    }

    /// The handler's own CORS configuration: which pages of other sites may connect. Default: none.
    /// The mapping's configuration for the path then decides or, without one, the origin policy.
    ///
    /// It is called when the handler is mapped, and for each handshake. Return a reference to a
    /// field.
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
