use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{ConnectionType, StatusCode},
};
use bytes::Bytes;
use http::Response;
use switchwire_core::HandshakeError;

use crate::upgrade::copy_headers;

/// The answer to a refused handshake.
///
/// The server closes the connection after it, whatever the answer says. It takes every byte after a
/// request with `Upgrade: websocket` for the body of that request.
pub(crate) fn refusal(error: HandshakeError) -> HttpResponse {
    let mut response = answer(error.into_response());
    let head = response.head_mut();
    head.set_connection_type(ConnectionType::Close);
    response
}

/// Converts an answer to the server's own type.
pub(crate) fn answer(response: Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).expect("both crates know this status");
    let mut response = HttpResponseBuilder::new(status).body(body);
    copy_headers(&head.headers, response.headers_mut());
    response
}
