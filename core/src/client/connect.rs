use std::sync::Arc;

use async_trait::async_trait;

use super::{error::ConnectError, request::ClientRequest};
use crate::{close::CloseOutcome, handler::WebSocketHandler, session::WebSocketSession};

/// Opens WebSocket connections, with the same handlers and the same sessions as a server.
///
/// # For handler authors
/// A session keeps the same contract on both ends ([`WebSocketSession`]). Three things differ on a
/// client:
/// - `client.info.1` Its [`handshake_info`](WebSocketSession::handshake_info) has the URL of the
///   request. Its `headers` are those of the server's answer.
/// - The client waits for the server to close TCP, up to the [closing
///   deadline](crate::WebSocketSettings::closing_deadline). Then the client closes it
///   (`client.30`).
/// - The [handshake timeout](crate::WebSocketSettings::handshake_timeout) in the request's settings
///   bounds the time until the server has answered the opening handshake, including all redirects
///   that the client follows.
///
/// # For authors of clients
/// `switchwire-client` has two implementations. A client **must** make every check of [RFC 6455
/// section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1) on the answer before a session
/// exists (`client.11` to `client.17`). `switchwire-service` has these checks,
/// `switchwire-protocol` has the framing, and `switchwire-driver` has the session driver.
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
    /// `client.execute.1` Connects and serves the session with `handler`. Resolves with how the
    /// session ended, once the handler has returned and the connection is closed.
    ///
    /// - `client.subprotocol.1` When the request names no subprotocols, the client offers the
    ///   handler's, in their order.
    /// - `client.subprotocol.2` When the handler [requires](WebSocketHandler::requires_subprotocol)
    ///   a subprotocol, an answer without one is an error.
    ///
    /// # Errors
    /// Says why there is no session. The handler was not called then.
    ///
    /// # Cancel safety
    /// `client.drop.1` Dropping the future drops the handler and the connection, without a closing
    /// handshake.
    async fn execute(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError>;

    /// Connects and returns the session. A task of its own serves the session until the connection
    /// is closed.
    ///
    /// `client.drop.2` The session owns the task. When the session and all its receive streams are
    /// dropped, the driver closes with 1001. The task ends when the server has answered, or when
    /// the closing deadline has passed. Senders do not keep the session open. No handler uses the
    /// session, so the driver answers a Close of the server at once. The application can still
    /// receive the messages before that Close.
    ///
    /// # Errors
    /// Says why there is no session.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    async fn connect(&self, request: ClientRequest) -> Result<WebSocketSession, ConnectError>;
}
