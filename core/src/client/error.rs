use std::{error::Error as StdError, io};

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};

use super::invalid::InvalidRequest;

/// Why a client could not open a session.
///
/// - `client.error.1` Each reason has a variant of its own.
/// - `client.timeout.1` Connecting, TLS and the server's answer each have a timeout, and each
///   timeout has an error of its own.
/// - `client.timeout.2` When the client follows redirects, it **must** have the last answer within
///   one handshake timeout. That timeout begins when the first request is sent, and includes
///   connecting again.
/// - `client.redirect.1` A redirect is an answer like any other, unless the application asked to
///   follow redirects.
/// - `client.redirect.2` When the client follows a redirect, it **must** not wait for the body of
///   that answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The request itself is invalid. Nothing was sent.
    #[error("the request is invalid")]
    Invalid(#[from] InvalidRequest),
    /// The host has no address.
    #[error("{host} cannot be resolved")]
    Resolve {
        /// The host that the client looked up.
        host: String,
        /// The resolver's error.
        source: io::Error,
    },
    /// No address of the host accepts a connection. This is the error of the last address.
    #[error("the connection was not established")]
    Connect(#[source] io::Error),
    /// The connection was not established in time.
    #[error("the connection was not established in time")]
    ConnectTimedOut,
    /// TLS failed: the certificate is not trusted, the certificate is for another host, or the
    /// server does not speak TLS.
    #[error("tls failed")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
    /// The TLS handshake was not complete in time.
    #[error("the tls handshake took too long")]
    TlsTimedOut,
    /// The proxy did not open a tunnel to the server.
    #[error("the proxy did not open a tunnel")]
    Proxy(#[source] ProxyError),
    /// The server did not answer the opening handshake in time, or the client did not get to the end
    /// of the redirects in time.
    #[error("the server did not answer the opening handshake in time")]
    HandshakeTimedOut,
    /// The server answered with a status other than 101. Has the answer's status and headers, and
    /// up to 64 KiB of its body.
    #[error("the server answered with status {}", .0.status().as_u16())]
    Refused(Box<Response<Bytes>>),
    /// The server switched protocols, but not as RFC 6455 requires; or the server does not speak
    /// HTTP.
    #[error("the server's answer is wrong")]
    Violation(#[source] HandshakeViolation),
    /// The client was to follow a redirect, and cannot.
    #[error("the redirect to {location} is not followed")]
    Redirect {
        /// The location that the server named.
        location: String,
        /// Why the client cannot follow it.
        source: RedirectError,
    },
    /// The network failed during the opening handshake.
    #[error("the network failed during the opening handshake")]
    Io(#[from] io::Error),
}

impl ConnectError {
    /// The answer of a server that refused, if this is a refusal.
    #[must_use]
    pub fn response(&self) -> Option<&Response<Bytes>> {
        match self {
            Self::Refused(response) => Some(response),
            _ => None,
        }
    }

    /// The status of a server that refused, if this is a refusal.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(Response::status)
    }

    /// Whether a timeout passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimedOut | Self::TlsTimedOut | Self::HandshakeTimedOut
        )
    }
}

/// Which rule the server's answer breaks ([RFC 6455 section
/// 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeViolation {
    /// The answer is not HTTP.
    #[error("it is not http")]
    Syntax,
    /// The connection ended before the answer was complete.
    #[error("the connection ended before the answer was whole")]
    Truncated,
    /// The head of the answer exceeds the limit of 64 KiB or 100 headers.
    #[error("its head is over the limit")]
    TooLong,
    /// The answer has an HTTP version other than 1.1.
    #[error("it is not in http/1.1")]
    Version,
    /// `Upgrade` is missing, or names another protocol.
    #[error("upgrade does not name websocket")]
    Upgrade,
    /// `Connection` does not list `Upgrade`.
    #[error("connection does not name upgrade")]
    Connection,
    /// `Sec-WebSocket-Accept` is missing or wrong.
    #[error("the accept value is missing or wrong")]
    Accept,
    /// The server agreed to an extension that the client did not offer.
    #[error("it has an extension that was not offered")]
    Extension,
    /// The server chose a subprotocol that the client did not offer.
    #[error("it chose a subprotocol that was not offered")]
    Subprotocol,
    /// The server chose no subprotocol, and the client requires one.
    #[error("it chose no subprotocol, and one is required")]
    SubprotocolRequired,
    /// A header that may occur once occurs more than once.
    #[error("{0} is there more than once")]
    Repeated(HeaderName),
}

/// Why a proxy did not open a tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy answered with a status that is not a success, such as 407 when it requires
    /// credentials.
    #[error("it answered with status {}", .0.as_u16())]
    Refused(StatusCode),
    /// The answer of the proxy is not HTTP.
    #[error("its answer is wrong")]
    Violation(#[source] HandshakeViolation),
    /// The network failed.
    #[error("the network failed")]
    Io(#[from] io::Error),
}

/// Why the client does not follow a redirect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// The client has followed the largest number of redirects already.
    #[error("there were too many before it")]
    TooMany,
    /// The redirect leads from TLS to a connection without TLS.
    #[error("it leads from tls to a connection without")]
    Insecure,
    /// The redirect leads to another origin. The request's Unix domain socket stands only for the
    /// origin of its URL.
    #[error("it leads away from the unix domain socket")]
    OtherSocket,
    /// The location is not the URL of a WebSocket.
    #[error("it leads to no websocket")]
    Invalid(#[from] InvalidRequest),
}
