#![doc = include_str!("../README.md")]

mod filter;
mod request;
mod serve;
mod upgrade;

#[doc(no_inline)]
pub use self::{
    filter::{dispatch, http, not_found, request, websocket},
    request::WebSocketRequest,
    serve::{serve, serve_with_shutdown, server, without_delay},
    upgrade::WarpRequestUpgradeStrategy,
};
