//! A request that asks for a WebSocket, as an extractor.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{
        ConnectInfo, FromRequestParts, OptionalFromRequestParts, OriginalUri, RawPathParams,
        rejection::RawPathParamsRejection,
    },
    response::Response,
};
use http::{HeaderName, HeaderValue, Request, request::Parts};
use switchwire_backend_hyper::answer;
use switchwire_core::{
    CloseOutcome, ConnectionInfo, HandlerResult, HandshakeError, HandshakeRequest, HttpSession,
    Principal, ResponseHeaders, WebSocketSession,
};
use switchwire_service::{Dispatch, UpgradeEndpoint, WebSocketDispatcher};

use crate::{rejection::WebSocketRejection, upgrade::AxumRequestUpgradeStrategy};

/// A request that asks for a WebSocket, validly or not. It is an extractor, which stands beside
/// `State`, `Path`, `Query` and your own.
///
/// It rejects every other request with 400. `Option<WebSocketRequest>` is `None` for them, so that a
/// page and its WebSocket can have one path. [`on_upgrade`](Self::on_upgrade) and
/// [`dispatch`](Self::dispatch) check the handshake itself.
///
/// The middleware before it can put these into the request's extensions: a [`Principal`], an
/// `Arc<dyn` [`HttpSession`]`>`, [`ResponseHeaders`] for the accepting response (101), and a
/// [`ConnectionInfo`]. Without the last, the client's address comes from axum's [`ConnectInfo`].
///
/// ```
/// use axum::{Router, extract::{Path, State}, response::Response, routing::any};
/// use switchwire_backend_axum::WebSocketRequest;
/// use switchwire_core::{HandlerResult, WebSocketSession};
/// use switchwire_service::UpgradeEndpoint;
///
/// #[derive(Clone)]
/// struct App {
///     chat: UpgradeEndpoint,
/// }
///
/// async fn chat(State(app): State<App>, Path(room): Path<u32>, request: WebSocketRequest) -> Response {
///     request.on_upgrade(&app.chat, move |session| welcome(session, room)).await
/// }
///
/// async fn welcome(session: WebSocketSession, room: u32) -> HandlerResult {
///     Ok(session.send(format!("welcome to room {room}")).await?)
/// }
///
/// let app = App { chat: UpgradeEndpoint::new() };
/// let router: Router = Router::new().route("/chat/{room}", any(chat)).with_state(app);
/// ```
#[derive(Debug)]
pub struct WebSocketRequest {
    pub(crate) http: Request<()>,
    pub(crate) path_parameters: Vec<(String, String)>,
    /// The path without the prefixes of routers that this one is nested in.
    pub(crate) path: String,
}

impl WebSocketRequest {
    /// Sets the user.
    #[must_use]
    pub fn with_principal(self, principal: Principal) -> Self {
        self.with_extension(principal)
    }

    /// Sets the HTTP session whose values become attributes.
    #[must_use]
    pub fn with_http_session(self, session: Arc<dyn HttpSession>) -> Self {
        self.with_extension(session)
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

    fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.http.extensions_mut().insert(value);
        self
    }

    /// Decides about the request. When it is accepted, `handler` gets the session, on a task of the
    /// current tokio runtime. When it is refused, `handler` is dropped.
    ///
    /// The handler function **must** return the response. Otherwise the server does not switch
    /// protocols.
    ///
    /// # Cancel safety
    /// Until the future is ready, nothing has begun. A handshake that is dropped gets no answer.
    #[must_use = "the protocol is switched by returning the response"]
    pub async fn on_upgrade<F>(
        self,
        endpoint: &UpgradeEndpoint,
        handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let strategy = AxumRequestUpgradeStrategy::default();
        response(endpoint.dispatch(&strategy, self, handler).await)
    }

    /// Decides about the request with a mapping or a whole dispatcher, whose patterns are matched
    /// against the path without the prefixes of nested routers. When it is accepted, the session
    /// runs on a task of the current tokio runtime.
    ///
    /// The handler function **must** return the response. Otherwise the server does not switch
    /// protocols.
    ///
    /// # Cancel safety
    /// As for [`on_upgrade`](Self::on_upgrade).
    #[must_use = "the protocol is switched by returning the response"]
    pub async fn dispatch(self, dispatcher: &WebSocketDispatcher) -> Response {
        let strategy = AxumRequestUpgradeStrategy::default();
        response(dispatcher.dispatch(&strategy, self).await)
    }

    /// Takes over a request, whatever it asks for. The error is a path with a parameter that is not
    /// UTF-8.
    pub(crate) async fn of(parts: &mut Parts) -> Result<Self, WebSocketRejection> {
        let found = match RawPathParams::from_request_parts(parts, &()).await {
            Ok(found) => found.iter().map(owned).collect(),
            Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
                return Err(WebSocketRejection(HandshakeError::NotFound));
            }
            Err(_) => Vec::new(), // the route has none
        };
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, &()).await;
        let Ok(OriginalUri(uri)) = OriginalUri::from_request_parts(parts, &()).await;
        let mut http = Request::new(());
        *http.method_mut() = parts.method.clone();
        *http.uri_mut() = uri;
        *http.version_mut() = parts.version;
        *http.headers_mut() = parts.headers.clone();
        *http.extensions_mut() = parts.extensions.clone();
        if let Ok(ConnectInfo(remote)) = peer {
            let extensions = http.extensions_mut();
            extensions.get_or_insert_with(|| ConnectionInfo {
                remote_address: Some(remote),
                ..ConnectionInfo::default()
            });
        }
        Ok(Self {
            http,
            path_parameters: found,
            path: parts.uri.path().to_owned(),
        })
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The response to a request that the WebSocket side was asked about.
fn response<S>(dispatched: Dispatch<WebSocketRequest, http::Response<()>, S>) -> Response
where
    S: Future<Output = CloseOutcome> + Send + 'static,
{
    match answer(dispatched) {
        Ok(response) => response.map(Body::new),
        Err(_) => HandshakeError::Upgrade.into_response().map(Body::from),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketRequest {
    type Rejection = WebSocketRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebSocketRejection> {
        if !HandshakeRequest::asks_for_websocket(&parts.headers) {
            return Err(WebSocketRejection(HandshakeError::Upgrade));
        }
        Self::of(parts).await
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for WebSocketRequest {
    type Rejection = WebSocketRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, WebSocketRejection> {
        if !HandshakeRequest::asks_for_websocket(&parts.headers) {
            return Ok(None);
        }
        Self::of(parts).await.map(Some)
    }
}
