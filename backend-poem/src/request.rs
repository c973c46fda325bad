//! A request that asks for a WebSocket, as an extractor.

use std::{fmt, sync::Arc};

use http::{HeaderName, HeaderValue, Request};
use poem::{Addr, FromRequest, IntoResponse, RequestBody, Response};
use switchwire_core::{
    Bytes, CloseOutcome, ConnectionInfo, HandlerResult, HandshakeError, HandshakeRequest,
    HttpSession, Principal, ResponseHeaders, WebSocketSession,
};
use switchwire_service::{Dispatch, UpgradeEndpoint, WebSocketDispatcher};

use crate::{
    path,
    upgrade::{PoemRequestUpgradeStrategy, kept},
};

/// A request that asks for a WebSocket, validly or not. It is an extractor, which stands beside
/// `Data`, `Path`, `Query` and your own.
///
/// It rejects every other request with 400. `Option<WebSocketRequest>` is `None` for them, so that a
/// page and its WebSocket can have one path. [`on_upgrade`](Self::on_upgrade) and
/// [`dispatch`](Self::dispatch) check the handshake itself.
///
/// A middleware before it can put these into the request's data: a [`Principal`], an `Arc<dyn`
/// [`HttpSession`]`>`, [`ResponseHeaders`] for the accepting response (101), and a
/// [`ConnectionInfo`]. Without the last, the addresses are those that poem knows.
///
/// ```
/// use poem::{Response, Route, EndpointExt, get, handler, web::{Data, Path}};
/// use switchwire_backend_poem::WebSocketRequest;
/// use switchwire_core::{HandlerResult, WebSocketSession};
/// use switchwire_service::UpgradeEndpoint;
///
/// #[handler]
/// async fn chat(endpoint: Data<&UpgradeEndpoint>, Path(room): Path<u32>, request: WebSocketRequest) -> Response {
///     request.on_upgrade(&endpoint, move |session| welcome(session, room)).await
/// }
///
/// async fn welcome(session: WebSocketSession, room: u32) -> HandlerResult {
///     Ok(session.send(format!("welcome to room {room}")).await?)
/// }
///
/// let app = Route::new().at("/chat/:room", get(chat)).data(UpgradeEndpoint::new());
/// ```
pub struct WebSocketRequest {
    pub(crate) http: Request<()>,
    pub(crate) path_parameters: Vec<(String, String)>,
    /// The path without the prefixes of routes that this one is nested in.
    pub(crate) path: String,
    /// poem's offer to hand over the connection.
    pub(crate) on_upgrade: Option<poem::OnUpgrade>,
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
        let strategy = PoemRequestUpgradeStrategy::default();
        response(endpoint.dispatch(&strategy, self, handler).await).unwrap_or_else(|()| refusal())
    }

    /// Decides about the request with a mapping or a whole dispatcher, whose patterns are matched
    /// against the path without the prefixes of nested routes. When it is accepted, the session runs
    /// on a task of the current tokio runtime.
    ///
    /// The handler function **must** return the response. Otherwise the server does not switch
    /// protocols.
    ///
    /// # Cancel safety
    /// As for [`on_upgrade`](Self::on_upgrade).
    #[must_use = "the protocol is switched by returning the response"]
    pub async fn dispatch(self, dispatcher: &WebSocketDispatcher) -> Response {
        self.try_dispatch(dispatcher)
            .await
            .unwrap_or_else(|()| refusal())
    }

    /// The error is a request that belongs to the application.
    pub(crate) async fn try_dispatch(
        self,
        dispatcher: &WebSocketDispatcher,
    ) -> Result<Response, ()> {
        let strategy = PoemRequestUpgradeStrategy::default();
        response(dispatcher.dispatch(&strategy, self).await)
    }

    /// Takes over a request, whatever it asks for.
    pub(crate) fn of(request: &poem::Request) -> Self {
        let mut http = Request::new(());
        *http.method_mut() = request.method().clone();
        *http.uri_mut() = request.original_uri().clone();
        *http.version_mut() = request.version();
        *http.headers_mut() = request.headers().clone();
        *http.extensions_mut() = request.extensions().clone();
        let extensions = http.extensions_mut();
        extensions.get_or_insert_with(|| ConnectionInfo {
            remote_address: socket_address(request.remote_addr()),
            local_address: socket_address(request.local_addr()),
            secure: request.scheme() == &http::uri::Scheme::HTTPS,
        });
        if let Some(offer) = kept(request) {
            extensions.insert(offer);
        }
        Self {
            http,
            path_parameters: path::parameters(request),
            path: request.uri().path().to_owned(),
            on_upgrade: request.take_upgrade().ok(),
        }
    }
}

fn socket_address(address: &Addr) -> Option<std::net::SocketAddr> {
    match address {
        Addr::SocketAddr(address) => Some(*address),
        _ => None,
    }
}

fn response<S>(
    dispatched: Dispatch<WebSocketRequest, http::Response<()>, S>,
) -> Result<Response, ()>
where
    S: Future<Output = CloseOutcome> + Send + 'static,
{
    match dispatched {
        Dispatch::NotWebSocket(_) => Err(()),
        Dispatch::Answered(response) => Ok(poems(response)),
        Dispatch::Refused(error) => Ok(poems(error.into_response())),
        Dispatch::Accepted(response, session) => {
            tokio::spawn(session);
            Ok(poems(response.map(|()| Bytes::new())))
        }
    }
}

/// The answer to a request that does not ask for a WebSocket.
pub(crate) fn refusal() -> Response {
    poems(HandshakeError::Upgrade.into_response())
}

fn poems(response: http::Response<Bytes>) -> Response {
    let (head, body) = response.into_parts();
    let mut response = Response::from(body);
    response.set_status(head.status);
    *response.headers_mut() = head.headers;
    response
}

impl<'a> FromRequest<'a> for WebSocketRequest {
    async fn from_request(request: &'a poem::Request, _: &mut RequestBody) -> poem::Result<Self> {
        if !HandshakeRequest::asks_for_websocket(request.headers()) {
            return Err(poem::Error::from_response(refusal().into_response()));
        }
        Ok(Self::of(request))
    }
}

impl fmt::Debug for WebSocketRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketRequest")
            .field("uri", self.http.uri())
            .finish_non_exhaustive()
    }
}
