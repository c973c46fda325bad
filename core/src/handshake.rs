//! The opening handshake: the request that a server hands over, the part of it that a session
//! keeps, and the reasons to refuse it.

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
