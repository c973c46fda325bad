//! The kit's own end of the wire: a raw socket, a small frame codec and a transcript. No client library, so
//! that a case can send what no client would.

mod answer;
mod buffers;
mod call;
mod client;
mod frame;
mod journal;
mod lines;
mod listener;
mod pair;
mod peer;
mod request;
mod server;
mod session;
mod transcript;

pub(crate) use self::{
    answer::{Answer, Asked},
    client::{Client, settings},
    journal::Journal,
    listener::Listener,
    pair::Pair,
    peer::{End, Event, Peer},
    request::{Reply, Request},
    server::Server,
    session::Session,
    transcript::Transcript,
};
pub use self::{
    frame::{Frame, Length, opcode},
    request::accept_value,
};
