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

/// The futures that a session's methods return, for code that has to name them.
pub mod future {
    pub use crate::session::{Closed, Receiving, Sending, ShuttingDown};
}

/// For authors of backends, transports, drivers and registries. Applications do not need it.
///
/// - [`Transport`](spi::Transport) carries the frames of one connection. It puts what it reads into
///   a [`ReceiveBuffer`](spi::ReceiveBuffer).
/// - [`SessionPort`](spi::SessionPort) is the driver's end of a session.
/// - [`SessionControl`](spi::SessionControl) is the registry's end.
///   [`SessionPermit`](spi::SessionPermit) is one session's share of its endpoint's limits.
/// - [`Acceptance`](spi::Acceptance) is the answer of a [`WebSocketService`].
///   [`SessionParameters`](spi::SessionParameters) are the parameters that a session is opened
///   with.
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
