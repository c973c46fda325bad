//! The opening handshake: what a server hands over, what a session keeps, why a request is refused.

mod connection_info;
mod error;
mod http_session;
mod info;
mod interceptor;
mod opening;
mod read;
mod request;

pub use self::{
    connection_info::ConnectionInfo,
    error::HandshakeError,
    http_session::HttpSession,
    info::{HandshakeInfo, Principal, ResponseHeaders},
    interceptor::HandshakeInterceptor,
    opening::Opening,
    request::HandshakeRequest,
};
