#![doc = include_str!("../README.md")]

mod filter;
mod request;
mod serve;
mod upgrade;

pub use self::{
    filter::{dispatch, http, request, websocket},
    request::WebSocketRequest,
    serve::{serve, without_delay},
    upgrade::WarpRequestUpgradeStrategy,
};
