//! Messages and errors of the engine, and ours.

use bytes::Bytes;
use bytestring::ByteString;
use switchwire_core::{
    CloseCode, CloseStatus, Error, ErrorKind, WebSocketMessage,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd},
};
use tokio_tungstenite::tungstenite::{
    Error as EngineError, Message, Utf8Bytes,
    error::ProtocolError,
    protocol::{CloseFrame, frame::coding::CloseCode as EngineCode},
};

/// Our message as the engine's, which owns its bytes: the engine would drop an owner of the
/// application's in the middle of a write.
pub(crate) fn outgoing(frame: &OutgoingFrame) -> Message {
    match frame {
        OutgoingFrame::Message(message) => data(message),
        OutgoingFrame::Shared(message) => data(message.message()),
        OutgoingFrame::Close(status) => Message::Close(status.as_ref().map(|status| CloseFrame {
            code: EngineCode::from(status.code().as_u16()),
            reason: status.reason().into(),
        })),
    }
}

fn data(message: &WebSocketMessage) -> Message {
    let copied = Bytes::copy_from_slice;
    match message {
        WebSocketMessage::Text(text) => Message::Text(Utf8Bytes::from(&**text)),
        WebSocketMessage::Binary(bytes) => Message::Binary(copied(bytes)),
        WebSocketMessage::Ping(payload) => Message::Ping(copied(payload)),
        WebSocketMessage::Pong(payload) => Message::Pong(copied(payload)),
    }
}

/// Gives the receive buffer what the engine has read.
pub(crate) fn receive(
    received: Option<Result<Message, EngineError>>,
    max_message_size: usize,
    incoming: &mut ReceiveBuffer,
) {
    let message = match received {
        Some(Ok(message)) => message,
        Some(Err(error)) => return incoming.end(ReceiveEnd::Failed(failure(error))),
        None => return incoming.end(ReceiveEnd::Failed(Error::new(ErrorKind::Disconnected))),
    };
    incoming.note_bytes(frame_len(message.len()), true);
    if (message.is_text() || message.is_binary()) && message.len() > max_message_size {
        return incoming.end(ReceiveEnd::Failed(Error::new(ErrorKind::TooBig)));
    }
    match message {
        Message::Text(text) => {
            let text =
                ByteString::try_from(Bytes::from(text)).expect("the engine has checked UTF-8");
            incoming.push(WebSocketMessage::Text(text));
        }
        Message::Binary(bytes) => incoming.push(WebSocketMessage::Binary(bytes)),
        Message::Ping(payload) => incoming.push(WebSocketMessage::Ping(payload)),
        Message::Pong(payload) => incoming.push(WebSocketMessage::Pong(payload)),
        Message::Close(status) => incoming.end(match close_status(status) {
            Ok(status) => ReceiveEnd::Close(status),
            Err(error) => ReceiveEnd::Failed(error),
        }),
        Message::Frame(_) => {} // the engine reads none
    }
}

/// The engine answers a status that a peer must not send with 1002, and gives that.
fn close_status(status: Option<CloseFrame>) -> Result<Option<CloseStatus>, Error> {
    let Some(CloseFrame { code, reason }) = status else {
        return Ok(None);
    };
    let code = CloseCode::new(code.into());
    let status = code.and_then(|code| CloseStatus::new(code, reason.as_str()));
    let status = status.map_err(|error| Error::with_source(ErrorKind::Protocol, error))?;
    Ok(Some(status))
}

/// What the engine's error means for a session.
pub(crate) fn failure(error: EngineError) -> Error {
    let kind = match &error {
        EngineError::ConnectionClosed
        | EngineError::AlreadyClosed
        | EngineError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            ErrorKind::Disconnected
        }
        EngineError::Capacity(_) => ErrorKind::TooBig,
        EngineError::Utf8(_) => ErrorKind::InvalidPayload,
        EngineError::Io(_) | EngineError::Tls(_) => ErrorKind::Io,
        _ => ErrorKind::Protocol,
    };
    Error::with_source(kind, error)
}

/// How long a message is as one frame of a server.
pub(crate) fn frame_len(payload: usize) -> usize {
    payload
        + match payload {
            0..=125 => 2,
            126..=0xFFFF => 4,
            _ => 10,
        }
}
