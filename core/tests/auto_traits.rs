//! Which types may cross threads: a promise that must not be lost by accident.

use switchwire_core::{
    Attributes, CloseOutcome, CloseStatus, Endpoint, Error, HandlerError, HandshakeError,
    HandshakeInfo, HandshakeRequest, ReceiveStream, SessionId, WebSocketHandler, WebSocketMessage,
    WebSocketSender, WebSocketService, WebSocketSession, WebSocketSettings,
    future::Closed,
    spi::{
        Acceptance, OutboundMessage, OutgoingFrame, SessionControl, SessionParameters, SessionPort,
        SharedMessage,
    },
};

fn send<T: Send + ?Sized>() {}
fn send_sync<T: Send + Sync + ?Sized>() {}
fn is_send<T: Send>(_: &T) {}

#[test]
fn everything_a_handler_holds_is_send_and_sync() {
    send_sync::<WebSocketSession>();
    send_sync::<WebSocketSender>();
    send_sync::<ReceiveStream>();
    send_sync::<Closed>();
    send_sync::<WebSocketMessage>();
    send_sync::<HandshakeInfo>();
    send_sync::<Attributes>();
    send_sync::<CloseStatus>();
    send_sync::<CloseOutcome>();
    send_sync::<Error>();
    send_sync::<HandlerError>();
    send_sync::<SessionId>();
}

#[test]
fn everything_a_server_shares_is_send() {
    send_sync::<dyn WebSocketHandler>();
    send_sync::<dyn WebSocketService>();
    send_sync::<Endpoint>();
    send_sync::<WebSocketSettings>();
    send_sync::<SessionPort>();
    send::<HandshakeRequest>();
    send::<HandshakeError>();
    send::<Acceptance>();
    send_sync::<SessionParameters>();
    send_sync::<SessionControl>();
    send_sync::<OutgoingFrame>();
    send_sync::<OutboundMessage>();
    send_sync::<SharedMessage>();
}

#[test]
fn the_futures_of_a_session_are_send() {
    fn check(session: &mut WebSocketSession) {
        is_send(&session.send("x"));
        is_send(&session.flush());
        is_send(&session.closed());
        is_send(&session.receive());
    }
    let _: fn(&mut WebSocketSession) = check;
}
