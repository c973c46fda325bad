//! Errors of a session and of a handler.

use std::{error::Error as StdError, fmt, io, sync::Arc};

use crate::close::{CloseCode, CloseStatus};

/// Why a session ended, or why a call on it was refused.
///
/// It is cheap to clone, because every waiting call gets the error that ended the connection. A
/// clean close is not an error: [`receive`](crate::WebSocketSession::receive) then returns
/// `Ok(None)`.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The cause of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection could not be switched to the WebSocket protocol.
    Handshake,
    /// The peer broke the protocol. The driver closed with 1002.
    Protocol,
    /// The peer sent text that is not UTF-8. The driver closed with 1007.
    InvalidPayload,
    /// The peer sent a frame or a message over the limit. The driver closed with 1009.
    TooBig,
    /// The peer broke a policy, such as the number of fragments. The driver closed with 1008.
    Policy,
    /// The session is closed, or its closing handshake has begun.
    Closed,
    /// The peer disconnected without a Close frame.
    Disconnected,
    /// The network failed.
    Io,
    /// A timeout passed: the peer was silent after a ping, or did not answer our Close.
    Timeout,
    /// The call itself was invalid, such as a ping with more than 125 bytes.
    Misuse,
}

impl Error {
    /// Makes an error without a source.
    #[must_use]
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Makes an error with its cause.
    #[must_use]
    pub fn with_source(
        kind: ErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(Arc::from(source.into())),
        }
    }

    /// The cause of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The close code that the driver sends to a peer that caused this error.
    #[must_use]
    pub fn close_code(&self) -> Option<CloseCode> {
        match self.kind {
            ErrorKind::Protocol => Some(CloseCode::PROTOCOL_ERROR),
            ErrorKind::InvalidPayload => Some(CloseCode::INVALID_PAYLOAD),
            ErrorKind::TooBig => Some(CloseCode::TOO_BIG),
            ErrorKind::Policy => Some(CloseCode::POLICY_VIOLATION),
            ErrorKind::Handshake
            | ErrorKind::Closed
            | ErrorKind::Disconnected
            | ErrorKind::Io
            | ErrorKind::Timeout
            | ErrorKind::Misuse => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Handshake => "the opening handshake failed",
            ErrorKind::Protocol => "the peer broke the protocol",
            ErrorKind::InvalidPayload => "the peer sent text that is not utf-8",
            ErrorKind::TooBig => "the peer sent a message over the size limit",
            ErrorKind::Policy => "the peer broke a policy",
            ErrorKind::Closed => "the session is closed",
            ErrorKind::Disconnected => "the peer left without a close frame",
            ErrorKind::Io => "the network failed",
            ErrorKind::Timeout => "a deadline passed",
            ErrorKind::Misuse => "the call was wrong",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::with_source(ErrorKind::Io, error)
    }
}

/// What a handler returns. `Ok` closes the session with 1000; an error closes it with 1011, or with
/// the status that the error chose.
pub type HandlerResult = Result<(), HandlerError>;

/// Why a handler failed.
///
/// Any error converts into one with `?`. The peer gets 1011 with an empty reason and nothing else.
/// An error that has a [`CloseWith`] among its sources chooses its own status.
///
/// ```
/// use switchwire_core::{CloseCode, CloseStatus, HandlerError, HandlerResult};
///
/// fn parse(text: &str) -> HandlerResult {
///     let _number: u32 = text.parse()?; // closes with 1011
///     Ok(())
/// }
/// assert_eq!(parse("x").unwrap_err().status().code(), CloseCode::INTERNAL_ERROR);
///
/// let error = HandlerError::closing_with(CloseCode::UNSUPPORTED_DATA, "text only");
/// assert_eq!(error.status().code(), CloseCode::UNSUPPORTED_DATA);
/// ```
#[derive(Debug)]
pub struct HandlerError {
    status: CloseStatus,
    source: Box<dyn StdError + Send + Sync>,
}

impl HandlerError {
    /// Makes an error that closes the session with `status`. `source` is logged and never sent.
    #[must_use]
    pub fn closing_with(
        status: impl Into<CloseStatus>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            status: status.into(),
            source: source.into(),
        }
    }

    /// The status that the session is closed with.
    #[must_use]
    pub fn status(&self) -> &CloseStatus {
        &self.status
    }

    /// The cause, for the log.
    #[must_use]
    pub fn source(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// `HandlerError` is not an [`std::error::Error`] itself, so that every error converts with `?`.
impl<E: StdError + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
        let mut status = None;
        while let Some(current) = next {
            if let Some(chosen) = current.downcast_ref::<CloseWith>() {
                status = Some(chosen.0.clone());
                break;
            }
            next = current.source();
        }
        Self {
            status: status.unwrap_or_else(|| CloseCode::INTERNAL_ERROR.into()),
            source: Box::new(error),
        }
    }
}

/// A status to close with. An application's own error names it as its [`source`](StdError::source).
///
/// ```
/// use switchwire_core::{CloseCode, CloseWith, HandlerError};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("too many rooms")]
/// struct TooManyRooms(#[source] CloseWith);
///
/// let error = TooManyRooms(CloseWith(CloseCode::POLICY_VIOLATION.into()));
/// assert_eq!(HandlerError::from(error).status().code(), CloseCode::POLICY_VIOLATION);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseWith(pub CloseStatus);

impl fmt::Display for CloseWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "close with {}", self.0)
    }
}

impl StdError for CloseWith {}
