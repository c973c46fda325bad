#![doc = include_str!("../README.md")]

mod dispatcher;
mod driver;
pub mod framing;
mod handshake;
mod mapping;
mod stream;

pub use self::{
    dispatcher::{Dispatch, WebSocketDispatcher, run_session},
    driver::SessionDriver,
    handshake::{HandshakeWebSocketService, InvalidOrigin, Origin, OriginPolicy},
    mapping::{InvalidMapping, MappedPath, UrlHandlerMapping},
    stream::StreamTransport,
};
