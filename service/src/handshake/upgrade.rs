//! The checks of an opening handshake on HTTP/1.1 only ([RFC 6455 section
//! 4.2.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1)).

use http::{Method, Version, header};
use switchwire_core::{HandshakeError, HandshakeRequest};
use switchwire_protocol::header_list::contains;

use super::{is_host, single};

/// Checks the request line, `Host`, `Upgrade`, `Connection` and the key, and returns the key.
pub(super) fn check(request: &HandshakeRequest) -> Result<&str, HandshakeError> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(HandshakeError::Method);
    }
    if request.version() != Version::HTTP_11 {
        return Err(HandshakeError::Version);
    }
    single(headers, &header::HOST)
        .filter(|host| is_host(host))
        .ok_or(HandshakeError::Host)?;
    if !contains(headers, &header::UPGRADE, "websocket") {
        return Err(HandshakeError::Upgrade);
    }
    if !contains(headers, &header::CONNECTION, "upgrade") {
        return Err(HandshakeError::Connection);
    }
    let key = single(headers, &header::SEC_WEBSOCKET_KEY)
        .map(str::trim)
        .filter(|key| is_key(key))
        .ok_or(HandshakeError::Key)?;
    if single(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(HandshakeError::WebSocketVersion);
    }
    Ok(key)
}

/// Whether this is the base64 of 16 bytes. It ignores the bits that pad the last digit: some are
/// set in the key of RFC 6455's own example.
fn is_key(key: &str) -> bool {
    key.len() == 24
        && key.strip_suffix("==").is_some_and(|digits| {
            digits
                .bytes()
                .all(|digit| digit.is_ascii_alphanumeric() || matches!(digit, b'+' | b'/'))
        })
}
