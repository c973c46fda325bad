#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod connection;
mod http_socket;
mod io;
mod listener;
mod serve;
mod service;
#[cfg(feature = "rustls")]
mod tls;
mod transport;
mod upgrade;

#[cfg(feature = "rustls")]
pub use self::tls::{ClientCertificate, TlsConfig, TlsListener};
pub use self::{
    io::{HyperIo, OtherIo},
    listener::{Connected, Listener},
    serve::HyperServer,
    service::{NotFound, UpgradeBody, UpgradeService, answer},
    transport::HyperTransport,
    upgrade::{HyperRequestUpgradeStrategy, HyperUpgrading, TakeIo},
};
