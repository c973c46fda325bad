#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod connection;
mod http_socket;
mod listener;
mod serve;
mod service;
mod transport;
mod upgrade;

pub use self::{
    listener::Listener,
    serve::HyperServer,
    service::{NotFound, UpgradeBody, UpgradeService, answer},
    transport::{ForeignIo, HyperIo, HyperTransport},
    upgrade::{HyperRequestUpgradeStrategy, HyperUpgrading, TakeIo},
};
