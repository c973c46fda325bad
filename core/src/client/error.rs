use std::{error::Error as StdError, io};

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};

use super::invalid::InvalidRequest;

/// Why there is no session.
///
/// - `client.error.1` Each reason is told apart.
/// - `client.timeout.1` Connecting, TLS and the server's answer have a time each, and an error each for when it passes.
/// - `client.redirect.1` A redirect is an answer like any other unless following was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The request itself is wrong; nothing was sent.
    #[error("the request is invalid")]
    Invalid(#[from] InvalidRequest),
    /// The host has no address.
    #[error("{host} cannot be resolved")]
    Resolve {
        /// The host that was looked up.
        host: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// No address of the host takes a connection; the error is that of the last one.
    #[error("the connection was not established")]
    Connect(#[source] io::Error),
    /// The connection was not established in time.
    #[error("the connection was not established in time")]
    ConnectTimedOut,
    /// TLS failed: the certificate is not trusted or fits another host, or the server speaks no TLS.
    #[error("tls failed")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
    /// The TLS handshake took too long.
    #[error("the tls handshake took too long")]
    TlsTimedOut,
    /// The proxy did not open a tunnel to the server.
    #[error("the proxy did not open a tunnel")]
    Proxy(#[source] ProxyError),
    /// The server did not answer the opening handshake in time.
    #[error("the server did not answer the opening handshake in time")]
    HandshakeTimedOut,
    /// The server answered with another status than 101: here are the answer's status and headers, and up to 64 KiB
    /// of its body.
    #[error("the server answered with status {}", .0.status().as_u16())]
    Refused(Box<Response<Bytes>>),
    /// The server switched protocols, but not as RFC 6455 asks; or it speaks no HTTP.
    #[error("the server's answer is wrong")]
    Violation(#[source] HandshakeViolation),
    /// A redirect that was to be followed cannot be.
    #[error("the redirect to {location} is not followed")]
    Redirect {
        /// Where the server pointed to.
        location: String,
        /// Why that is no place to go.
        source: RedirectError,
    },
    /// The network failed during the opening handshake.
    #[error("the network failed during the opening handshake")]
    Io(#[from] io::Error),
}

impl ConnectError {
    /// The answer of a server that refused.
    #[must_use]
    pub fn response(&self) -> Option<&Response<Bytes>> {
        match self {
            Self::Refused(response) => Some(response),
            _ => None,
        }
    }

    /// The status of a server that refused.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(Response::status)
    }

    /// Whether a time limit passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimedOut | Self::TlsTimedOut | Self::HandshakeTimedOut
        )
    }
}

/// Which rule a server's answer breaks
/// ([RFC 6455 section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeViolation {
    /// It is not HTTP.
    #[error("it is not http")]
    Syntax,
    /// The connection ended before the answer was whole.
    #[error("the connection ended before the answer was whole")]
    Truncated,
    /// Its head is over the limit of 64 KiB or 100 headers.
    #[error("its head is over the limit")]
    TooLong,
    /// It is in another version of HTTP than 1.1.
    #[error("it is not in http/1.1")]
    Version,
    /// `Upgrade` is missing or names something else.
    #[error("upgrade does not name websocket")]
    Upgrade,
    /// `Connection` lacks the token `Upgrade`.
    #[error("connection does not name upgrade")]
    Connection,
    /// `Sec-WebSocket-Accept` is missing or wrong.
    #[error("the accept value is missing or wrong")]
    Accept,
    /// An extension was agreed to that was not offered.
    #[error("it has an extension that was not offered")]
    Extension,
    /// A subprotocol was chosen that was not offered.
    #[error("it chose a subprotocol that was not offered")]
    Subprotocol,
    /// No subprotocol was chosen, and one is required.
    #[error("it chose no subprotocol, and one is required")]
    SubprotocolRequired,
    /// A header stands there more than once that may only be there once.
    #[error("{0} is there more than once")]
    Repeated(HeaderName),
}

/// Why a proxy opened no tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It answered with another status than a success, such as 407 when it wants to know who asks.
    #[error("it answered with status {}", .0.as_u16())]
    Refused(StatusCode),
    /// Its answer is no HTTP.
    #[error("its answer is wrong")]
    Violation(#[source] HandshakeViolation),
    /// The network failed.
    #[error("the network failed")]
    Io(#[from] io::Error),
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// There were as many redirects before it as are followed.
    #[error("there were too many before it")]
    TooMany,
    /// It leads from TLS to a connection without.
    #[error("it leads from tls to a connection without")]
    Insecure,
    /// It leads to another origin than the one that the request's Unix domain socket stands for.
    #[error("it leads away from the unix domain socket")]
    OtherSocket,
    /// Where it leads to is no WebSocket's URL.
    #[error("it leads to no websocket")]
    Invalid(#[from] InvalidRequest),
}
