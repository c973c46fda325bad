//! The answer to a request that asks for a WebSocket, as a responder.

use std::io::Cursor;

use rocket::{
    Request, Response,
    http::{Header, Status},
    response::{self, Responder},
};
use switchwire_core::{Bytes, CloseOutcome, HandshakeError};
use switchwire_service::Dispatch;

use crate::request::WebSocketRequest;

/// The answer to a request that asks for a WebSocket. The handler function **must** return it.
/// Otherwise the server does not switch protocols.
#[derive(Debug)]
#[must_use = "the protocol is switched by returning the response"]
pub struct WebSocketResponse(Response<'static>);

impl WebSocketResponse {
    /// The answer to a request that the WebSocket side was asked about. A session runs on a task of
    /// its own.
    pub(crate) fn of<S>(dispatched: Dispatch<WebSocketRequest, Response<'static>, S>) -> Self
    where
        S: Future<Output = CloseOutcome> + Send + 'static,
    {
        Self(match dispatched {
            Dispatch::NotWebSocket(_) => with_body(HandshakeError::Upgrade.into_response()),
            Dispatch::Answered(answer) => with_body(answer),
            Dispatch::Refused(error) => with_body(error.into_response()),
            Dispatch::Accepted(response, session) => {
                tokio::spawn(session);
                response
            }
        })
    }
}

fn with_body(answer: http::Response<Bytes>) -> Response<'static> {
    let (head, body) = answer.into_parts();
    let mut response = without_body(&http::Response::from_parts(head, ()));
    response.set_sized_body(body.len(), Cursor::new(body));
    response
}

pub(crate) fn without_body(answer: &http::Response<()>) -> Response<'static> {
    let mut response = Response::new();
    response.set_status(Status::new(answer.status().as_u16()));
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        response.adjoin_header(Header::new(name.as_str().to_owned(), value));
    }
    response
}

impl<'r> Responder<'r, 'static> for WebSocketResponse {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(self.0)
    }
}
