//! Sessions over the engine actix-ws.

mod message;
mod transport;

use actix_web::{HttpRequest, HttpResponse, rt};
use actix_ws::{MessageStream, Session};
use switchwire_core::{HandlerResult, WebSocketSession};
use switchwire_service::UpgradeEndpoint;

pub use self::transport::ActixWsTransport;
use crate::{error::refusal, request::handshake_request};

/// Runs `handler` over what [`actix_ws::handle`] has given, and returns the response to return.
///
/// It is for an application that has such sessions already. The handler then gets what a session has
/// on every server: limits, timeouts, keepalive, back-pressure, rooms and an orderly shutdown.
/// `endpoint` counts the session; when there is no place for it, the response refuses it. switchwire
/// does not check the origin here: the application must.
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
///     Ok(serve_actix_ws(&request, upgraded, &chat, move |session: WebSocketSession| async move {
///         Ok(session.send(format!("welcome to room {room}")).await?)
///     }))
/// }
/// ```
///
/// The handler function **must** return the response. Otherwise the server does not switch protocols.
///
/// See [`ActixWsTransport`] for what differs from a session on our own framing.
pub fn serve_actix_ws<F>(
    request: &HttpRequest,
    (response, session, messages): (HttpResponse, Session, MessageStream),
    endpoint: &UpgradeEndpoint,
    handler: impl FnOnce(WebSocketSession) -> F + Send + 'static,
) -> HttpResponse
where
    F: Future<Output = HandlerResult> + Send + 'static,
{
    let transport = ActixWsTransport::new(request, session, messages, endpoint.settings());
    let info = handshake_request(request).into_info(None);
    match endpoint.serve_transport("actix-ws", transport, info, handler) {
        Ok(session) => {
            rt::spawn(session);
            response
        }
        Err(error) => refusal(error),
    }
}
