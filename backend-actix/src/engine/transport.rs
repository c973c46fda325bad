use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::HttpRequest;
use actix_ws::{AggregatedMessageStream, Message, MessageStream, Session};
use futures_core::Stream;
use futures_sink::Sink;
use switchwire_core::{
    Error, ErrorKind, WebSocketSettings,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd, Transport, discard},
};

use super::message::{comes_again, failure, len, outgoing, receive};
use crate::socket::Socket;

/// A [`Transport`] over a session and a message stream of actix-ws 0.4.
///
/// The engine does some things by itself, so a session differs from one on our own framing:
/// - it takes 32 messages at once, whatever their size, and does not tell when it has written them;
/// - it buffers a whole frame before it checks its size;
/// - it reports a violation before messages that arrived ahead of it;
/// - it tells nothing about a message that is still arriving or still being written. Set
///   `pong_timeout` to more than a large message takes on a slow line;
/// - it ends the connection when it has written a Close, before the peer's answer. A session that this
///   side closes therefore counts as one that failed, with 1006, also in the report of a shutdown;
/// - the server keeps TCP open for up to a second after the closing handshake.
pub struct ActixWsTransport {
    session: Session,
    messages: AggregatedMessageStream,
    max_message_size: usize,
    /// What the engine has not taken.
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
    /// A failure that the engine has told ahead of messages.
    failed: Option<Error>,
    socket: Option<Socket>,
}

impl ActixWsTransport {
    /// Makes a transport of what [`actix_ws::handle`] gave for `request`, within the limits of
    /// `settings`.
    #[must_use]
    pub fn new(
        request: &HttpRequest,
        session: Session,
        messages: MessageStream,
        settings: &WebSocketSettings,
    ) -> Self {
        let socket = Socket::from_request(request);
        if let Some(socket) = socket {
            socket.limit_silence(settings);
        }
        Self {
            session,
            messages: messages
                .max_frame_size(settings.max_frame_size())
                .aggregate_continuations()
                .max_continuation_size(settings.max_message_size()),
            max_message_size: settings.max_message_size(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            failed: None,
            socket,
        }
    }
}

impl Transport for ActixWsTransport {
    fn poll_receive(&mut self, cx: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()> {
        let last = loop {
            match ready!(Pin::new(&mut self.messages).poll_next(cx)) {
                Some(Ok(message)) => {
                    receive(message, self.max_message_size, incoming);
                    return Poll::Ready(());
                }
                // The messages that arrived before it come after it.
                Some(Err(error)) if self.failed.is_none() && comes_again(&error) => {
                    self.failed = Some(failure(&error));
                }
                Some(Err(error)) => break failure(&error),
                None => break Error::new(ErrorKind::Disconnected),
            }
        };
        incoming.end(ReceiveEnd::Failed(self.failed.take().unwrap_or(last)));
        Poll::Ready(())
    }

    fn send(&mut self, frame: OutgoingFrame) {
        let message = outgoing(&frame);
        self.waiting_bytes += len(&message);
        self.waiting.push_back(message);
        discard(frame);
    }

    fn buffered(&self) -> usize {
        self.waiting_bytes
    }

    /// Resolves when the engine has taken everything. It does not tell when that is written.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            ready!(Pin::new(&mut self.session).poll_ready(cx)).map_err(io::Error::other)?;
            if let Some(message) = self.waiting.pop_front() {
                self.waiting_bytes -= len(&message);
                let sent = Pin::new(&mut self.session).start_send(message);
                sent.map_err(io::Error::other)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        while let Some(Ok(_)) = ready!(Pin::new(&mut self.messages).poll_next(cx)) {}
        Poll::Ready(Ok(()))
    }

    fn peer_has_ended(&self) -> bool {
        self.socket.is_some_and(Socket::peer_has_ended)
    }

    fn unacknowledged(&self) -> usize {
        self.socket.map_or(0, Socket::unacknowledged)
    }
}

impl fmt::Debug for ActixWsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActixWsTransport")
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
