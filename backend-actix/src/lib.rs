#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod close;
mod ending;
mod error;
mod mount;
mod request;
mod serve;
#[cfg(feature = "actix-session")]
mod session;
mod socket;
mod transport;
mod upgrade;

pub use self::{
    close::end_after_close,
    mount::{configure, dispatch, websocket},
    request::WebSocketRequest,
    serve::serve_with_shutdown,
    socket::on_connect,
    transport::ActixTransport,
    upgrade::{ActixRequestUpgradeStrategy, Upgrading},
};
