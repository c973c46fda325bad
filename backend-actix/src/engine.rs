//! Sessions over the engine actix-ws.

use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{HttpRequest, HttpResponse, error::PayloadError, rt};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseReason, Message, MessageStream, ProtocolError,
    Session,
};
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use switchwire_core::{
    ByteString, CloseCode, CloseStatus, Error, ErrorKind, HandlerResult, WebSocketMessage,
    WebSocketSession, WebSocketSettings,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd, Transport, discard},
};
use switchwire_service::UpgradeEndpoint;

use crate::{error::refusal, request::handshake_request, socket::Socket};

/// Runs `handler` over what [`actix_ws::handle`] has given, and returns the response to return.
///
/// It is for an application that has such sessions already. The handler then gets what a session has
/// on every server: limits, timeouts, keepalive, back-pressure, rooms and an orderly shutdown.
/// `endpoint` counts the session; when there is no place for it, the response refuses it. Nobody has
/// checked the origin: that is up to the application.
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

/// A [`Transport`] over a session and a message stream of actix-ws 0.4.
///
/// The engine does some things by itself, so a session differs from one on our own framing:
/// - it takes 32 messages at once, whatever their size, and does not tell when it has written them;
/// - it buffers a whole frame before it checks its size;
/// - it reports a violation before messages that arrived ahead of it;
/// - it tells nothing about a message that is still arriving;
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

/// Our message as the engine's, which owns its bytes: the engine would drop an owner of the
/// application's in the middle of a write.
fn outgoing(frame: &OutgoingFrame) -> Message {
    match frame {
        OutgoingFrame::Message(message) => data(message),
        OutgoingFrame::Shared(message) => data(message.message()),
        OutgoingFrame::Close(status) => Message::Close(status.as_ref().map(|status| CloseReason {
            code: status.code().as_u16().into(),
            description: Some(status.reason().to_owned()),
        })),
    }
}

fn data(message: &WebSocketMessage) -> Message {
    let copied = Bytes::copy_from_slice;
    match message {
        WebSocketMessage::Text(text) => Message::Text(ByteString::from(&**text)),
        WebSocketMessage::Binary(bytes) => Message::Binary(copied(bytes)),
        WebSocketMessage::Ping(payload) => Message::Ping(copied(payload)),
        WebSocketMessage::Pong(payload) => Message::Pong(copied(payload)),
    }
}

fn len(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) | Message::Continuation(_) | Message::Nop => 0,
    }
}

fn receive(message: AggregatedMessage, max_message_size: usize, incoming: &mut ReceiveBuffer) {
    let message = match message {
        AggregatedMessage::Text(text) => WebSocketMessage::Text(text),
        AggregatedMessage::Binary(bytes) => WebSocketMessage::Binary(bytes),
        AggregatedMessage::Ping(payload) => WebSocketMessage::Ping(payload),
        AggregatedMessage::Pong(payload) => WebSocketMessage::Pong(payload),
        AggregatedMessage::Close(reason) => {
            return incoming.end(match reason.map(close_status).transpose() {
                Ok(status) => ReceiveEnd::Close(status),
                Err(error) => ReceiveEnd::Failed(error),
            });
        }
    };
    incoming.note_bytes(message.len(), true);
    if message.len() > max_message_size {
        return incoming.end(ReceiveEnd::Failed(Error::new(ErrorKind::TooBig)));
    }
    incoming.push(message);
}

fn close_status(reason: CloseReason) -> Result<CloseStatus, Error> {
    let code = CloseCode::new(reason.code.into());
    let status =
        code.and_then(|code| CloseStatus::new(code, reason.description.unwrap_or_default()));
    status.map_err(|error| Error::with_source(ErrorKind::Protocol, error))
}

/// Whether the engine tells the error again, or ends, when all messages before it are taken. It does
/// not pass a frame whose header is wrong; other frames that are wrong are behind it.
fn comes_again(error: &ProtocolError) -> bool {
    match error {
        ProtocolError::Io(error) => {
            is_of_payload(error) || error.to_string().contains("reserved bits")
        }
        ProtocolError::UnmaskedFrame | ProtocolError::InvalidOpcode(_) => true,
        _ => false,
    }
}

/// Whether the connection has failed.
fn is_of_payload(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|source| source.is::<PayloadError>())
}

/// Whether text was not UTF-8. The engine's errors for reserved bits and for a close code have the
/// same kind.
fn is_about_text(error: &io::Error) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    error.kind() == io::ErrorKind::InvalidData && text.contains("utf-8")
}

/// What the engine's error means for a session.
fn failure(error: &ProtocolError) -> Error {
    let kind = match error {
        ProtocolError::Overflow => ErrorKind::TooBig,
        ProtocolError::Io(error) if is_of_payload(error) => ErrorKind::Disconnected,
        ProtocolError::Io(error) if is_about_text(error) => ErrorKind::InvalidPayload,
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            ErrorKind::Protocol
        }
        ProtocolError::Io(_) => ErrorKind::TooBig, // fragments together
        _ => ErrorKind::Protocol,
    };
    // The engine's error is not `Sync`.
    Error::with_source(kind, error.to_string())
}
