#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod message;
mod transport;

pub use self::{config::config, transport::TungsteniteTransport};
