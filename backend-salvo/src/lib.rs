#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod acceptor;
mod request;
mod routing;
mod upgrade;

pub use self::{
    acceptor::acceptor,
    request::{WebSocketRejection, WebSocketRequest},
    routing::{asks_for_websocket, dispatch, hoop, websocket},
    upgrade::SalvoRequestUpgradeStrategy,
};
