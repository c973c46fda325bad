//! The client: what opens a session to a server. This module shows what can be wrong with the answer of a server or proxy;
//! the rest is at the root of the crate.

pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod invalid;
pub(crate) mod request;

pub use self::error::{HandshakeViolation, ProxyError, RedirectError};
