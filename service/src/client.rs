//! The parts that every client shares: its half of the opening handshake, and the way it serves its
//! sessions.

mod handshake;
mod session;

pub use self::{
    handshake::ClientHandshake,
    session::{client_info, hand_over_transport, serve_client_transport},
};
