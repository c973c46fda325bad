use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::Response;

use crate::handshake::{HandshakeError, HandshakeInfo, HandshakeRequest};

/// Takes part in opening handshakes: for authentication, attributes, headers, logs.
///
/// # For handler authors
/// Interceptors of the service run before those of the endpoint, each in the order they were added.
/// - `interceptor.before.1` They run after the request was found to be a right handshake of an allowed origin, and
///   before the subprotocol is chosen. What is wrong or foreign reaches no interceptor.
/// - `interceptor.before.2` What they attach, and who they find the user to be, reaches the session; the headers and
///   cookies they set reach the 101 response.
/// - `interceptor.before.3` The first that refuses decides the answer; those after it do not run, and no session exists.
/// - `interceptor.before.4` One that panics is answered with 500, one that takes longer than
///   [`handshake_timeout`](crate::WebSocketSettings::handshake_timeout) with 503; the server lives on.
/// - `interceptor.after.1` When the answer is made, those that had passed see it, in reverse order, before it is sent.
/// - `interceptor.after.2` They see what the peer is told, on every path: also when a limit on sessions, a timeout, a
///   shutdown, an interceptor behind them or the server itself refuses. Only when the peer is gone before there is an
///   answer, they do not run.
/// - `interceptor.after.3` They cannot change the answer: when one panics, or all of them together take longer than
///   [`handshake_timeout`](crate::WebSocketSettings::handshake_timeout), that is logged and the answer is sent.
///
/// A closure `|request: &mut HandshakeRequest| -> Result<(), HandshakeError>` is an interceptor that runs before.
///
/// # Examples
/// ```
/// use http::{StatusCode, header};
/// use switchwire_core::{HandshakeError, HandshakeInterceptor, HandshakeRequest, Principal, async_trait};
///
/// struct BearerToken;
///
/// #[derive(Debug)]
/// struct User(String);
///
/// #[async_trait]
/// impl HandshakeInterceptor for BearerToken {
///     async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
///         let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
///         let Some(user) = find_user(token).await else {
///             return Err(HandshakeError::rejected(StatusCode::UNAUTHORIZED, "log in first"));
///         };
///         request.set_principal(Principal::new(user));
///         Ok(())
///     }
/// }
///
/// # async fn find_user(token: Option<&str>) -> Option<User> {
/// #     token.map(|token| User(token.to_owned()))
/// # }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handshake interceptor",
    label = "implement `HandshakeInterceptor` for it, or pass a closure `|request: &mut HandshakeRequest| Ok(())`",
    note = "a closure is not async and must be `Send + Sync`; what has to wait implements `HandshakeInterceptor`"
)]
pub trait HandshakeInterceptor: Send + Sync {
    /// Looks at the request, and may add to it or refuse it.
    ///
    /// # Errors
    /// The answer: [`HandshakeError::rejected`], or any `http::Response` turned into a [`HandshakeError`].
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: when the time is up, or the client is gone.
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let _ = request;
        Ok(())
    }

    /// Sees what the peer is told: the head of the 101 response, or why the handshake was refused.
    ///
    /// `info` is what is known of the request; when it was accepted, the session has the same.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: when the time is up, or the client is gone.
    async fn after_handshake(
        &self,
        info: &HandshakeInfo,
        outcome: Result<&Response<()>, &HandshakeError>,
    ) {
        let _ = (info, outcome);
    }
}

#[async_trait]
impl<F> HandshakeInterceptor for F
where
    F: Fn(&mut HandshakeRequest) -> Result<(), HandshakeError> + Send + Sync,
{
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        self(request)
    }
}

/// Interceptors that let a request pass, in order: those that are told the outcome.
#[derive(Default)]
pub(crate) struct Passed(pub(crate) Vec<Arc<dyn HandshakeInterceptor>>);

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.len().fmt(f)
    }
}
