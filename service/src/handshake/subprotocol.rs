use http::{HeaderMap, header};
use switchwire_core::HandshakeError;

use super::list;

/// The subprotocols the client offers, over all header lines, in its order.
pub(super) fn offered(headers: &HeaderMap) -> Result<Vec<&str>, HandshakeError> {
    let mut offered = Vec::new();
    for line in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let line = line.to_str().map_err(|_| HandshakeError::Subprotocol)?;
        for name in list::elements(line) {
            if !list::is_token(name) {
                return Err(HandshakeError::Subprotocol);
            }
            offered.push(name);
        }
    }
    Ok(offered)
}

/// The first offered one that is spoken here. Names compare exactly.
pub(super) fn choose<'a>(offered: &[&'a str], spoken: &[&str]) -> Option<&'a str> {
    offered.iter().copied().find(|name| spoken.contains(name))
}
