#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod rejection;
mod request;
mod routing;
mod serve;
mod upgrade;

pub use self::{
    rejection::WebSocketRejection,
    request::WebSocketRequest,
    routing::{dispatch, layer, router, websocket},
    serve::server,
    upgrade::AxumRequestUpgradeStrategy,
};
