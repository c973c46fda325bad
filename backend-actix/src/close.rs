use std::{cell::Cell, future::poll_fn, time::Duration};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, StatusCode},
    middleware::Next,
};
use tokio::time::sleep;

use crate::{ending::Ending, socket::Socket};

/// The time between two checks of a connection that is ending.
const LOOK: Duration = Duration::from_millis(20);

/// How many checks the peer has to end its half.
const LOOKS: usize = 50;

/// Ends a connection after `Connection: close`. Use it with
/// [`from_fn`](actix_web::middleware::from_fn), as the outermost middleware of an application.
///
/// After a request or an answer with `Connection: close`, a server must not process further
/// requests ([RFC 9112 section 9.6](https://www.rfc-editor.org/rfc/rfc9112#section-9.6)).
/// actix-http 3.20 answers those that arrived together with it. With this middleware, the
/// application does not see them, and the connection ends after the answer before them. It needs
/// [`on_connect`](crate::on_connect), and does nothing where that notes no socket.
///
/// ```
/// use actix_web::{App, middleware::from_fn};
/// use switchwire_backend_actix::end_after_close;
///
/// let app = App::new().wrap(from_fn(end_after_close));
/// ```
///
/// # Errors
/// The errors of the application.
///
/// # Cancel safety
/// Dropping it drops the application's own future. The connection does not end then.
pub async fn end_after_close<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_closing = request.conn_data::<Closing>();
    if is_closing.is_some_and(|closing| closing.0.get())
        && let Some(socket) = request.conn_data::<Socket>().copied()
    {
        end(socket).await;
        // No byte of it reaches the peer: writing fails, and the server drops the connection.
        let answer = HttpResponse::BadRequest().finish();
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let is_last = request.head().connection_type() == ConnectionType::Close;
    let mut response = next.call(request).await?;
    let head = response.response_mut().head_mut();
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        if is_last {
            head.set_connection_type(ConnectionType::Close);
        }
        if head.connection_type() == ConnectionType::Close
            && let Some(closing) = response.request().conn_data::<Closing>()
        {
            closing.0.set(true);
        }
    }
    Ok(response.map_into_left_body())
}

/// Whether the last answer of the connection was given.
#[derive(Debug, Default)]
pub(crate) struct Closing(Cell<bool>);

/// Ends the sending direction after the previous answers. Waits at most one second until the peer
/// ends its own, so that no reset destroys them.
async fn end(socket: Socket) {
    let mut ending = Ending::new(Some(socket));
    while !poll_fn(|cx| ending.poll(cx)).await {
        sleep(LOOK).await; // there is no room; the system ends a connection that never has any
    }
    for _ in 0..LOOKS {
        if socket.peer_has_ended() {
            return;
        }
        sleep(LOOK).await;
    }
}
