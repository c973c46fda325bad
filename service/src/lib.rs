#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod cors;
mod dispatcher;
mod driver;
mod foreign;
mod forwarded;
mod handshake;
mod mapping;
mod observe;
mod registry;
mod socket;
mod stream;
#[cfg(feature = "test")]
pub mod test;

pub use self::{
    client::{ClientHandshake, client_info, hand_over, serve_client},
    dispatcher::{Dispatch, WebSocketDispatcher},
    driver::SessionDriver,
    forwarded::{InvalidProxy, TrustedProxies},
    handshake::{HandshakeWebSocketService, OriginPolicy},
    mapping::{InvalidMapping, MappedPath, UrlHandlerMapping},
    registry::{SessionRegistry, ShutdownReport},
    socket::Socket,
    stream::StreamTransport,
};
