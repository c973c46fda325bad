//! What every client shares: its half of the opening handshake, and how its sessions are served.

mod handshake;
mod session;

pub use self::{
    handshake::ClientHandshake,
    session::{client_info, hand_over, serve_client},
};
