//! Sessions on connections on which the application has done the opening handshake itself.

use std::{future::ready, sync::Arc};

use bytes::Bytes;
use switchwire_core::{
    CloseOutcome, Endpoint, HandlerResult, HandshakeError, HandshakeInfo, WebSocketHandler,
    WebSocketSession, WebSocketSettings,
    spi::{SessionParameters, Transport},
};
use switchwire_driver::{SessionDriver, Socket, StreamTransport};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    client::{hand_over_transport, serve_client_transport},
    dispatcher::{Once, PendingSession, UpgradeEndpoint},
    observe::Route,
    registry::SessionRegistry,
};

/// Runs the server's side of a session over any byte stream, after the opening handshake: for a server
/// without a backend, for a tunnel, for a test.
///
/// `already_read` are the bytes that arrived together with the handshake. The session has a permit
/// of `endpoint` and a place in `registry`, as every other session. Run the future on a task of its
/// own.
///
/// ```
/// use http::Request;
/// use switchwire_core::{Bytes, Endpoint, HandshakeRequest, WebSocketSession};
/// use switchwire_service::{SessionRegistry, serve_stream};
///
/// let (ours, theirs) = tokio::io::duplex(1 << 16);
/// let (head, ()) = Request::get("/hello").body(())?.into_parts();
/// let info = HandshakeRequest::from(head).into_info(None);
/// let endpoint = Endpoint::new(|session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// });
/// let session = serve_stream(ours, Bytes::new(), info, &endpoint, &SessionRegistry::new())?;
/// # drop(session);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HandshakeError::ShuttingDown`], and the errors of a limit on sessions.
pub fn serve_stream<IO>(
    io: IO,
    already_read: Bytes,
    info: Arc<HandshakeInfo>,
    endpoint: &Endpoint,
    registry: &SessionRegistry,
) -> Result<impl Future<Output = CloseOutcome> + use<IO>, HandshakeError>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let parameters = SessionParameters::server(endpoint.settings().clone());
    let transport = transport(io, already_read, &parameters);
    serve_transport("stream", transport, info, endpoint, registry)
}

fn serve_transport<T: Transport>(
    server: &'static str,
    transport: T,
    info: Arc<HandshakeInfo>,
    endpoint: &Endpoint,
    registry: &SessionRegistry,
) -> Result<impl Future<Output = CloseOutcome> + use<T>, HandshakeError> {
    let route = Route {
        server,
        endpoint: "*".into(),
    };
    let pending = PendingSession::new(endpoint.clone(), info, registry, route)?;
    Ok(pending.run(ready(Ok(transport))))
}

impl UpgradeEndpoint {
    /// Runs the server's side of a session over any byte stream, as [`serve_stream`] does.
    ///
    /// # Errors
    /// [`HandshakeError::ShuttingDown`], and the errors of a limit on sessions.
    pub fn serve_stream<IO, H, F>(
        &self,
        io: IO,
        already_read: Bytes,
        info: Arc<HandshakeInfo>,
        handler: H,
    ) -> Result<impl Future<Output = CloseOutcome> + use<IO, H, F>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + 'static,
        H: FnOnce(WebSocketSession) -> F + Send + 'static,
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let endpoint = self.endpoint().clone().with_handler(Once::of(handler));
        serve_stream(io, already_read, info, &endpoint, self.registry())
    }
}

/// Runs the client's side of a session over any byte stream, after the opening handshake.
pub fn serve_client_stream<IO>(
    io: IO,
    already_read: Bytes,
    info: Arc<HandshakeInfo>,
    handler: impl WebSocketHandler + 'static,
    settings: Arc<WebSocketSettings>,
) -> SessionDriver<StreamTransport<IO>>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let parameters = SessionParameters::client(settings.clone());
    let transport = transport(io, already_read, &parameters);
    serve_client_transport(transport, Arc::new(handler), info, settings)
}

/// Like [`serve_client_stream`], for a session that is used without a handler: the first future
/// resolves with it when the second has begun to run. Run the second on a task of its own.
pub fn hand_over_stream<IO>(
    io: IO,
    already_read: Bytes,
    info: Arc<HandshakeInfo>,
    settings: Arc<WebSocketSettings>,
) -> (
    impl Future<Output = Option<WebSocketSession>> + Send + use<IO>,
    SessionDriver<StreamTransport<IO>>,
)
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let parameters = SessionParameters::client(settings.clone());
    hand_over_transport(transport(io, already_read, &parameters), info, settings)
}

fn transport<IO>(io: IO, already_read: Bytes, parameters: &SessionParameters) -> StreamTransport<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
{
    StreamTransport::new(io, already_read, parameters)
        .with_socket(|io| Socket::find(io), parameters.settings())
}
