use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Dropped, OutboundMessage, SessionId, SharedMessage, ShuttingDown,
    state::{IfFull, Shared},
    waiting::Waiting,
};
use crate::{
    attributes::Attributes,
    close::{CloseOutcome, CloseStatus},
    error::Error,
    handshake::HandshakeInfo,
    message::WebSocketMessage,
};

/// Sends on a session from any task and any thread. Cloning it is cheap.
///
/// It keeps neither the handler nor the connection alive. After the session is closed, sending
/// fails.
///
/// ```
/// use switchwire_core::{HandlerResult, WebSocketSession};
///
/// async fn handle(mut session: WebSocketSession) -> HandlerResult {
///     let sender = session.sender();
///     std::thread::spawn(move || sender.try_send("from another thread"));
///     while session.receive().await?.is_some() {}
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct WebSocketSender {
    pub(super) shared: Arc<Shared>,
}

impl WebSocketSender {
    /// Sends a message, as [`WebSocketSession::send`](crate::WebSocketSession::send) does.
    ///
    /// # Errors
    /// When the session is closed or closing, or a ping or pong has more than 125 bytes.
    ///
    /// # Cancel safety
    /// When the future is dropped before it is ready, the message was not accepted.
    pub fn send(&self, message: impl Into<WebSocketMessage>) -> Sending<'_> {
        Sending {
            waiting: Waiting::new(&self.shared),
            message: Some(OutboundMessage::Single(message.into())),
        }
    }

    /// Sends a message that other sessions send, too, as [`send`](Self::send) does. For authors of
    /// broadcasts.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub fn send_shared(&self, message: SharedMessage) -> Sending<'_> {
        Sending {
            waiting: Waiting::new(&self.shared),
            message: Some(OutboundMessage::Shared(message)),
        }
    }

    /// Accepts the message or, where the [policy](crate::SlowConsumerPolicy) drops, drops one. It
    /// never waits.
    ///
    /// # Errors
    /// [`TrySendError::Full`] gives the message back when [`send`](Self::send) would wait;
    /// [`TrySendError::Failed`] as [`send`](Self::send).
    pub fn try_send(&self, message: impl Into<WebSocketMessage>) -> Result<(), TrySendError> {
        self.offer(OutboundMessage::Single(message.into()))
    }

    /// Accepts a message that other sessions send, too, as [`try_send`](Self::try_send) does. For
    /// authors of broadcasts.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_shared(&self, message: SharedMessage) -> Result<(), TrySendError> {
        self.offer(OutboundMessage::Shared(message))
    }

    fn offer(&self, message: OutboundMessage) -> Result<(), TrySendError> {
        let mut message = Some(message);
        match (self.shared.offer(&mut message, IfFull::Refuse), message) {
            (Ok(_), None) => Ok(()),
            (Ok(_), Some(message)) => Err(TrySendError::Full(message.into_message())),
            (Err(error), _) => Err(TrySendError::Failed(error)),
        }
    }

    /// Waits until the server has taken all accepted messages, as
    /// [`WebSocketSession::flush`](crate::WebSocketSession::flush) does.
    ///
    /// # Errors
    /// When the session ended before everything was written.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing. The driver writes all accepted messages.
    pub async fn flush(&self) -> Result<(), Error> {
        let (mut waiting, mut target) = (Waiting::new(&*self.shared), None);
        poll_fn(|cx| {
            self.shared
                .poll_written(cx, &mut waiting.place, &mut target)
        })
        .await
    }

    /// Begins the closing handshake, as [`WebSocketSession::close`](crate::WebSocketSession::close)
    /// does.
    pub fn close(&self, status: impl Into<CloseStatus>) -> Closed {
        self.shared.request_close(status.into());
        self.closed()
    }

    /// Tells how the session ended, as
    /// [`WebSocketSession::closed`](crate::WebSocketSession::closed) does.
    #[must_use]
    pub fn closed(&self) -> Closed {
        Closed {
            waiting: Waiting::new(self.shared.clone()),
        }
    }

    /// Waits until nothing can receive any more: the session and all its receive streams are
    /// dropped.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn abandoned(&self) {
        let mut waiting = Waiting::new(&*self.shared);
        poll_fn(|cx| self.shared.poll_abandoned(cx, &mut waiting.place)).await;
    }

    /// Whether messages can still be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.shared.lock().sending_ended
    }

    /// How many bytes have been accepted and not written to the socket yet.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.shared.lock().outbound.bytes()
    }

    /// The messages that the policy for slow consumers has dropped so far.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.shared.lock().outbound.dropped()
    }

    /// Resolves at shutdown, as
    /// [`WebSocketSession::shutting_down`](crate::WebSocketSession::shutting_down) does.
    #[must_use]
    pub fn shutting_down(&self) -> ShuttingDown {
        ShuttingDown::new(self.shared.clone())
    }

    /// The last round trip of the keepalive: see
    /// [`WebSocketSession::round_trip_time`](crate::WebSocketSession::round_trip_time).
    #[must_use]
    pub fn round_trip_time(&self) -> Option<Duration> {
        self.shared.lock().round_trip_time
    }

    /// The id of the session.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.shared.id
    }

    /// The request that opened the session.
    #[must_use]
    pub fn handshake_info(&self) -> &HandshakeInfo {
        &self.shared.info
    }

    /// The attributes of the session.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        self.shared.info.attributes()
    }
}

impl fmt::Debug for WebSocketSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketSender")
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}

/// Resolves when the session has accepted the message. When it is dropped before that, the message
/// was not accepted.
#[must_use = "nothing is sent before it is awaited"]
pub struct Sending<'a> {
    waiting: Waiting<&'a Shared>,
    message: Option<OutboundMessage>,
}

impl Future for Sending<'_> {
    type Output = Result<(), Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { waiting, message } = &mut *self;
        let Waiting { shared, place } = waiting;
        shared.poll_send(cx, place, message)
    }
}

impl fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("id", &self.waiting.shared.id)
            .finish_non_exhaustive()
    }
}

/// Resolves with how the session ended. It need not be awaited, and may be dropped at any time.
pub struct Closed {
    waiting: Waiting<Arc<Shared>>,
}

impl Future for Closed {
    type Output = CloseOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        let Waiting { shared, place } = &mut self.waiting;
        shared.poll_outcome(cx, place)
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("id", &self.waiting.shared.id)
            .finish_non_exhaustive()
    }
}

/// Why [`try_send`](WebSocketSender::try_send) did not accept a message.
#[derive(Debug, thiserror::Error)]
pub enum TrySendError {
    /// More than the high-water mark is unwritten. Gives the message back.
    #[error("the outbound buffer is full")]
    Full(WebSocketMessage),
    /// The message cannot be sent.
    #[error("the message cannot be sent")]
    Failed(#[source] Error),
}
