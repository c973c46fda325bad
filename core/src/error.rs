//! Errors of a session and of a handler.

use std::{error::Error as StdError, fmt, io, sync::Arc};

use crate::close::{CloseCode, CloseStatus};

/// Why a session could not go on, or why a call on it was refused.
///
/// Cheap to clone, because the error that ended a connection is told to everyone who asks. A clean
/// close is not an error: [`receive`](crate::WebSocketSession::receive) then returns `Ok(None)`.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Whose fault an [`Error`] was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection could not be switched to the WebSocket protocol.
    Handshake,
    /// The peer broke the protocol; it was told 1002.
    Protocol,
    /// The peer sent text that is not UTF-8; it was told 1007.
    InvalidPayload,
    /// The peer sent a frame or a message over the limit; it was told 1009.
    TooBig,
    /// The peer broke a policy, such as the number of fragments; it was told 1008.
    Policy,
    /// The session is closed, or its closing handshake began.
    Closed,
    /// The peer went away without a Close frame.
    Disconnected,
    /// The network failed.
    Io,
    /// A deadline passed: the peer was silent after a ping, or did not answer our Close.
    Timeout,
    /// The call itself was wrong, such as a ping with more than 125 bytes.
    Misuse,
}

impl Error {
    /// An error without a source.
    #[must_use]
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with what caused it.
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

    /// Whose fault it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The close code a peer is told when it caused this error.
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

/// What a handler returns: `Ok` closes the session with 1000, an error with 1011 or the status it chose.
pub type HandlerResult = Result<(), HandlerError>;

/// Why a handler gave up.
///
/// Any error turns into one with `?`. The peer is told 1011 with an empty reason and nothing else;
/// an error that carries a [`CloseWith`] in its chain of sources chooses its own status.
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
    /// An error that closes the session with `status`; `source` is logged and never sent.
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

    /// The status the session is closed with.
    #[must_use]
    pub fn status(&self) -> &CloseStatus {
        &self.status
    }

    /// What went wrong, for the log.
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

/// Not an [`std::error::Error`] itself, so that every error converts with `?`.
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

/// A status to close with, to be the [`source`](StdError::source) of an application's own error.
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
