#![doc = include_str!("../README.md")]

mod client;
mod cors;
mod dispatcher;
mod driver;
mod forwarded;
pub mod framing;
mod handshake;
mod mapping;
mod stream;
#[cfg(feature = "test")]
pub mod test;

pub use self::{
    client::{ClientHandshake, client_info, hand_over, serve_client},
    dispatcher::{Dispatch, WebSocketDispatcher, run_session},
    driver::SessionDriver,
    forwarded::{InvalidProxy, TrustedProxies},
    handshake::{HandshakeWebSocketService, OriginPolicy},
    mapping::{InvalidMapping, MappedPath, UrlHandlerMapping},
    stream::StreamTransport,
};
