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
    #[error("the request is invalid; nothing was sent")]
    Invalid(#[from] InvalidRequest),
    /// The host has no address.
    #[error("no address was found for the host {host}; check its name and the network")]
    Resolve {
        /// The host that the client looked up.
        host: String,
        /// The resolver's error.
        source: io::Error,
    },
    /// No address of the host accepts a connection. This is the error of the last address.
    #[error(
        "no address of the host accepted a connection; check the host and the port, and that the server runs"
    )]
    Connect(#[source] io::Error),
    /// The connection was not established in time.
    #[error(
        "the connection was not open in time; check the host and the network, or set a longer connect timeout"
    )]
    ConnectTimedOut,
    /// TLS failed: the certificate is not trusted, the certificate is for another host, or the
    /// server does not speak TLS.
    #[error(
        "the client could not set up TLS; the server must speak TLS on this port, and its certificate must be trusted and name the host"
    )]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
    /// The TLS handshake was not complete in time.
    #[error(
        "TLS was not set up in time; check that the server speaks TLS on this port, or set a longer TLS timeout"
    )]
    TlsTimedOut,
    /// The proxy did not open a tunnel to the server.
    #[error("the proxy did not connect the client to the server")]
    Proxy(#[source] ProxyError),
    /// The server did not answer the opening handshake in time, or the client did not get to the end
    /// of the redirects in time.
    #[error(
        "the server did not answer the WebSocket handshake in time; check the URL, or set a longer handshake timeout"
    )]
    HandshakeTimedOut,
    /// The server answered with a status other than 101. Has the answer's status and headers, and
    /// up to 64 KiB of its body.
    #[error("the server answered the WebSocket handshake with status {} instead of 101; the headers and the body of its answer may say why", .0.status().as_u16())]
    Refused(Box<Response<Bytes>>),
    /// The server switched protocols, but not as RFC 6455 requires; or the server does not speak
    /// HTTP.
    #[error(
        "the server's answer breaks the rules of the WebSocket handshake; check that the URL is that of a WebSocket"
    )]
    Violation(#[source] HandshakeViolation),
    /// The client was to follow a redirect, and cannot.
    #[error("the client does not follow the redirect to {location}")]
    Redirect {
        /// The location that the server named.
        location: String,
        /// Why the client cannot follow it.
        source: RedirectError,
    },
    /// The network failed during the opening handshake.
    #[error("the network failed during the WebSocket handshake; connect again")]
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
    #[error("the answer is not valid HTTP; check the port, and whether it needs wss")]
    Syntax,
    /// The connection ended before the answer was complete.
    #[error("the connection ended before the answer was complete; the server or a proxy closed it")]
    Truncated,
    /// The head of the answer exceeds the limit of 64 KiB or 100 headers.
    #[error("the headers of the answer are larger than 64 KiB, or more than 100")]
    TooLong,
    /// The answer has an HTTP version other than 1.1.
    #[error("the answer is not in HTTP/1.1; a proxy that speaks HTTP/1.0 may be in between")]
    Version,
    /// `Upgrade` is missing, or names another protocol.
    #[error("the Upgrade header of the answer does not name websocket")]
    Upgrade,
    /// `Connection` does not list `Upgrade`.
    #[error(
        "the Connection header of the answer does not list Upgrade; a proxy may have removed it"
    )]
    Connection,
    /// `Sec-WebSocket-Accept` is missing or wrong.
    #[error(
        "the Sec-WebSocket-Accept header of the answer is missing or does not fit the key of the request; a cache may have answered"
    )]
    Accept,
    /// The server agreed to an extension that the client did not offer.
    #[error("the answer names an extension that the client did not offer")]
    Extension,
    /// The server chose a subprotocol that the client did not offer.
    #[error(
        "the answer names a subprotocol that the client did not offer; offer one that the server speaks"
    )]
    Subprotocol,
    /// The server chose no subprotocol, and the client requires one.
    #[error(
        "the answer names no subprotocol, and the client requires one; offer one that the server speaks"
    )]
    SubprotocolRequired,
    /// A header that may occur once occurs more than once.
    #[error("the answer has the header {0} more than once")]
    Repeated(HeaderName),
}

/// Why a proxy did not open a tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy answered with a status that is not a success, such as 407 when it requires
    /// credentials.
    #[error("the proxy answered with status {}; 407 asks for a user name and a password in the URL of the proxy", .0.as_u16())]
    Refused(StatusCode),
    /// The answer of the proxy is not HTTP.
    #[error("the answer is not that of an HTTP proxy; check the URL of the proxy")]
    Violation(#[source] HandshakeViolation),
    /// The network failed.
    #[error("the network failed between the client and the proxy")]
    Io(#[from] io::Error),
}

/// Why the client does not follow a redirect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// The client has followed the largest number of redirects already.
    #[error(
        "the client has followed as many redirects as its options allow; allow more, or use the URL where they end"
    )]
    TooMany,
    /// The redirect leads from TLS to a connection without TLS.
    #[error("it leads from wss to ws, and ws is not encrypted")]
    Insecure,
    /// The redirect leads to another origin. The request's Unix domain socket stands only for the
    /// origin of its URL.
    #[error(
        "it leads to another host or port, but the Unix domain socket of the request is only for the first"
    )]
    OtherSocket,
    /// The location is not the URL of a WebSocket.
    #[error("its location is not the URL of a WebSocket")]
    Invalid(#[from] InvalidRequest),
}
