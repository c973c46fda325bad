use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::Response;

use crate::handshake::{HandshakeError, HandshakeInfo, HandshakeRequest};

/// Takes part in opening handshakes: for authentication, attributes, headers and logs.
///
/// # For handler authors
/// Interceptors of the service run before those of the endpoint, each in the order in which they
/// were added.
/// - `interceptor.before.1` Interceptors run after the service has found the request to be a valid
///   handshake of an allowed origin, and before it chooses the subprotocol. An invalid handshake,
///   or one of a foreign origin, reaches no interceptor.
/// - `interceptor.before.2` The session gets the attributes and the principal that they set. The
///   accepting response gets the headers and cookies that they set. (The accepting response is 101,
///   or 200 for an extended CONNECT.)
/// - `interceptor.before.3` The first interceptor that refuses decides the answer. Those after it
///   do not run, and no session exists.
/// - `interceptor.before.4` When an interceptor panics, the answer is 500. When it takes longer
///   than [`handshake_timeout`](crate::WebSocketSettings::handshake_timeout), the answer is 503.
///   The server continues in both cases.
/// - `interceptor.after.1` When there is an answer, the interceptors that passed the request see
///   it, in reverse order, before it is sent.
/// - `interceptor.after.2` They see the answer that the peer gets, on every path. This includes
///   refusals by a limit on sessions, a timeout, a shutdown, a later interceptor, or the server
///   itself. They do not run only when the peer disconnects before there is an answer.
/// - `interceptor.after.3` They cannot change the answer. When one panics, or when all of them
///   together take longer than [`handshake_timeout`](crate::WebSocketSettings::handshake_timeout),
///   the service logs that and the answer is sent.
///
/// A closure `|request: &mut HandshakeRequest| -> Result<(), HandshakeError>` is an interceptor
/// that runs before the handshake.
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
    /// The answer: [`HandshakeError::rejected`], or any `http::Response` turned into a
    /// [`HandshakeError`].
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: when the timeout passes, or when the client
    /// disconnects.
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let _ = request;
        Ok(())
    }

    /// Sees the answer that the peer gets: the head of the accepting response, or why the handshake
    /// was refused.
    ///
    /// `info` describes the request. When the handshake was accepted, the session has the same.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: when the timeout passes, or when the client
    /// disconnects.
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

/// The interceptors that passed a request, in order. They are told the outcome.
#[derive(Default)]
pub(crate) struct Passed(pub(crate) Vec<Arc<dyn HandshakeInterceptor>>);

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.len().fmt(f)
    }
}
