#![doc = include_str!("../README.md")]

mod admission;
mod attributes;
mod client;
mod close;
mod cors;
mod error;
mod foreign;
mod handler;
mod handshake;
mod message;
mod origin;
mod service;
mod session;
mod settings;
mod transport;
mod upgrade;

#[doc(no_inline)]
pub use async_trait::async_trait;
#[doc(no_inline)]
pub use bytes::Bytes;
#[doc(no_inline)]
pub use bytestring::ByteString;

pub use self::{
    admission::Place,
    attributes::Attributes,
    client::{
        ClientRequest, ConnectError, HandshakeViolation, InvalidRequest, ProxyError, RedirectError,
        WebSocketClient,
    },
    close::{CloseCode, CloseOutcome, CloseStatus, InvalidCloseStatus},
    cors::{CorsConfiguration, CorsConfigurationBuilder, InvalidCors},
    error::{CloseWith, Error, ErrorKind, HandlerError, HandlerResult},
    foreign::discard,
    handler::WebSocketHandler,
    handshake::{
        HandshakeError, HandshakeInfo, HandshakeInterceptor, HandshakeRequest, HttpSession,
        Principal, ResponseHeaders,
    },
    message::WebSocketMessage,
    origin::{InvalidOrigin, Origin, OriginPattern},
    service::{Acceptance, Endpoint, WebSocketService},
    session::{
        Closed, Dropped, Inbox, InboxEnd, Order, ReceiveStream, Received, Receiving, Sending,
        SessionControl, SessionId, SessionPort, ShuttingDown, Taken, TrySendError, WebSocketSender,
        WebSocketSession, join_both, join_either,
    },
    settings::{
        InvalidSettings, RatePolicy, SlowConsumerPolicy, WebSocketSettings,
        WebSocketSettingsBuilder,
    },
    transport::{Outgoing, Transport},
    upgrade::RequestUpgradeStrategy,
};
