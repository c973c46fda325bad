use http::{HeaderMap, header};
use switchwire_core::{HandshakeError, HandshakeRequest, WebSocketHandler};
use switchwire_protocol::header_list as list;

/// Checks that the client offers tokens ([RFC 6455 section
/// 11.3.4](https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4)).
pub(super) fn check(headers: &HeaderMap) -> Result<(), HandshakeError> {
    for line in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let line = line.to_str().map_err(|_| HandshakeError::Subprotocol)?;
        if !list::elements(line).all(list::is_token) {
            return Err(HandshakeError::Subprotocol);
        }
    }
    Ok(())
}

/// The handler's choice among the offered subprotocols.
pub(super) fn select(
    handler: &dyn WebSocketHandler,
    request: &HandshakeRequest,
) -> Result<Option<String>, HandshakeError> {
    let offered: Vec<_> = request.offered_subprotocols().collect();
    let chosen = handler
        .select_subprotocol(&offered, request)
        .filter(|chosen| offered.contains(chosen));
    if chosen.is_none() && handler.requires_subprotocol() {
        return Err(HandshakeError::SubprotocolRequired);
    }
    Ok(chosen.map(str::to_owned))
}
