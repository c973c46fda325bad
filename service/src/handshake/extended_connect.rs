//! The checks of an opening handshake on a stream of HTTP/2 or HTTP/3 only ([RFC 8441 section
//! 5](https://www.rfc-editor.org/rfc/rfc8441#section-5)).

use http::{Method, Version, header};
use switchwire_core::{HandshakeError, HandshakeRequest, Origin};

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
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .filter(|authority| is_host(authority))
        .ok_or(HandshakeError::Host)?;
    // A Host beside `:authority` has to name the same (RFC 9113 section 8.3.1).
    if headers.contains_key(header::HOST) {
        let origin = |host: &str| Origin::parse(&format!("http://{host}")).ok();
        let host = single(headers, &header::HOST).and_then(origin);
        if host.is_none() || host != origin(authority) {
            return Err(HandshakeError::Host);
        }
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
