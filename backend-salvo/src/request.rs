//! A request that asks for a WebSocket, in a handler function.

use std::{error::Error, fmt, sync::Arc};

use http::{HeaderName, HeaderValue, Method, header, uri::Scheme};
use salvo::{Depot, Extractible, Request, Response, Scribe, extract::Metadata, http::ResBody};
use switchwire_core::{
    Bytes, CloseOutcome, ConnectionInfo, HandlerResult, HandshakeError, HandshakeRequest,
    HttpSession, Principal, ResponseHeaders, WebSocketSession,
};
use switchwire_service::{Dispatch, UpgradeEndpoint, WebSocketDispatcher};

use crate::upgrade::SalvoRequestUpgradeStrategy;

/// A request that asks for a WebSocket, validly or not. A handler function takes it beside
/// `PathParam`, `QueryParam`, `&mut Depot` and your own extractors, and answers through
/// `&mut Response`.
///
/// As an argument it rejects every other request with 400. Where a page and its WebSocket share a
/// path, either make it with [`from_request`](Self::from_request), or let the filter
/// [`asks_for_websocket`](crate::asks_for_websocket()) choose between two handlers.
/// [`on_upgrade`](Self::on_upgrade) and [`dispatch`](Self::dispatch) check the handshake itself.
///
/// The hoops before it can put these into the request's extensions: a [`Principal`], an
/// `Arc<dyn` [`HttpSession`]`>`, [`ResponseHeaders`] for the accepting response (101), and a
/// [`ConnectionInfo`]. Without the last, the addresses and the scheme are those of salvo's request.
#[derive(Debug)]
pub struct WebSocketRequest {
    pub(crate) http: http::Request<()>,
    pub(crate) path_parameters: Vec<(String, String)>,
}

impl WebSocketRequest {
    /// Takes over a request that asks for a WebSocket. `None` for every other request, which is left
    /// as it was.
    #[must_use]
    pub fn from_request(request: &Request) -> Option<Self> {
        HandshakeRequest::asks_for_websocket(request.headers()).then(|| Self::of(request))
    }

    /// Takes over a request, whatever it asks for.
    pub(crate) fn of(request: &Request) -> Self {
        let mut http = http::Request::new(());
        *http.method_mut() = request.method().clone();
        *http.uri_mut() = request.uri().clone();
        *http.version_mut() = request.version();
        *http.headers_mut() = request.headers().clone();
        *http.extensions_mut() = request.extensions().clone();
        http.extensions_mut().get_or_insert_with(|| ConnectionInfo {
            remote_address: request.remote_addr().clone().into_std(),
            local_address: request.local_addr().clone().into_std(),
            secure: *request.scheme() == Scheme::HTTPS,
        });
        let owned = |(name, value): (&String, &String)| (name.clone(), value.clone());
        Self {
            http,
            path_parameters: request.params().iter().map(owned).collect(),
        }
    }

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

    fn method(&self) -> Method {
        self.http.method().clone()
    }

    fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.http.extensions_mut().insert(value);
        self
    }

    /// Decides about the request, and writes the answer to `response`. When the request is accepted,
    /// `handler` gets the session, on a task of the current tokio runtime. When it is refused,
    /// `handler` is dropped.
    ///
    /// The headers that `response` has already stay, unless the answer has headers of the same
    /// names.
    ///
    /// # Cancel safety
    /// Until the future is ready, nothing has begun. A handshake that is dropped gets no answer.
    pub async fn on_upgrade<F>(
        self,
        endpoint: &UpgradeEndpoint,
        response: &mut Response,
        handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
    ) where
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let (strategy, method) = (SalvoRequestUpgradeStrategy::default(), self.method());
        let dispatched = endpoint.dispatch(&strategy, self, handler).await;
        respond(dispatched, &method, response);
    }

    /// Decides about the request with a mapping or a whole dispatcher, and writes the answer to
    /// `response`. When the request is accepted, the session runs on a task of the current tokio
    /// runtime.
    ///
    /// A mapping's patterns are whole paths, whatever routers the handler is nested in.
    ///
    /// # Cancel safety
    /// As for [`on_upgrade`](Self::on_upgrade).
    pub async fn dispatch(self, dispatcher: &WebSocketDispatcher, response: &mut Response) {
        let (strategy, method) = (SalvoRequestUpgradeStrategy::default(), self.method());
        let dispatched = dispatcher.dispatch(&strategy, self).await;
        respond(dispatched, &method, response);
    }
}

/// Writes the answer to a request that the WebSocket side was asked about.
fn respond<S>(
    dispatched: Dispatch<WebSocketRequest, http::Response<()>, S>,
    method: &Method,
    response: &mut Response,
) where
    S: Future<Output = CloseOutcome> + Send + 'static,
{
    let mut answer = match dispatched {
        Dispatch::NotWebSocket(_) => HandshakeError::Upgrade.into_response(),
        Dispatch::Answered(answer) => answer,
        Dispatch::Refused(refusal) => refusal.into_response(),
        Dispatch::Accepted(accepted, session) => {
            tokio::spawn(session);
            accepted.map(|()| Bytes::new())
        }
    };
    if method == Method::HEAD {
        // salvo drops the body, and hyper then does not know its length.
        let length = answer.body().len().into();
        answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    write(answer, response);
}

fn write(answer: http::Response<Bytes>, response: &mut Response) {
    let (head, body) = answer.into_parts();
    response.status_code(head.status);
    response.headers_mut().extend(head.headers);
    // A body, although it may be empty: salvo gives a page of its own to an error without one.
    response.replace_body(ResBody::Once(body));
}

/// Why a request cannot be taken as a [`WebSocketRequest`]: it does not ask for a WebSocket (400).
#[derive(Debug)]
pub struct WebSocketRejection(HandshakeError);

impl fmt::Display for WebSocketRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for WebSocketRejection {}

impl Scribe for WebSocketRejection {
    fn render(self, response: &mut Response) {
        write(self.0.into_response(), response);
    }
}

impl<'ex> Extractible<'ex> for WebSocketRequest {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("WebSocketRequest");
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "as the extractors of salvo")]
    async fn extract(
        request: &'ex mut Request,
        _: &'ex mut Depot,
    ) -> Result<Self, WebSocketRejection> {
        Self::from_request(request).ok_or(WebSocketRejection(HandshakeError::Upgrade))
    }
}
