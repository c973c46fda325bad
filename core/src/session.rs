//! The handler's end of a connection: messages in, messages out.

mod control;
mod id;
#[cfg(all(test, loom))]
mod models;
mod outbound;
mod outbound_message;
mod port;
mod receive_buffer;
mod sender;
mod signals;
mod state;
mod stream;
mod sync;
mod waiting;
mod wakers;

use std::{fmt, future::poll_fn, pin::pin, sync::Arc, time::Duration};

use futures_core::Stream;

pub use self::{
    control::{SessionCommand, SessionControl, ShuttingDown},
    id::SessionId,
    outbound::Dropped,
    outbound_message::{OutboundMessage, SharedMessage},
    port::{OutboundBatch, SessionPort},
    receive_buffer::{ReadSummary, ReceiveBuffer, ReceiveEnd},
    sender::{Closed, Sending, TrySendError, WebSocketSender},
    stream::{ReceiveStream, Receiving, join_both, join_either},
};
use self::{state::Shared, wakers::Place};
use crate::{
    attributes::Attributes, close::CloseStatus, error::Error, handshake::HandshakeInfo,
    message::WebSocketMessage,
};

/// One WebSocket connection, the same on every server.
///
/// ```
/// use switchwire_core::{HandlerResult, WebSocketSession};
///
/// async fn echo(mut session: WebSocketSession) -> HandlerResult {
///     while let Some(message) = session.receive().await? {
///         session.send(message).await?;
///     }
///     Ok(())
/// }
/// ```
///
/// A session is also a `Stream` of results and a `Sink` of messages. To receive and to send
/// independently of each other, use a [`sender`](Self::sender) and [`join_both`]:
///
/// ```
/// use switchwire_core::{HandlerResult, WebSocketSession, join_both};
///
/// async fn handle(mut session: WebSocketSession) -> HandlerResult {
///     let sender = session.sender();
///     let input = async {
///         while let Some(message) = session.receive().await? {
///             println!("{} bytes", message.len());
///         }
///         Ok(())
///     };
///     let output = async { sender.send("welcome").await };
///     Ok(join_both(input, output).await?)
/// }
/// ```
///
/// # For handler authors
/// Receiving:
/// - `session.receive.1` [`receive`](Self::receive) returns whole messages in order. Text is valid
///   UTF-8. A message of length 0 is a message. Pings and pongs are returned only when the settings
///   ask for control frames.
/// - `session.receive.2` After the peer's Close, `receive` returns `Ok(None)`, once every message
///   before it was received.
/// - `session.receive.3` When anything else ends the connection, `receive` returns one error, after
///   the messages before it, and then `Ok(None)`.
/// - `session.receive.4` A handler that does not read stops the peer, through a bounded queue
///   ([`inbound_buffer_size`](crate::WebSocketSettings::inbound_buffer_size)).
/// - `session.receive.5` Dropping the session while the handler runs does not close it. The driver
///   then discards the messages of the peer.
///
/// Sending:
/// - `session.send.1` [`send`](Self::send) resolves when the session has accepted the message. The
///   order is kept, over all senders.
/// - `session.send.2` When more than the high-water mark is not written yet, `send` waits. It loses
///   nothing, unless the [policy for slow consumers](crate::SlowConsumerPolicy) drops messages.
/// - `session.send.3` After a close was asked for, or the peer's Close was answered, `send` fails.
/// - `session.send.4` When the handler next waits, the driver writes the messages that it sent,
///   however much the peer sends. The driver may gather up to 64 KiB first, of sent messages or of
///   what it reads meanwhile.
/// - `session.send.5` A ping or pong of more than 125 bytes is refused and not sent.
///
/// The driver serves the connection whether or not the handler returns, and whether or not it
/// reads, until the inbound queue is full. Then the driver reads nothing more, not even pings and
/// the peer's Close, and logs one warning. It still notices when the peer disconnects
/// ([`session.keepalive.9`](crate::WebSocketSettings::pong_timeout)).
/// - `session.serve.1` The driver answers a ping with a pong of the same payload, in order. Only
///   while output is blocked may the latest answer replace those before it ([RFC 6455 section
///   5.5.3](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3)).
/// - `session.serve.2` When the driver reads the peer's Close, it answers with the same code as
///   soon as the handler waits and all sent messages are written. A handler that takes messages
///   from the queue and answers them, without awaiting anything else, answers all of them. A
///   handler that awaits something else between a message and its answer has
///   [`answer_grace_after_close`](crate::WebSocketSettings::answer_grace_after_close), by default
///   no time.
/// - `session.serve.3` When the peer breaks the protocol, the driver sends a Close before TCP is
///   closed: 1002, or 1007 for invalid text, 1009 for a message that is too big, 1008 for a policy.
///   It processes nothing after the violation.
///
/// Closing:
/// - `session.close.1` [`close`](Self::close) takes effect when it is called, whether or not its
///   future is awaited.
/// - `session.close.2` It is idempotent: the first status counts.
/// - `session.close.3` Its future resolves when the closing handshake has ended or the deadline has
///   passed.
/// - `session.close.4` The driver writes every message that was accepted before the close, then the
///   Close frame, and nothing after it.
/// - `session.close.5` A server closes TCP first, after both Close frames.
/// - `session.close.6` When the peer does not answer within the [closing
///   deadline](crate::WebSocketSettings::closing_deadline), the driver drops the connection.
/// - `session.close.7` Between our Close and the peer's, the session receives messages of the peer
///   while there is room. The driver discards them when there is none.
/// - `session.close.8` [`closed`](Self::closed) tells how the session ended, to any number of
///   callers.
///
/// For a peer that disappears, is idle or reads too slowly, see
/// [`ping_interval`](crate::WebSocketSettings::ping_interval),
/// [`pong_timeout`](crate::WebSocketSettings::pong_timeout),
/// [`idle_timeout`](crate::WebSocketSettings::idle_timeout),
/// [`max_session_age`](crate::WebSocketSettings::max_session_age) and
/// [`SlowConsumerPolicy`](crate::SlowConsumerPolicy).
///
/// Shutting down, when the application [ends all sessions](Self::shutting_down):
/// - `session.shutdown.1` The driver sends Close 1001.
/// - `session.shutdown.2` [`shutting_down`](Self::shutting_down) resolves when the shutdown begins,
///   for any number of callers.
/// - `session.shutdown.3` When the handler waits in `receive`, or has never received, the driver
///   sends the Close at once. A handler that has taken a message and has not come back to `receive`
///   may answer it first, within [`answer_grace`](crate::WebSocketSettings::answer_grace), and may
///   continue with the messages in the queue. The driver writes its answers before the Close.
/// - `session.shutdown.4` A handler that closes with a status of its own sends that status. A
///   handler that returns sends 1001.
/// - `session.shutdown.5` Handlers may finish their work after the connection is closed, until the
///   deadline. Then the remaining connections and handlers are dropped.
///
/// Also: `session.id.1` [`id`](Self::id) is unique and cannot be guessed.
///
/// # For backend authors
/// Sessions come from [`SessionPort::open`], and only the driver opens them.
pub struct WebSocketSession {
    sender: WebSocketSender,
    /// Where the session waits as a stream, and as a sink.
    input: Place,
    output: Place,
}

