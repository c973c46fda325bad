use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        ConnectionType,
        header::{self as actix_header, HeaderMap as ActixHeaderMap},
    },
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri, Version, request::Parts};
use switchwire_core::{
    Error, HandshakeError, HandshakeRequest, InvalidSettings, RequestUpgradeStrategy,
    WebSocketSettings, spi::SessionParameters,
};

use crate::{request::WebSocketRequest, socket::Socket, transport::ActixTransport};

/// Switches protocols on connections of actix-web.
///
/// After an accepting response (101), the server passes on bytes unchanged: those that arrive
/// through the request's payload, and those that the response's body yields to the socket.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActixRequestUpgradeStrategy;

impl RequestUpgradeStrategy for ActixRequestUpgradeStrategy {
    type Request = WebSocketRequest;
    type Response = HttpResponse;
    type Transport = ActixTransport;
    type Upgrading = Upgrading;

    fn server(&self) -> &'static str {
        "actix-web"
    }

    fn handshake_request(&self, request: &WebSocketRequest) -> HandshakeRequest {
        request.handshake()
    }

    /// The server reads from its sockets with its own buffer, so
    /// [`read_buffer_size`](WebSocketSettings::read_buffer_size) must stay at its default.
    fn check_settings(&self, settings: &WebSocketSettings) -> Result<(), InvalidSettings> {
        if settings.read_buffer_size() != WebSocketSettings::default().read_buffer_size() {
            return Err(InvalidSettings::Unsupported {
                name: "read_buffer_size",
                server: "actix-web",
            });
        }
        Ok(())
    }

    fn upgrade(
        &self,
        request: WebSocketRequest,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(HttpResponse, Upgrading), HandshakeError> {
        match request.payload {
            Payload::H1 { .. } | Payload::Stream { .. } => {}
            // The server detects `websocket` only when it is the only value in a line of `Upgrade`.
            // Otherwise it would read frames as requests.
            Payload::None => return Err(HandshakeError::Upgrade),
            #[allow(unreachable_patterns, reason = "HTTP/2 is a feature of the server's")]
            _ => return Err(HandshakeError::NotUpgradable),
        }
        let socket = Socket::from_request(&request.http);
        let (transport, body) = ActixTransport::new(request.payload, socket, parameters);

        let mut switching = HttpResponse::SwitchingProtocols()
            .message_body(body)
            .expect("no header was set yet")
            .map_into_boxed_body();
        copy_headers(response.headers(), switching.headers_mut());
        switching
            .head_mut()
            .set_connection_type(ConnectionType::Upgrade);
        let transport = Some(transport);
        Ok((switching, Upgrading { transport }))
    }
}

/// Resolves with the connection once the server has taken the accepting response.
#[derive(Debug)]
pub struct Upgrading {
    transport: Option<ActixTransport>,
}

impl Future for Upgrading {
    type Output = Result<ActixTransport, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let transport = self.transport.as_mut();
        ready!(
            transport
                .expect("polled after it was ready")
                .poll_switched(cx)
        )?;
        Poll::Ready(Ok(self.transport.take().expect("polled above")))
    }
}

/// Converts the head of a request to the current `http` crate. The server still uses the version
/// before.
pub(crate) fn head(request: &HttpRequest) -> Parts {
    let mut head = http::Request::new(()).into_parts().0;
    if translate(request, &mut head).is_none() {
        // A method that one version accepts and the other refuses is never GET, so the answer is
        // 405.
        head.method = Method::CONNECT;
        head.headers.clear();
    }
    head
}

fn translate(request: &HttpRequest, head: &mut Parts) -> Option<()> {
    head.method = request.method().as_str().parse().ok()?;
    head.uri = Uri::from_maybe_shared(Bytes::from(request.uri().to_string())).ok()?;
    head.version = match request.version() {
        actix_web::http::Version::HTTP_10 => Version::HTTP_10,
        actix_web::http::Version::HTTP_11 => Version::HTTP_11,
        _ => Version::HTTP_2,
    };
    head.headers = HeaderMap::with_capacity(request.headers().len());
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        head.headers.try_append(name, value).ok()?;
    }
    Some(())
}

/// Adds headers to a response of the server.
pub(crate) fn copy_headers(from: &HeaderMap, to: &mut ActixHeaderMap) {
    for (name, value) in from {
        let name = actix_header::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = actix_header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            to.append(name, value);
        }
    }
}
