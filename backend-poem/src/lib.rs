#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod endpoint;
mod path;
mod request;
mod serve;
mod upgrade;

pub use self::{
    endpoint::{UpgradeMiddleware, WebSocketEndpoint, WithUpgrade, dispatch, websocket},
    request::WebSocketRequest,
    serve::{PoemService, server},
    upgrade::PoemRequestUpgradeStrategy,
};
