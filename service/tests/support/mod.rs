//! A server that does nothing but ask the dispatcher.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::{Pending, pending},
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use switchwire_core::{
    Error, HandshakeError, HandshakeRequest, HttpSession, InvalidSettings, RequestUpgradeStrategy,
    WebSocketSettings, spi::SessionParameters,
};
use switchwire_driver::StreamTransport;
use switchwire_service::{Dispatch, WebSocketDispatcher};

/// Switches nothing: enough to see what is decided. An `Arc<dyn HttpSession>` in the request's extensions is its HTTP
/// session.
pub(crate) struct NoServer;

impl RequestUpgradeStrategy for NoServer {
    type Request = Request<()>;
    type Response = Response<()>;
    type Transport = StreamTransport<tokio::io::DuplexStream>;
    type Upgrading = Pending<Result<Self::Transport, Error>>;

    fn handshake_request(&self, request: &Request<()>) -> HandshakeRequest {
        let session = request.extensions().get::<Arc<dyn HttpSession>>().cloned();
        let (head, ()) = request.clone().into_parts();
        HandshakeRequest::from(head)
            .with_remote_address("127.0.0.1:5000".parse().ok())
            .with_http_session(session)
    }

    fn check_settings(&self, settings: &WebSocketSettings) -> Result<(), InvalidSettings> {
        if settings.read_buffer_size() < 8192 {
            let (name, server) = ("read_buffer_size", "no server");
            return Err(InvalidSettings::Unsupported { name, server });
        }
        Ok(())
    }

    fn upgrade(
        &self,
        _request: Request<()>,
        response: Response<()>,
        _: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        Ok((response, pending()))
    }
}

/// A handshake that is right, with these headers in addition.
pub(crate) fn handshake(path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::get(path)
        .header("host", "chat.example")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

/// The answer to a request; its body is lost. `None` when it belongs to the application.
pub(crate) async fn ask(
    dispatcher: &WebSocketDispatcher,
    request: Request<()>,
) -> Option<Response<()>> {
    match dispatcher.dispatch(&NoServer, request).await {
        Dispatch::NotWebSocket(_) => None,
        Dispatch::Answered(response) => Some(response.map(drop)),
        Dispatch::Refused(error) => Some(error.into_response().map(drop)),
        Dispatch::Accepted(response, _session) => Some(response),
    }
}

/// The status of the answer, 0 when the request belongs to the application.
pub(crate) async fn status(dispatcher: &WebSocketDispatcher, request: Request<()>) -> u16 {
    let answer = ask(dispatcher, request).await;
    answer.map_or(0, |response| response.status().as_u16())
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn note(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
