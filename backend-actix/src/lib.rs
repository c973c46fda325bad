#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod close;
mod ending;
#[cfg(feature = "actix-ws")]
mod engine;
mod error;
mod mount;
mod request;
mod serve;
#[cfg(feature = "actix-session")]
mod session;
mod socket;
mod transport;
mod upgrade;

#[cfg(feature = "actix-ws")]
pub use self::engine::{ActixWsTransport, serve_actix_ws};
pub use self::{
    close::end_after_close,
    mount::{configure, dispatch, websocket},
    request::{WebSocketRequest, handshake_request},
    serve::serve_with_shutdown,
    socket::on_connect,
    transport::ActixTransport,
    upgrade::{ActixRequestUpgradeStrategy, Upgrading},
};
