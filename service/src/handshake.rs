//! The server's half of the opening handshake
//! ([RFC 6455 section 4.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2)).

mod extensions;
mod list;
mod origin;
mod subprotocol;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use switchwire_core::{Acceptance, Endpoint, HandshakeError, HandshakeRequest, WebSocketService};
use tungstenite::handshake::derive_accept_key;

pub use self::origin::{InvalidOrigin, Origin, OriginPolicy};

/// The [`WebSocketService`] to use: every check of RFC 6455 section 4.2.1, the origin, and the subprotocol.
///
/// The checks come in this order, and the first that fails is the answer: method, HTTP version, `Host`,
/// `Upgrade`, `Connection`, `Sec-WebSocket-Key`, `Sec-WebSocket-Version`, body, `Sec-WebSocket-Protocol`,
/// `Sec-WebSocket-Extensions`, `Origin`.
///
/// - `handshake.origin.1` With no setting made, a request whose `Origin` is not the server's own gets 403
///   ([section 10.2](https://www.rfc-editor.org/rfc/rfc6455#section-10.2)); one without `Origin` does not come
///   from a browser's page and is let in.
/// - `handshake.extensions.1` No extension is spoken; offers are ignored when well formed and refused with 400 when not.
#[derive(Debug, Clone, Default)]
pub struct HandshakeWebSocketService {
    origin_policy: OriginPolicy,
}

impl HandshakeWebSocketService {
    /// The service with everything at its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which origins are let in. Default [`OriginPolicy::SameOrigin`].
    #[must_use]
    pub fn with_origin_policy(mut self, policy: OriginPolicy) -> Self {
        self.origin_policy = policy;
        self
    }
}

#[async_trait]
impl WebSocketService for HandshakeWebSocketService {
    async fn handshake(
        &self,
        mut request: HandshakeRequest,
        endpoint: Endpoint,
    ) -> Result<Acceptance, HandshakeError> {
        let key = check_request(&request)?;
        let accept = derive_accept_key(key.as_bytes());
        let offered = subprotocol::offered(request.headers())?;
        let chosen = subprotocol::choose(&offered, endpoint.handler().subprotocols());
        let chosen = chosen.map(str::to_owned);
        extensions::check(request.headers())?;
        if !self.origin_policy.allows(&request) {
            return Err(HandshakeError::Origin);
        }
        let application = request.take_response_headers();
        let response = switching_protocols(application, &accept, chosen.as_deref());
        Ok(Acceptance {
            response,
            info: request.into_info(chosen),
            endpoint,
        })
    }
}

/// Checks the request line and the headers that every handshake has, and returns the key.
fn check_request(request: &HandshakeRequest) -> Result<&str, HandshakeError> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(HandshakeError::Method);
    }
    if request.version() != Version::HTTP_11 {
        return Err(HandshakeError::Version);
    }
    single(headers, &header::HOST)
        .filter(|host| !host.is_empty())
        .ok_or(HandshakeError::Host)?;
    if !list::contains(headers, &header::UPGRADE, "websocket") {
        return Err(HandshakeError::Upgrade);
    }
    if !list::contains(headers, &header::CONNECTION, "upgrade") {
        return Err(HandshakeError::Connection);
    }
    let key = single(headers, &header::SEC_WEBSOCKET_KEY)
        .map(str::trim)
        .filter(|key| is_key(key))
        .ok_or(HandshakeError::Key)?;
    if single(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(HandshakeError::WebSocketVersion);
    }
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get_all(header::CONTENT_LENGTH)
            .iter()
            .any(|length| length != "0");
    if has_body {
        return Err(HandshakeError::Body);
    }
    Ok(key)
}

/// Whether this is the base64 of 16 bytes. The bits that pad the last digit are not looked at: the key of
/// RFC 6455's own example has some that are set.
fn is_key(key: &str) -> bool {
    key.len() == 24
        && key.strip_suffix("==").is_some_and(|digits| {
            digits
                .bytes()
                .all(|digit| digit.is_ascii_alphanumeric() || matches!(digit, b'+' | b'/'))
        })
}