impl WebSocketSession {
    fn new(shared: Arc<Shared>) -> Self {
        shared.lock().receivers += 1;
        Self {
            sender: WebSocketSender { shared },
            input: Place::default(),
            output: Place::default(),
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.sender.shared
    }

    /// The next message, or `None` after the closing handshake.
    ///
    /// # Errors
    /// Why the connection ended without a closing handshake. It is returned once.
    ///
    /// # Cancel safety
    /// When the future is dropped before it is ready, no message is lost.
    #[inline]
    pub fn receive(&mut self) -> Receiving<'_> {
        Receiving {
            shared: &self.sender.shared,
            place: &mut self.input,
            is_waiting: false,
        }
    }

    /// The messages as a separate stream. With several streams, each message goes to the one that
    /// asked first.
    #[must_use]
    pub fn receive_stream(&self) -> ReceiveStream {
        ReceiveStream::new(self.shared().clone())
    }

    /// Sends a message. Waits while more than the high-water mark is not written yet, and resolves
    /// when the session has accepted the message.
    ///
    /// With a [policy](crate::SlowConsumerPolicy) that drops, it does not wait for the peer, and
    /// the session may drop the message.
    ///
    /// # Errors
    /// When the session is closed or closing, or a ping or pong has more than 125 bytes.
    ///
    /// # Cancel safety
    /// When the future is dropped before it is ready, the message was not accepted.
    pub fn send(&self, message: impl Into<WebSocketMessage>) -> Sending<'_> {
        self.sender.send(message)
    }

    /// Accepts the message or, where the [policy](crate::SlowConsumerPolicy) drops, drops one;
    /// never waits.
    ///
    /// # Errors
    /// [`TrySendError::Full`] gives the message back when [`send`](Self::send) would wait;
    /// [`TrySendError::Failed`] as [`send`](Self::send).
    pub fn try_send(&self, message: impl Into<WebSocketMessage>) -> Result<(), TrySendError> {
        self.sender.try_send(message)
    }

    /// Waits until the server has taken all messages that were accepted so far. It is seldom
    /// needed: the driver writes sent messages without it.
    ///
    /// On hyper and warp, the system then has the messages. actix-web may hold back up to 144 KiB
    /// when the peer takes no more, and writes them as the peer reads. On no server does it mean
    /// that the peer has received anything.
    ///
    /// # Errors
    /// When the session ended before that.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing. The driver writes all accepted messages.
    pub async fn flush(&self) -> Result<(), Error> {
        self.sender.flush().await
    }

    /// Sends all messages of a stream. Completes when the stream has ended and everything is
    /// written.
    ///
    /// ```
    /// use futures_util::{TryStreamExt, future};
    /// use switchwire_core::{HandlerResult, WebSocketMessage, WebSocketSession};
    ///
    /// async fn shout(session: WebSocketSession) -> HandlerResult {
    ///     let answers = session
    ///         .receive_stream()
    ///         .map_ok(|message| WebSocketMessage::from(message.as_text().unwrap_or("?").to_uppercase()));
    ///     Ok(session.send_all(answers).await?)
    /// }
    /// ```
    ///
    /// # Errors
    /// The first error of the stream, or of sending.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream. At most one message that the stream yielded is lost.
    pub async fn send_all<S, M, E>(&self, stream: S) -> Result<(), E>
    where
        S: Stream<Item = Result<M, E>>,
        M: Into<WebSocketMessage>,
        E: From<Error>,
    {
        let mut stream = pin!(stream);
        while let Some(message) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            self.send(message?).await?;
        }
        Ok(self.flush().await?)
    }

    /// A handle that sends from any task and any thread.
    #[must_use]
    pub fn sender(&self) -> WebSocketSender {
        self.sender.clone()
    }

    /// Begins the closing handshake. It takes effect at once; the future only tells how it ended.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub fn close(&self, status: impl Into<CloseStatus>) -> Closed {
        self.sender.close(status)
    }

    /// Resolves with how the session ended, when it has ended.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    #[must_use]
    pub fn closed(&self) -> Closed {
        self.sender.closed()
    }

    /// Resolves when the application is shutting down, and when the session has ended in any other
    /// way. [`is_shutting_down`](ShuttingDown::is_shutting_down) tells the two apart.
    ///
    /// The driver closes the session with 1001 whether or not this is called.
    ///
    /// ```
    /// use switchwire_core::{HandlerResult, WebSocketSession, join_either};
    ///
    /// async fn handle(mut session: WebSocketSession) -> HandlerResult {
    ///     let sender = session.sender();
    ///     let work = async {
    ///         while let Some(message) = session.receive().await? {
    ///             session.send(message).await?;
    ///         }
    ///         Ok(())
    ///     };
    ///     let farewell = async {
    ///         sender.shutting_down().await;
    ///         sender.send("reconnect in a minute").await
    ///     };
    ///     Ok(join_either(work, farewell).await?)
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    #[must_use]
    pub fn shutting_down(&self) -> ShuttingDown {
        self.sender.shutting_down()
    }

    /// Whether messages can still be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.sender.is_open()
    }

    /// How many bytes have been accepted and not written to the socket yet.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.sender.buffered_amount()
    }

    /// The messages that the [policy for slow consumers](crate::SlowConsumerPolicy) has dropped so
    /// far.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.sender.dropped()
    }

    /// The time between the last answered keepalive ping and its pong. `None` before the first.
    ///
    /// `session.keepalive.7` Pongs that answer no ping of the keepalive do not change it.
    #[must_use]
    pub fn round_trip_time(&self) -> Option<Duration> {
        self.sender.round_trip_time()
    }

    /// The session's id. It is unique and cannot be guessed.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.shared().id
    }

    /// The request that opened the session.
    #[must_use]
    pub fn handshake_info(&self) -> &HandshakeInfo {
        &self.shared().info
    }

    /// The attributes of the session.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        self.shared().info.attributes()
    }
}

impl Drop for WebSocketSession {
    fn drop(&mut self) {
        let shared = &self.sender.shared;
        shared.give_back(&self.input);
        shared.give_back(&self.output);
        shared.drop_receiver();
    }
}

impl fmt::Debug for WebSocketSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketSession")
            .field("id", &self.id())
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}
