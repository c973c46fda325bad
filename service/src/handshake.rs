//! The server's half of the opening handshake
//! ([RFC 6455 section 4.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2)).

mod extended_connect;
mod extensions;
mod origin;
mod subprotocol;
mod upgrade;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, uri::Authority};
use switchwire_core::{
    Endpoint, HandshakeError, HandshakeInterceptor, HandshakeRequest, WebSocketService,
    spi::{Acceptance, Extensions, Opening},
};
use switchwire_protocol::accept_key;

pub use self::origin::OriginPolicy;
pub(crate) use self::origin::is_same_origin;

/// The [`WebSocketService`] to use. It makes every check of RFC 6455 section 4.2.1, checks the
/// origin, runs interceptors, copies attributes and chooses the subprotocol.
///
/// The first check that fails decides the answer. The dispatcher has checked the path and the size
/// of the head before. The checks run in this order: method, HTTP version, `Host`, `Upgrade`,
/// `Connection`, `Sec-WebSocket-Key`, `Sec-WebSocket-Version`, body, `Sec-WebSocket-Protocol`,
/// `Sec-WebSocket-Extensions`, `Origin`. An [extended
/// CONNECT](switchwire_core::spi::Opening::ExtendedConnect) has no key, and must have neither
/// `Upgrade` nor `Connection`. After the checks, values of the HTTP session become attributes,
/// interceptors run, and the handler chooses a subprotocol.
///
/// - `handshake.origin.1` By default, a request whose `Origin` is not the server's own gets 403
///   ([section 10.2](https://www.rfc-editor.org/rfc/rfc6455#section-10.2)). A request without
///   `Origin` does not come from a browser's page, and is allowed.
/// - `handshake.origin.2` The service refuses it before it touches any handler, session, attribute
///   or interceptor.
/// - `handshake.extensions.1` The service supports no extension. It ignores well-formed offers, and
///   refuses malformed ones with 400.
///
/// ```
/// use switchwire_core::{HandshakeError, HandshakeRequest};
/// use switchwire_service::{HandshakeWebSocketService, OriginPolicy};
///
/// let service = HandshakeWebSocketService::new()
///     .with_origin_policy(OriginPolicy::allow_list(["https://*.example.com"])?)
///     .with_session_attributes(|name| name == "user")
///     .with_interceptor(|request: &mut HandshakeRequest| -> Result<(), HandshakeError> {
///         request.attributes().insert_named("page", request.uri().path().to_owned());
///         Ok(())
///     });
/// # Ok::<(), switchwire_core::InvalidOrigin>(())
/// ```
#[derive(Clone, Default)]
pub struct HandshakeWebSocketService {
    origin_policy: OriginPolicy,
    interceptors: Vec<Arc<dyn HandshakeInterceptor>>,
    session_attributes: Option<Arc<Names>>,
}

/// Selects names of attributes.
type Names = dyn Fn(&str) -> bool + Send + Sync;

impl HandshakeWebSocketService {
    /// Makes a service with the default of everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the allowed origins, where no CORS configuration decides. Default:
    /// [`OriginPolicy::SameOrigin`].
    #[must_use]
    pub fn with_origin_policy(mut self, policy: OriginPolicy) -> Self {
        self.origin_policy = policy;
        self
    }

    /// Adds an interceptor for every endpoint. The interceptors of the endpoint run after it.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: impl HandshakeInterceptor + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Sets which values of the HTTP session become attributes of the WebSocket session, by their
    /// names. Default: none, and the service does not load the HTTP session. See
    /// [`HttpSession`](switchwire_core::HttpSession).
    #[must_use]
    pub fn with_session_attributes(
        mut self,
        wanted: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.session_attributes = Some(Arc::new(wanted));
        self
    }

    async fn copy_session_attributes(
        &self,
        request: &HandshakeRequest,
    ) -> Result<(), HandshakeError> {
        let (Some(wanted), Some(session)) = (&self.session_attributes, request.http_session())
        else {
            return Ok(());
        };
        let copied = session
            .copy_attributes(&**wanted, request.attributes())
            .await;
        copied.map_err(|error| {
            tracing::error!(?error, "the HTTP session cannot be loaded");
            HandshakeError::Failed
        })
    }
}

#[async_trait]
impl WebSocketService for HandshakeWebSocketService {
    async fn handshake(
        &self,
        request: &mut HandshakeRequest,
        endpoint: &Endpoint,
    ) -> Result<Acceptance, HandshakeError> {
        let accept = match request.opening() {
            Opening::Upgrade => Some(accept_key(upgrade::check(request)?.as_bytes())),
            Opening::ExtendedConnect => extended_connect::check(request).map(|()| None)?,
        };
        check_body(request.headers())?;
        subprotocol::check(request.headers())?;
        extensions::check(request.headers())?;
        if !origin::is_allowed(request, &self.origin_policy) {
            return Err(HandshakeError::Origin);
        }
        self.copy_session_attributes(request).await?;
        for interceptor in self.interceptors.iter().chain(endpoint.interceptors()) {
            request.intercept(interceptor).await?;
        }
        let subprotocol = subprotocol::select(&**endpoint.handler(), request)?;
        let application = request.take_response_headers();
        let response = accepting_response(application, accept.as_deref(), subprotocol.as_deref());
        Ok(Acceptance {
            response,
            subprotocol,
            extensions: Extensions::default(),
        })
    }
}

impl fmt::Debug for HandshakeWebSocketService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeWebSocketService")
            .field("origin_policy", &self.origin_policy)
            .field("interceptors", &self.interceptors.len())
            .field("session_attributes", &self.session_attributes.is_some())
            .finish()
    }
}

fn check_body(headers: &HeaderMap) -> Result<(), HandshakeError> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    if headers.contains_key(header::TRANSFER_ENCODING) || lengths.any(|length| length != "0") {
        return Err(HandshakeError::Body);
    }
    Ok(())
}

/// Whether this is a host with or without a port
/// ([RFC 9112 section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).
fn is_host(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let Some(port) = host.strip_prefix(name) else {
        return false; // it has a user
    };
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    !name.is_empty() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// The value of a header that occurs exactly once.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The accepting response, with the headers that the application set: 101 with the value of
/// `accept` ([RFC 6455 section 4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2)), or
/// 200 on a stream ([RFC 8441 section 5](https://www.rfc-editor.org/rfc/rfc8441#section-5)).
fn accepting_response(
    application: HeaderMap,
    accept: Option<&str>,
    subprotocol: Option<&str>,
) -> Response<()> {
    let mut response = Response::new(());
    let headers = response.headers_mut();
    *headers = application;
    for name in [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::SEC_WEBSOCKET_ACCEPT,
        header::SEC_WEBSOCKET_EXTENSIONS,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ] {
        headers.remove(name);
    }
    let text =
        |value: &str| HeaderValue::from_str(value).expect("base64 and tokens are visible ASCII");
    if let Some(accept) = accept {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, text(accept));
    }
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, text(subprotocol));
    }
    *response.status_mut() = match accept {
        Some(_) => StatusCode::SWITCHING_PROTOCOLS,
        None => StatusCode::OK,
    };
    response
}

#[cfg(test)]
mod tests;