/// The value of a header that stands there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The response of [section 4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2), with what the application set.
fn switching_protocols(
    application: HeaderMap,
    accept: &str,
    subprotocol: Option<&str>,
) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    *headers = application;
    for name in [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::SEC_WEBSOCKET_EXTENSIONS,
        header::SEC_WEBSOCKET_PROTOCOL,
    ] {
        headers.remove(name);
    }
    let text =
        |value: &str| HeaderValue::from_str(value).expect("base64 and tokens are visible ASCII");
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, text(accept));
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, text(subprotocol));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Request;
    use switchwire_core::{HandlerResult, WebSocketHandler, WebSocketSession};

    use super::*;

    struct Nothing;

    #[async_trait]
    impl WebSocketHandler for Nothing {
        async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
            Ok(())
        }

        fn subprotocols(&self) -> &[&'static str] {
            &["v11.stomp"]
        }
    }

    /// A request that is right, with `changes`: an empty value takes the header away.
    async fn answer(changes: &[(&str, &str)]) -> Result<Acceptance, HandshakeError> {
        let mut builder = Request::get("/echo");
        let right = [
            ("host", "127.0.0.1"),
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
        ];
        for (name, value) in right {
            if !changes.iter().any(|(changed, _)| *changed == name) {
                builder = builder.header(name, value);
            }
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            builder = builder.header(*name, *value);
        }
        let (head, ()) = builder.body(()).unwrap().into_parts();
        let handler: Arc<dyn WebSocketHandler> = Arc::new(Nothing);
        HandshakeWebSocketService::new()
            .handshake(head.into(), handler.into())
            .await
    }

    #[tokio::test]
    async fn the_accept_value_is_that_of_the_rfc() {
        let accepted = answer(&[]).await.unwrap();
        assert_eq!(
            accepted.response.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[tokio::test]
    async fn a_subprotocol_is_found_behind_others_and_spaces() {
        let accepted = answer(&[("sec-websocket-protocol", "v10.stomp, v11.stomp")])
            .await
            .unwrap();
        assert_eq!(accepted.info.subprotocol(), Some("v11.stomp"));
        let accepted = answer(&[("sec-websocket-protocol", "other")])
            .await
            .unwrap();
        assert!(
            !accepted
                .response
                .headers()
                .contains_key("sec-websocket-protocol")
        );
    }

    #[tokio::test]
    async fn each_wrong_header_has_its_own_answer() {
        for (changes, code, status) in [
            (&[("host", "")][..], "host", 400),
            (&[("host", "a"), ("host", "b")], "host", 400),
            (&[("upgrade", "websocketx")], "upgrade", 400),
            (&[("connection", "close")], "connection", 400),
            (&[("sec-websocket-key", "")], "key", 400),
            (
                &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ")],
                "key",
                400,
            ),
            (
                &[("sec-websocket-key", "!!!!!!!!!!!!!!!!!!!!!!!!")],
                "key",
                400,
            ),
            (&[("sec-websocket-version", "12")], "websocket_version", 426),
            (&[("sec-websocket-version", "")], "websocket_version", 426),
            (&[("content-length", "34")], "body", 400),
            (&[("transfer-encoding", "chunked")], "body", 400),
            (&[("sec-websocket-protocol", "a/b")], "subprotocol", 400),
            (&[("sec-websocket-extensions", "a;b=")], "extensions", 400),
            (&[("origin", "https://evil.example")], "origin", 403),
        ] {
            let error = answer(changes).await.unwrap_err();
            assert_eq!(error.code(), code, "{changes:?}");
            assert_eq!(error.status(), status, "{changes:?}");
        }
    }

    #[tokio::test]
    async fn the_example_key_of_the_rfc_is_a_key() {
        answer(&[("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEC==")])
            .await
            .unwrap();
    }
}
