//! Messages and errors of the engine, and ours.

use std::io;

use actix_web::error::PayloadError;
use actix_ws::{AggregatedMessage, CloseReason, Message, ProtocolError};
use bytes::Bytes;
use switchwire_core::{
    ByteString, CloseCode, CloseStatus, Error, ErrorKind, WebSocketMessage,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd},
};

/// Our message as the engine's, which owns its bytes: the engine would drop an owner of the
/// application's in the middle of a write.
pub(super) fn outgoing(frame: &OutgoingFrame) -> Message {
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

pub(super) fn len(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) | Message::Continuation(_) | Message::Nop => 0,
    }
}

pub(super) fn receive(
    message: AggregatedMessage,
    max_message_size: usize,
    incoming: &mut ReceiveBuffer,
) {
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
    if !message.is_control() && message.len() > max_message_size {
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
pub(super) fn comes_again(error: &ProtocolError) -> bool {
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
pub(super) fn failure(error: &ProtocolError) -> Error {
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
