//! The checks of an opening handshake on a stream of HTTP/2 or HTTP/3 only ([RFC 8441 section
//! 5](https://www.rfc-editor.org/rfc/rfc8441#section-5)).

use http::{Method, Version, header};
use switchwire_core::{HandshakeError, HandshakeRequest};

use super::{is_host, single};

/// Checks the pseudo-headers, and that there are no headers of a connection. It ignores a key.
pub(super) fn check(request: &HandshakeRequest) -> Result<(), HandshakeError> {
    let headers = request.headers();
    if request.method() != Method::CONNECT {
        return Err(HandshakeError::Method);
    }
    if !matches!(request.version(), Version::HTTP_2 | Version::HTTP_3) {
        return Err(HandshakeError::Version);
    }
    if request.uri().scheme().is_none() {
        return Err(HandshakeError::Target);
    }
    // A `Host` beside `:authority` must have the same value (RFC 9113 section 8.3.1).
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let host = match headers.contains_key(header::HOST) {
        true => single(headers, &header::HOST),
        false => authority,
    };
    if !authority.is_some_and(is_host) || host != authority {
        return Err(HandshakeError::Host);
    }
    // These headers make a request malformed (RFC 9113 section 8.2.2).
    if headers.contains_key(header::CONNECTION) || headers.contains_key(header::UPGRADE) {
        return Err(HandshakeError::ConnectionHeader);
    }
    if single(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(HandshakeError::ConnectWebSocketVersion);
    }
    Ok(())
}
