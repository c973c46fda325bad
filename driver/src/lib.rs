#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod connection;
mod foreign;
mod log;
mod memory;
mod session_driver;
mod session_stream;
mod socket;
mod stats;
mod stream;

pub use self::{
    clock::TokioClock,
    log::OneLine,
    memory::{MemoryAccount, MemoryShare, over_budget},
    session_driver::SessionDriver,
    session_stream::SessionStream,
    socket::Socket,
    stats::SessionStats,
    stream::StreamTransport,
};
