use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{ConnectionType, StatusCode},
};
use switchwire_core::HandshakeError;

use crate::upgrade::copy_headers;

/// The answer to a handshake that was refused.
///
/// The server closes the connection after it, whatever the answer says: it takes all that follows a request with
/// `Upgrade: websocket` for the body of that request.
pub(crate) fn refusal(error: HandshakeError) -> HttpResponse {
    let (head, body) = error.into_response().into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).expect("both crates know this status");
    let mut response = HttpResponseBuilder::new(status).body(body);
    copy_headers(&head.headers, response.headers_mut());
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    response
}
