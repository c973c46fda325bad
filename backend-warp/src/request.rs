//! A request that asks for a WebSocket, as a value that a filter extracts.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};
use hyper::upgrade::OnUpgrade;
use switchwire_core::{
    HandlerResult, HandshakeError, HttpSession, Principal, ResponseHeaders, WebSocketSession,
};
use switchwire_service::{Dispatch, UpgradeEndpoint, WebSocketDispatcher};
use warp::{Rejection, Reply, path::FullPath, reply::Response};

use crate::upgrade::WarpRequestUpgradeStrategy;

/// A request that asks for a WebSocket, extracted by [`request`](crate::request()). It is for
/// routes that look at more of the request first.
///
/// The route can add parameters, a user, an HTTP session and headers for the accepting response
/// (101).
///
/// ```
/// use switchwire_backend_warp::{WebSocketRequest, request};
/// use switchwire_core::{Endpoint, Principal, WebSocketSession};
/// use switchwire_service::WebSocketDispatcher;
/// use warp::Filter;
///
/// let chat = WebSocketDispatcher::from(Endpoint::new(|session: WebSocketSession| async move {
///     let room = session.handshake_info().path_parameter("room").unwrap_or_default().to_owned();
///     Ok(session.send(format!("welcome to {room}")).await?)
/// }));
/// let route = warp::path!("chat" / String)
///     .and(warp::cookie("user"))
///     .and(request())
///     .and_then(move |room: String, user: String, request: WebSocketRequest| {
///         let chat = chat.clone();
///         let request = request.with_path_parameter("room", room).with_principal(Principal::new(user));
///         async move { request.dispatch(&chat).await }
///     });
/// # let _ = warp::service(route);
/// ```
#[derive(Debug)]
pub struct WebSocketRequest {
    pub(crate) http: Request<()>,
    pub(crate) path_parameters: Vec<(String, String)>,
}

impl WebSocketRequest {
    /// Makes a request from the values of warp's filters.
    #[expect(clippy::needless_pass_by_value, reason = "filters hand over values")]
    pub(crate) fn new(
        mut headers: HeaderMap,
        method: Method,
        is_one_host: bool,
        path: Option<FullPath>,
        query: Option<String>,
        on_upgrade: Option<OnUpgrade>,
    ) -> Self {
        let path = path.as_ref().map_or("*", FullPath::as_str); // the dispatcher refuses both
        let target = match query {
            Some(query) => format!("{path}?{query}").parse(),
            None => path.parse(),
        };
        let mut http = Request::new(());
        *http.method_mut() = method;
        *http.uri_mut() = target.unwrap_or_else(|_| Uri::from_static("*"));
        // No filter gives the version. hyper offers an upgrade to a request with `Upgrade` only in
        // HTTP/1.1.
        if on_upgrade.is_none() && headers.contains_key(header::UPGRADE) {
            *http.version_mut() = Version::HTTP_10;
        }
        // The host of the target would count, and no filter gives it. So the request gets 400.
        if !is_one_host {
            headers.remove(header::HOST);
        }
        *http.headers_mut() = headers;
        let request = Self {
            http,
            path_parameters: Vec::new(),
        };
        request.with_extension(on_upgrade)
    }

    /// Adds a value that a service around warp's may have put into the request's extensions.
    pub(crate) fn with_extension<T: Clone + Send + Sync + 'static>(
        mut self,
        value: Option<T>,
    ) -> Self {
        if let Some(value) = value {
            self.http.extensions_mut().insert(value);
        }
        self
    }

    /// Adds a parameter that a path filter found, for handlers that read it from the
    /// [`HandshakeInfo`](switchwire_core::HandshakeInfo). Parameters of the mapping's own pattern
    /// replace it.
    #[must_use]
    pub fn with_path_parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.path_parameters.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the user.
    #[must_use]
    pub fn with_principal(self, principal: Principal) -> Self {
        self.with_extension(Some(principal))
    }

    /// Sets the HTTP session whose values become attributes.
    #[must_use]
    pub fn with_http_session(self, session: Arc<dyn HttpSession>) -> Self {
        self.with_extension(Some(session))
    }

    /// Adds a header to the accepting response. The headers of the handshake itself cannot be
    /// replaced.
    #[must_use]
    pub fn with_response_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let extensions = self.http.extensions_mut();
        let headers = extensions.get_or_insert_default::<ResponseHeaders>();
        headers.0.append(name, value);
        self
    }

    /// Decides about the request. When it is accepted, `handler` gets the session, on a task of the
    /// current tokio runtime. When it is refused, `handler` is dropped.
    ///
    /// The route **must** return the response. Otherwise the server does not switch protocols.
    ///
    /// ```
    /// use switchwire_backend_warp::{WebSocketRequest, request};
    /// use switchwire_core::WebSocketSession;
    /// use switchwire_service::UpgradeEndpoint;
    /// use warp::{Filter, Reply, reply::Response};
    ///
    /// let chat = UpgradeEndpoint::new();
    /// let route = warp::path!("chat" / u32)
    ///     .and(request())
    ///     .then(move |room: u32, request: WebSocketRequest| {
    ///         let chat = chat.clone();
    ///         async move {
    ///             request.on_upgrade(&chat, move |session: WebSocketSession| async move {
    ///                 Ok(session.send(format!("welcome to room {room}")).await?)
    ///             }).await
    ///         }
    ///     });
    /// # let _ = warp::service(route);
    /// ```
    ///
    /// # Cancel safety
    /// Until the future is ready, nothing has begun. A handshake that is dropped gets no answer.
    pub async fn on_upgrade<F>(
        self,
        endpoint: &UpgradeEndpoint,
        handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let strategy = WarpRequestUpgradeStrategy::default();
        match endpoint.dispatch(&strategy, self, handler).await {
            Dispatch::Accepted(response, session) => {
                tokio::spawn(session);
                response
            }
            Dispatch::NotWebSocket(_) => HandshakeError::Upgrade.into_response().into_response(),
            Dispatch::Refused(refusal) => refusal.into_response().into_response(),
            Dispatch::Answered(response) => response.into_response(),
        }
    }

    /// Decides about the request. When it is accepted, the session runs on a task of the current
    /// tokio runtime.
    ///
    /// The route **must** return the response. Otherwise the server does not switch protocols.
    ///
    /// # Errors
    /// A rejection as not found when the dispatcher's mapping does not have the path, so that
    /// another filter can serve it. Every other refusal is a response.
    pub async fn dispatch(self, dispatcher: &WebSocketDispatcher) -> Result<Response, Rejection> {
        let strategy = WarpRequestUpgradeStrategy::default();
        match dispatcher.dispatch(&strategy, self).await {
            Dispatch::Accepted(response, session) => {
                tokio::spawn(session);
                Ok(response)
            }
            Dispatch::NotWebSocket(_) | Dispatch::Refused(HandshakeError::NotFound) => {
                Err(warp::reject::not_found())
            }
            Dispatch::Refused(refusal) => Ok(refusal.into_response().into_response()),
            Dispatch::Answered(response) => Ok(response.into_response()),
        }
    }
}
