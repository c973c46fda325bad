#![doc = include_str!("../README.md")]

mod admission;
mod attributes;
pub mod client;
mod clock;
mod close;
mod cors;
mod error;
mod foreign;
mod handler;
mod handshake;
mod message;
mod origin;
mod parameters;
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
    attributes::Attributes,
    client::{
        connect::WebSocketClient, error::ConnectError, invalid::InvalidRequest,
        request::ClientRequest,
    },
    close::{CloseCode, CloseOutcome, CloseStatus, InvalidCloseStatus},
    cors::{CorsConfiguration, CorsConfigurationBuilder, InvalidCors},
    error::{CloseWith, Error, ErrorKind, HandlerError, HandlerResult},
    handler::WebSocketHandler,
    handshake::{
        ConnectionInfo, HandshakeError, HandshakeInfo, HandshakeInterceptor, HandshakeRequest,
        HttpSession, Principal, ResponseHeaders,
    },
    message::WebSocketMessage,
    origin::{InvalidOrigin, Origin, OriginPattern},
    service::{Endpoint, WebSocketService},
    session::{
        Dropped, ReceiveStream, SessionId, TrySendError, WebSocketSender, WebSocketSession,
        join_both, join_either,
    },
    settings::{
        InvalidSettings, RatePolicy, SlowConsumerPolicy, WebSocketSettings,
        WebSocketSettingsBuilder,
    },
    upgrade::RequestUpgradeStrategy,
};

/// The futures that a session's methods return, for those who have to name them.
pub mod future {
    pub use crate::session::{Closed, Receiving, Sending, ShuttingDown};
}

/// For authors of backends, transports, drivers and registries. Applications need none of it.
///
/// - [`Transport`](spi::Transport) carries the frames of one connection; [`ReceiveBuffer`](spi::ReceiveBuffer) is where it
///   puts what it has read.
/// - [`SessionPort`](spi::SessionPort) is the driver's end of a session.
/// - [`SessionControl`](spi::SessionControl) is a registry's, and [`SessionPermit`](spi::SessionPermit) what a session
///   takes of the limits of its endpoint.
/// - [`Acceptance`](spi::Acceptance) is what a [`WebSocketService`] answers, and
///   [`SessionParameters`](spi::SessionParameters) what a session is opened with.
pub mod spi {
    pub use crate::{
        admission::SessionPermit,
        clock::Clock,
        foreign::discard,
        handshake::Opening,
        parameters::{Extensions, Role, SessionParameters},
        service::Acceptance,
        session::{
            OutboundBatch, OutboundMessage, ReadSummary, ReceiveBuffer, ReceiveEnd, SessionCommand,
            SessionControl, SessionPort, SharedMessage,
        },
        transport::{Duties, OutgoingFrame, Transport},
    };
}
