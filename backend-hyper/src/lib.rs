#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod connection;
mod http_socket;
mod listener;
mod serve;
mod service;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod transport;
mod upgrade;

#[cfg(feature = "tower-sessions")]
pub use self::tower_sessions::TowerSessions;
pub use self::{
    listener::Listener,
    serve::HyperServer,
    service::{NotFound, UpgradeBody, UpgradeService},
    transport::{HyperIo, HyperTransport},
    upgrade::{HyperRequestUpgradeStrategy, HyperUpgrading},
};
