//! The client: it opens a session to a server. This module has the errors for a wrong answer of a
//! server or a proxy. Everything else is at the root of the crate.

pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod invalid;
pub(crate) mod request;

pub use self::error::{HandshakeViolation, ProxyError, RedirectError};
