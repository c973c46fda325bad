//! The opening handshake: what a server hands over, what a session keeps, why a request is refused.

mod error;
mod info;
mod request;

pub use self::{
    error::HandshakeError,
    info::{HandshakeInfo, Principal, ResponseHeaders},
    request::HandshakeRequest,
};
