//! A request that asks for a WebSocket, as a request guard.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{HeaderName, HeaderValue, Uri};
use rocket::{
    Request, async_trait,
    http::Status,
    request::{FromRequest, Outcome},
};
use switchwire_core::{
    ConnectionInfo, HandlerResult, HandshakeRequest, HttpSession, Principal, ResponseHeaders,
    WebSocketSession,
};
use switchwire_service::{UpgradeEndpoint, WebSocketDispatcher};

use crate::{response::WebSocketResponse, upgrade::RocketRequestUpgradeStrategy};

/// A request that asks for a WebSocket, validly or not. It is a request guard, which stands beside
/// path parameters, `&State` and your own.
///
/// It forwards every other request, so that a page and its WebSocket can have one path. When no
/// other route takes the request, it gets 400. [`on_upgrade`](Self::on_upgrade) and
/// [`dispatch`](Self::dispatch) check the handshake itself.
///
/// A fairing or a guard before it can put these into the request's local cache, as `Some`: an
/// `Option<`[`Principal`]`>`, an `Option<Arc<dyn` [`HttpSession`]`>>`,
/// `Option<`[`ResponseHeaders`]`>` for the accepting response (101), and an
/// `Option<`[`ConnectionInfo`]`>`. Without the last, the address of the client is Rocket's
/// `Request::remote`.
#[derive(Debug)]
pub struct WebSocketRequest {
    http: http::Request<()>,
    path_parameters: Vec<(String, String)>,
    /// The path without the base that the route is mounted at.
    path: String,
}

impl WebSocketRequest {
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

    fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.http.extensions_mut().insert(value);
        }
        self
    }

    /// Decides about the request. When it is accepted, `handler` gets the session, on a task of the
    /// current tokio runtime. When it is refused, `handler` is dropped.
    ///
    /// # Cancel safety
    /// Until the future is ready, nothing has begun. A handshake that is dropped gets no answer.
    pub async fn on_upgrade<F>(
        self,
        endpoint: &UpgradeEndpoint,
        handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
    ) -> WebSocketResponse
    where
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let strategy = RocketRequestUpgradeStrategy;
        WebSocketResponse::of(endpoint.dispatch(&strategy, self, handler).await)
    }

    /// Decides about the request with a mapping or a whole dispatcher, whose patterns are matched
    /// against the path without the base that the route is mounted at. When it is accepted, the
    /// session runs on a task of the current tokio runtime.
    ///
    /// # Cancel safety
    /// As for [`on_upgrade`](Self::on_upgrade).
    pub async fn dispatch(self, dispatcher: &WebSocketDispatcher) -> WebSocketResponse {
        let strategy = RocketRequestUpgradeStrategy;
        WebSocketResponse::of(dispatcher.dispatch(&strategy, self).await)
    }

    /// Copies a request, whatever it asks for. Rocket does not tell the version; it offers an
    /// upgrade in HTTP/1.1 only.
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let mut http = http::Request::new(());
        if let Ok(method) = request.method().as_str().parse() {
            *http.method_mut() = method;
        }
        let target = request.uri().to_string();
        *http.uri_mut() = target.parse().unwrap_or_else(|_| Uri::from_static("*"));
        *http.headers_mut() = headers(request);
        let path = http.uri().path();
        let base = request.route().map_or("", |route| route.uri.base());
        let path = match path.strip_prefix(base.trim_end_matches('/')) {
            Some("") => "/",
            Some(inner) if inner.starts_with('/') => inner,
            _ => path, // written with other escapes than the base
        };
        Self {
            path: path.to_owned(),
            path_parameters: path_parameters(request),
            http,
        }
        .with_extension(cached(request).or_else(|| Some(connection(request))))
        .with_extension(cached::<Principal>(request))
        .with_extension(cached::<Arc<dyn HttpSession>>(request))
        .with_extension(cached::<ResponseHeaders>(request))
    }

    /// Whether a dispatcher answers the request, rather than the application.
    pub(crate) fn is_wanted_by(&self, dispatcher: &WebSocketDispatcher) -> bool {
        dispatcher.wants(self.http.method(), self.http.headers(), &self.path)
    }

    pub(crate) fn handshake_request(&self) -> HandshakeRequest {
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = self.http.method().clone();
        head.uri = self.http.uri().clone();
        head.headers = self.http.headers().clone();
        let extensions = self.http.extensions();
        let connection = extensions.get::<ConnectionInfo>().copied();
        let headers = extensions.get::<ResponseHeaders>().cloned();
        HandshakeRequest::from(head)
            .with_connection_info(connection.unwrap_or_default())
            .with_principal(extensions.get::<Principal>().cloned())
            .with_http_session(extensions.get::<Arc<dyn HttpSession>>().cloned())
            .with_response_headers(headers.unwrap_or_default().0)
            .with_path_parameters(self.path_parameters.clone())
            .with_path_within_application(self.path.clone())
    }
}

fn headers(request: &Request<'_>) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    for header in request.headers().iter() {
        let name = HeaderName::from_bytes(header.name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(header.value().as_bytes())) {
            headers.append(name, value);
        }
    }
    headers
}

/// The parameters `<name>` of the route.
fn path_parameters(request: &Request<'_>) -> Vec<(String, String)> {
    let pattern = request.route().map_or("", |route| route.uri.path());
    let names = pattern.split('/').filter(|segment| !segment.is_empty());
    let path = request.uri().path();
    let parameter = |(name, value): (&str, &str)| {
        let name = name.strip_prefix('<')?.strip_suffix('>')?;
        (!name.ends_with("..")).then(|| (name.to_owned(), value.to_owned()))
    };
    names.zip(path.segments()).filter_map(parameter).collect()
}

fn connection(request: &Request<'_>) -> ConnectionInfo {
    let config = request.rocket().config();
    let local = SocketAddr::new(config.address, config.port);
    ConnectionInfo {
        remote_address: request.remote(),
        local_address: Some(local).filter(|local| !local.ip().is_unspecified()),
        secure: config.tls_enabled(),
    }
}

/// A value that a fairing or a guard has put into the request's local cache.
fn cached<T: Clone + Send + Sync + 'static>(request: &Request<'_>) -> Option<T> {
    request.local_cache(|| None::<T>).clone()
}

#[async_trait]
impl<'r> FromRequest<'r> for WebSocketRequest {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        if HandshakeRequest::asks_for_websocket(&headers(request)) {
            Outcome::Success(Self::of(request))
        } else {
            Outcome::Forward(Status::BadRequest)
        }
    }
}
