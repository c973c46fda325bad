use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use http::{Request, Response};
use switchwire_core::{
    ClientRequest, CloseCode, HandlerResult, HandshakeInfo, HandshakeRequest, WebSocketHandler,
    WebSocketSession, WebSocketSettings,
    spi::{SessionPort, Transport},
};
use switchwire_driver::SessionDriver;
use tokio::sync::oneshot;

use crate::dispatcher::new_id;

/// Describes the handshake of a client's session: the URL of the request, the headers of the
/// answer, and the addresses of both ends.
#[must_use]
pub fn client_info(
    request: &ClientRequest,
    answer: &Response<()>,
    subprotocol: Option<String>,
    [remote, local]: [Option<SocketAddr>; 2],
) -> Arc<HandshakeInfo> {
    let (mut head, ()) = Request::new(()).into_parts();
    head.uri = request.uri().clone();
    (head.headers, head.version) = (answer.headers().clone(), answer.version());
    HandshakeRequest::from(head)
        .with_remote_address(remote)
        .with_local_address(local)
        .with_secure(request.is_secure())
        .into_info(subprotocol)
}

/// Serves a client's session with `handler` over `transport`, after the server has accepted the
/// handshake.
pub fn serve_client_transport<T: Transport>(
    transport: T,
    handler: Arc<dyn WebSocketHandler>,
    info: Arc<HandshakeInfo>,
    settings: Arc<WebSocketSettings>,
) -> SessionDriver<T> {
    let (session, port) = SessionPort::open(new_id(), info, settings);
    SessionDriver::new(transport, handler, session, port)
}

/// Returns a client's session for use without a handler, and the future that serves it. Run that
/// future on a task of its own.
///
/// The first future resolves when the second has begun to run. The second ends when the connection
/// ends. Dropping the session and all its receive streams closes it with 1001.
pub fn hand_over_transport<T: Transport>(
    transport: T,
    info: Arc<HandshakeInfo>,
    settings: Arc<WebSocketSettings>,
) -> (
    impl Future<Output = Option<WebSocketSession>> + Send + use<T>,
    SessionDriver<T>,
) {
    let (to, session) = oneshot::channel();
    let handler = Arc::new(HandOver {
        to: Mutex::new(Some(to)),
    });
    let driver = serve_client_transport(transport, handler, info, settings);
    (async move { session.await.ok() }, driver)
}

/// The handler of a session that the application uses without a handler. It waits until the
/// application has dropped the session, or the connection is gone.
struct HandOver {
    to: Mutex<Option<oneshot::Sender<WebSocketSession>>>,
}

#[async_trait]
impl WebSocketHandler for HandOver {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        let sender = session.sender();
        let to = self
            .to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let to = to.expect("a driver calls its handler once");
        drop(to.send(session)); // without a receiver, the session is dropped
        let mut closed = pin!(sender.closed());
        let mut abandoned = pin!(sender.abandoned());
        poll_fn(|cx| match closed.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => abandoned.as_mut().poll(cx),
        })
        .await;
        drop(sender.close(CloseCode::GOING_AWAY));
        Ok(())
    }
}
