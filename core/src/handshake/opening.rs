//! How a request asks for a WebSocket.

use http::{HeaderMap, header};

use super::HandshakeRequest;

/// The two kinds of opening handshake. Both open the same kind of session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// GET with `Upgrade: websocket` on HTTP/1.1. The accepting response has the status 101 ([RFC
    /// 6455 section 4](https://www.rfc-editor.org/rfc/rfc6455#section-4)).
    Upgrade,
    /// CONNECT with `:protocol` on a stream of HTTP/2 or HTTP/3. The accepting response has the
    /// status 200 ([RFC 8441](https://www.rfc-editor.org/rfc/rfc8441), [RFC
    /// 9220](https://www.rfc-editor.org/rfc/rfc9220)).
    ExtendedConnect,
}

impl HandshakeRequest {
    /// Sets the pseudo-header `:protocol` of an extended CONNECT, as the client sent it. Default:
    /// none.
    ///
    /// When its server offers extended CONNECT, a backend **must** pass it on.
    #[must_use]
    pub fn with_protocol(mut self, protocol: Option<String>) -> Self {
        self.protocol = protocol;
        self
    }

    /// The pseudo-header `:protocol` of an extended CONNECT.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Which kind of opening handshake this is, if it is one.
    #[must_use]
    pub fn opening(&self) -> Opening {
        match self.protocol {
            Some(_) => Opening::ExtendedConnect,
            None => Opening::Upgrade,
        }
    }

    /// Whether this request asks for a WebSocket, validly or not: it names the protocol in
    /// `Upgrade` or in `:protocol`, or it has a `Sec-WebSocket-Key`.
    ///
    /// `handshake.fallthrough.1` Every other request belongs to the application's HTTP side, even
    /// on a path that has a handler. The WebSocket side answers a request that asks for a
    /// WebSocket, with an error when it is invalid.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        match &self.protocol {
            Some(protocol) => protocol.eq_ignore_ascii_case("websocket"),
            None => Self::asks_for_websocket(self.headers()),
        }
    }

    /// [`is_websocket`](Self::is_websocket) for the headers of an HTTP/1.1 request alone, before
    /// anything else is taken from the server.
    #[must_use]
    pub fn asks_for_websocket(headers: &HeaderMap) -> bool {
        headers.contains_key(header::SEC_WEBSOCKET_KEY)
            || headers
                .get_all(header::UPGRADE)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|line| line.split(','))
                .any(|token| token.trim().eq_ignore_ascii_case("websocket"))
    }
}
