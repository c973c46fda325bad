use std::{
    fmt,
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, error::InternalError,
    http::Method, rt,
};
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use switchwire_core::{
    CloseOutcome, HandlerResult, HandshakeError, HandshakeRequest, HttpSession, Principal,
    ResponseHeaders, WebSocketSession,
};
use switchwire_service::{Dispatch, UpgradeEndpoint, WebSocketDispatcher};

use crate::{
    error::{answer, refusal},
    mount::ASTERISK,
    upgrade,
    upgrade::ActixRequestUpgradeStrategy,
};

/// A request that may become a session. It is an extractor, for handler functions that look at more
/// of the request first.
///
/// The function can add a user, an HTTP session and headers for the accepting response (101).
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use switchwire_backend_actix::WebSocketRequest;
/// use switchwire_core::Principal;
/// use switchwire_service::WebSocketDispatcher;
///
/// async fn chat(
///     name: web::Path<String>,
///     chat: web::Data<WebSocketDispatcher>,
///     request: WebSocketRequest,
/// ) -> HttpResponse {
///     let user = Principal::new(name.into_inner());
///     request.with_principal(user).dispatch(&chat).await
/// }
/// ```
pub struct WebSocketRequest {
    pub(crate) http: HttpRequest,
    pub(crate) payload: Payload,
    principal: Option<Principal>,
    http_session: Option<Arc<dyn HttpSession>>,
    response_headers: ResponseHeaders,
}

impl WebSocketRequest {
    /// Sets the user. Without it, a [`Principal`] in the request's extensions is the user; a
    /// middleware can put one there.
    #[must_use]
    pub fn with_principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Sets the HTTP session whose values become attributes. Without it, an `Arc<dyn HttpSession>`
    /// in the request's extensions is used or, with the feature `actix-session`, the session of
    /// that library's middleware.
    #[must_use]
    pub fn with_http_session(mut self, session: Arc<dyn HttpSession>) -> Self {
        self.http_session = Some(session);
        self
    }

    /// Adds a header to the accepting response. The headers of the handshake itself cannot be
    /// replaced.
    #[must_use]
    pub fn with_response_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.response_headers.0.append(name, value);
        self
    }

    /// Decides about the request. When it is accepted, the session runs on this worker's thread
    /// until it ends.
    ///
    /// The handler function **must** return the response. Otherwise the server does not switch
    /// protocols.
    #[must_use = "the protocol is switched by returning the response"]
    pub async fn dispatch(self, dispatcher: &WebSocketDispatcher) -> HttpResponse {
        response(
            dispatcher
                .dispatch(&ActixRequestUpgradeStrategy, self)
                .await,
        )
    }

    /// Decides about the request. When it is accepted, `handler` gets the session, on this worker's
    /// thread. When it is refused, `handler` is dropped.
    ///
    /// The handler function **must** return the response. Otherwise the server does not switch
    /// protocols.
    ///
    /// ```
    /// use actix_web::{HttpResponse, web};
    /// use switchwire_backend_actix::WebSocketRequest;
    /// use switchwire_core::WebSocketSession;
    /// use switchwire_service::UpgradeEndpoint;
    ///
    /// async fn chat(
    ///     room: web::Path<u32>,
    ///     chat: web::Data<UpgradeEndpoint>,
    ///     request: WebSocketRequest,
    /// ) -> HttpResponse {
    ///     request.on_upgrade(&chat, move |session: WebSocketSession| async move {
    ///         Ok(session.send(format!("welcome to room {room}")).await?)
    ///     }).await
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// Until the future is ready, nothing has begun. A handshake that is dropped gets no answer.
    #[must_use = "the protocol is switched by returning the response"]
    pub async fn on_upgrade<F>(
        self,
        endpoint: &UpgradeEndpoint,
        handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
    ) -> HttpResponse
    where
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let dispatched = endpoint.dispatch(&ActixRequestUpgradeStrategy, self, handler);
        response(dispatched.await)
    }

    /// Describes the request in the same way for every server, with the application's additions.
    pub(crate) fn handshake(&self) -> HandshakeRequest {
        let mut request =
            handshake_request(&self.http).with_response_headers(self.response_headers.0.clone());
        if self.principal.is_some() {
            request = request.with_principal(self.principal.clone());
        }
        if self.http_session.is_some() {
            request = request.with_http_session(self.http_session.clone());
        }
        request
    }
}

/// Describes a request in the same way for every server, with the user and the HTTP session that a
/// middleware has put into its extensions.
#[must_use]
pub fn handshake_request(request: &HttpRequest) -> HandshakeRequest {
    let config = request.app_config();
    let bound = config.local_addr();
    let principal = request.extensions().get().cloned();
    HandshakeRequest::from(upgrade::head(request))
        .with_remote_address(request.peer_addr())
        .with_local_address((!bound.ip().is_unspecified()).then_some(bound))
        .with_secure(config.secure())
        .with_path_parameters(path_parameters(request))
        .with_principal(principal)
        .with_http_session(http_session(request))
}

fn http_session(request: &HttpRequest) -> Option<Arc<dyn HttpSession>> {
    let session = request.extensions().get().cloned();
    #[cfg(feature = "actix-session")]
    let session = session.or_else(|| Some(crate::session::http_session(request)));
    session
}

/// The parameters that the application's own routing found in the path. The server has not decoded
/// `%`, `+` and `/`.
fn path_parameters(request: &HttpRequest) -> Vec<(String, String)> {
    let found = request.match_info().iter();
    let found = found.filter(|(name, _)| *name != ASTERISK);
    let decoded = found.map(|(name, value)| {
        let value = percent_decode_str(value).decode_utf8_lossy();
        (name.to_owned(), value.into_owned())
    });
    decoded.collect()
}

fn response<S>(dispatched: Dispatch<WebSocketRequest, HttpResponse, S>) -> HttpResponse
where
    S: Future<Output = CloseOutcome> + 'static,
{
    match dispatched {
        Dispatch::NotWebSocket(request) if request.http.method() == Method::CONNECT => {
            refusal(match request.http.path().starts_with('/') {
                true => HandshakeError::Method,
                false => HandshakeError::Target,
            })
        }
        Dispatch::NotWebSocket(_) => refusal(HandshakeError::Upgrade),
        Dispatch::Refused(error) => refusal(error),
        Dispatch::Answered(response) => answer(response),
        Dispatch::Accepted(response, session) => {
            // It ends with the connection, which owns the other end. The worker drops it when
            // it stops.
            rt::spawn(session);
            response
        }
    }
}

/// Rejects a request that cannot become a session, as an upgrade that it does not ask for.
/// `Option<WebSocketRequest>` serves a page and a WebSocket on one path.
impl FromRequest for WebSocketRequest {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        // The dispatcher answers these two as well.
        let is_other = matches!(*request.method(), Method::OPTIONS | Method::CONNECT);
        if !is_other && !HandshakeRequest::asks_for_websocket(&upgrade::head(request).headers) {
            let response = refusal(HandshakeError::Upgrade);
            let error = InternalError::from_response("no WebSocket is asked for", response);
            return ready(Err(error.into()));
        }
        ready(Ok(Self {
            http: request.clone(),
            payload: payload.take(),
            principal: None,
            http_session: None,
            response_headers: request.extensions().get().cloned().unwrap_or_default(),
        }))
    }
}

impl fmt::Debug for WebSocketRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketRequest")
            .field("uri", self.http.uri())
            .finish_non_exhaustive()
    }
}
