#![doc = include_str!("../README.md")]

mod accept;
mod serve;
mod service;
mod transport;
mod upgrade;

pub use self::{
    serve::HyperServer,
    service::{NotFound, UpgradeBody, UpgradeService},
    transport::{HyperIo, HyperTransport},
    upgrade::{ConnectionInfo, HyperRequestUpgradeStrategy, HyperUpgrading},
};
