//! The kit's own end of the wire: a raw socket, a small frame codec and a transcript. No client library, so
//! that a case can send what no client would.

mod frame;
mod journal;
mod peer;
mod request;
mod server;
mod transcript;

pub(crate) use self::{
    frame::{Frame, Length, opcode},
    journal::Journal,
    peer::{End, Event, Peer},
    request::{Reply, Request, accept_value},
    server::Server,
    transcript::Transcript,
};
