#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod fairing;
mod request;
mod response;
mod routing;
mod upgrade;

pub use self::{
    fairing::{end_sessions, fairing},
    request::WebSocketRequest,
    response::WebSocketResponse,
    routing::{routes, websocket},
    upgrade::{RocketRequestUpgradeStrategy, RocketTransport, RocketUpgrading},
};
