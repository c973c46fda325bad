//! Sessions over the engine actix-ws.

mod message;
mod transport;

use std::future::{Ready, ready};

use actix_web::{HttpRequest, HttpResponse, http::header, rt};
use actix_ws::{MessageStream, Session};
use http::Response;
use switchwire_core::{
    Error, HandlerResult, HandshakeError, HandshakeRequest, RequestUpgradeStrategy,
    WebSocketSession, spi::SessionParameters,
};
use switchwire_service::{Dispatch, UpgradeEndpoint};

pub use self::transport::ActixWsTransport;
use crate::{
    error::{answer, refusal},
    request::handshake_request,
    upgrade::copy_headers,
};

/// Runs `handler` over what [`actix_ws::handle`] has given, and returns the response to return.
///
/// It is for an application that has such sessions already. The request is decided about as on every
/// server: by the origin policy, the interceptors, the limits on sessions. The handler then gets what a
/// session has on every server: limits, timeouts, keepalive, back-pressure, rooms and an orderly
/// shutdown.
///
/// ```
/// use actix_web::{HttpRequest, HttpResponse, web};
/// use switchwire_backend_actix::serve_actix_ws;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UpgradeEndpoint;
///
/// async fn chat(
///     request: HttpRequest,
///     body: web::Payload,
///     room: web::Path<u32>,
///     chat: web::Data<UpgradeEndpoint>,
/// ) -> actix_web::Result<HttpResponse> {
///     let upgraded = actix_ws::handle(&request, body)?;
///     let handler = move |session: WebSocketSession| async move {
///         Ok(session.send(format!("welcome to room {room}")).await?)
///     };
///     Ok(serve_actix_ws(&request, upgraded, &chat, handler).await)
/// }
/// ```
///
/// The handler function **must** return the response. Otherwise the server does not switch protocols.
///
/// See [`ActixWsTransport`] for what differs from a session on our own framing.
///
/// # Cancel safety
/// Until the future is ready, nothing has begun. A handshake that is dropped gets no answer.
pub async fn serve_actix_ws<F>(
    request: &HttpRequest,
    upgraded: (HttpResponse, Session, MessageStream),
    endpoint: &UpgradeEndpoint,
    handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
) -> HttpResponse
where
    F: Future<Output = HandlerResult> + Send + 'static,
{
    let request = (request.clone(), upgraded);
    let dispatched = endpoint.dispatch(&OverActixWs, request, handler).await;
    match dispatched {
        Dispatch::Accepted(response, session) => {
            rt::spawn(session);
            response
        }
        Dispatch::Refused(error) => refusal(error),
        Dispatch::Answered(response) => answer(response),
        Dispatch::NotWebSocket(_) => refusal(HandshakeError::Upgrade),
    }
}

/// Requests that actix-ws has accepted already.
struct OverActixWs;

impl RequestUpgradeStrategy for OverActixWs {
    type Request = (HttpRequest, (HttpResponse, Session, MessageStream));
    type Response = HttpResponse;
    type Transport = ActixWsTransport;
    type Upgrading = Ready<Result<ActixWsTransport, Error>>;

    fn server(&self) -> &'static str {
        "actix-ws"
    }

    fn handshake_request(&self, (request, _): &Self::Request) -> HandshakeRequest {
        handshake_request(request)
    }

    fn upgrade(
        &self,
        (request, (mut switching, session, messages)): Self::Request,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(HttpResponse, Self::Upgrading), HandshakeError> {
        if !becomes_a_tunnel(&request) {
            return Err(HandshakeError::Upgrade);
        }
        for name in response.headers().keys() {
            switching.headers_mut().remove(name.as_str());
        }
        copy_headers(response.headers(), switching.headers_mut());
        let settings = parameters.settings();
        let transport = ActixWsTransport::new(&request, session, messages, settings);
        Ok((switching, ready(Ok(transport))))
    }
}

/// Whether the server passes on bytes after its 101. It does so only when `websocket` is the only
/// value in a line of `Upgrade`, and there is no other body. Otherwise it would read frames as
/// requests (actix-http 3.20, `h1/decoder.rs`, `set_headers`).
fn becomes_a_tunnel(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut lines = headers.get_all(header::UPGRADE);
    let is_alone = lines.any(|line| {
        line.as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"websocket")
    });
    is_alone && !headers.contains_key(header::TRANSFER_ENCODING)
}
