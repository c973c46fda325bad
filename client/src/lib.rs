#![doc = include_str!("../README.md")]

mod answer;
mod connect;
mod engine;
#[cfg(feature = "hyper")]
mod hyper_client;
mod options;
mod reconnect;
mod redirect;
mod tokio_client;

#[cfg(feature = "hyper")]
pub use self::hyper_client::HyperClient;
pub use self::{
    connect::{InvalidProxyUrl, Proxy},
    options::ClientOptions,
    reconnect::{Backoff, ConnectionState, ReconnectingClient},
    tokio_client::TokioClient,
};
#[cfg(feature = "rustls")]
#[doc(no_inline)]
pub use tokio_rustls::rustls;
