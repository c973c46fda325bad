use std::sync::Arc;

use async_trait::async_trait;

use super::{error::ConnectError, request::ClientRequest};
use crate::{close::CloseOutcome, handler::WebSocketHandler, session::WebSocketSession};

/// Opens WebSocket connections, with the same handlers and the same sessions as a server has.
///
/// # For handler authors
/// A session keeps the same contract on both ends ([`WebSocketSession`]). What differs on a client:
/// - `client.info.1` Its [`handshake_info`](WebSocketSession::handshake_info) has the URL that was
///   asked for, and as `headers` those of the server's answer.
/// - The client waits for the server to close TCP, up to the [closing
///   deadline](crate::WebSocketSettings::closing_deadline), and closes it then (`client.30`).
/// - The [handshake timeout](crate::WebSocketSettings::handshake_timeout) of the request's settings
///   is how long the server may take to answer the opening handshake.
///
/// # For authors of clients
/// `switchwire-client` has two implementations. One **must** make every check of [RFC 6455 section
/// 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1) on the answer before a session exists
/// (`client.11` to `client.17`). `switchwire-service` has these checks, `switchwire-driver` the
/// session driver, and `switchwire-protocol` the framing.
///
/// # Examples
/// ```
/// use switchwire_core::{ClientRequest, ConnectError, WebSocketClient};
///
/// async fn greet(client: &dyn WebSocketClient) -> Result<(), Box<dyn std::error::Error>> {
///     let mut session = client.connect(ClientRequest::new("ws://localhost:9001/echo")?).await?;
///     session.send("hello").await?;
///     println!("{:?}", session.receive().await?);
///     session.close(switchwire_core::CloseCode::NORMAL).await;
///     Ok(())
/// }
/// ```
#[async_trait]
pub trait WebSocketClient: Send + Sync {
    /// `client.execute.1` Connects, serves the session with `handler`, and resolves with how the
    /// session ended once the handler is done and the connection is closed.
    ///
    /// - `client.subprotocol.1` When the request names no subprotocols, the handler's are offered,
    ///   in their order.
    /// - `client.subprotocol.2` A handler that [requires](WebSocketHandler::requires_subprotocol)
    ///   one makes an answer without one an error.
    ///
    /// # Errors
    /// Why there is no session; the handler was not called then.
    ///
    /// # Cancel safety
    /// `client.drop.1` Dropping the future drops the handler and the connection, without a closing
    /// handshake.
    async fn execute(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError>;

    /// Connects and returns the session. It is served by a task of its own until the connection is
    /// closed.
    ///
    /// `client.drop.2` The session is the task's owner: when it and all its receive streams are
    /// dropped, it is closed with 1001, and the task ends when the server has answered or the
    /// closing deadline has passed. Senders do not keep it. As the session is not used by a
    /// handler, a Close of the server is answered at once; what came before it can still be
    /// received.
    ///
    /// # Errors
    /// Why there is no session.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    async fn connect(&self, request: ClientRequest) -> Result<WebSocketSession, ConnectError>;
}
