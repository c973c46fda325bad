//! Why a request could not be extracted.

use std::{error::Error, fmt};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use switchwire_core::HandshakeError;

/// Why the extractor [`WebSocketRequest`](crate::WebSocketRequest) rejects a request: it does not
/// ask for a WebSocket (400), or a parameter in its path is not UTF-8 (404).
#[derive(Debug)]
pub struct WebSocketRejection(pub(crate) HandshakeError);

impl fmt::Display for WebSocketRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for WebSocketRejection {}

impl IntoResponse for WebSocketRejection {
    fn into_response(self) -> Response {
        self.0.into_response().map(Body::from)
    }
}
