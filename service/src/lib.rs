#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod cors;
mod dispatcher;
mod forwarded;
mod handshake;
mod mapping;
mod observe;
mod registry;
mod streams;
#[cfg(feature = "test")]
pub mod test;

pub use self::{
    client::{ClientHandshake, client_info, hand_over_transport, serve_client_transport},
    dispatcher::{Dispatch, UpgradeEndpoint, WebSocketDispatcher},
    forwarded::{InvalidProxy, TrustedProxies},
    handshake::{HandshakeWebSocketService, OriginPolicy},
    mapping::{InvalidMapping, MappedPath, UrlHandlerMapping},
    registry::{SessionRegistry, ShutdownReport},
    streams::{hand_over_stream, serve_client_stream, serve_stream},
};
