//! How a connection ends: close codes, close statuses and the outcome of a session.

use std::fmt;

use bytestring::ByteString;

use crate::error::Error;

/// A close code that may stand in a Close frame
/// ([RFC 6455 section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4)).
///
/// These codes cannot be constructed: 1005, 1006 and 1015, which only describe a connection
/// locally; 1004, which is reserved; and every code that is not assigned.
///
/// ```
/// use switchwire_core::CloseCode;
///
/// assert_eq!(CloseCode::new(1001), Ok(CloseCode::GOING_AWAY));
/// assert!(CloseCode::new(1006).is_err());
/// assert!(CloseCode::new(4999).is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server shuts down, or the browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: the peer sent a kind of data that this endpoint cannot accept.
    #[doc(alias = "NOT_ACCEPTABLE")]
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: the data does not match the kind of the message, such as text that is not UTF-8.
    #[doc(alias = "BAD_DATA")]
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: the peer broke a policy, and no other code is more precise.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: the message is too big to process.
    #[doc(alias = "TOO_BIG_TO_PROCESS")]
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the client needed an extension that the server did not negotiate. Only clients send
    /// it.
    #[doc(alias = "REQUIRED_EXTENSION")]
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: an unexpected condition prevents the server from fulfilling the request.
    #[doc(alias = "SERVER_ERROR")]
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    #[doc(alias = "SERVICE_RESTARTED")]
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded; the client should try again later.
    #[doc(alias = "SERVICE_OVERLOAD")]
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got an invalid answer from upstream.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Checks that `code` may stand in a Close frame.
    ///
    /// # Errors
    /// [`InvalidCloseStatus`] for codes below 1000, for 1004, 1005 and 1006, for 1015 to 2999, and
    /// from 5000 up.
    pub const fn new(code: u16) -> Result<Self, InvalidCloseStatus> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Ok(Self(code)),
            _ => Err(InvalidCloseStatus::Code(code)),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = InvalidCloseStatus;

    fn try_from(code: u16) -> Result<Self, InvalidCloseStatus> {
        Self::new(code)
    }
}

/// A close code and a reason: the content of a Close frame.
///
/// ```
/// use switchwire_core::{CloseCode, CloseStatus};
///
/// let status = CloseStatus::new(CloseCode::GOING_AWAY, "back in a minute")?;
/// assert_eq!(status.code(), CloseCode::GOING_AWAY);
/// assert!(CloseStatus::new(CloseCode::NORMAL, "x".repeat(124)).is_err());
/// # Ok::<(), switchwire_core::InvalidCloseStatus>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseStatus {
    code: CloseCode,
    reason: ByteString,
}

impl CloseStatus {
    /// The largest length of a reason, in bytes: a control frame holds 125 bytes, and the code
    /// takes two.
    pub const MAX_REASON_LEN: usize = 123;

    /// Makes a status with a reason.
    ///
    /// # Errors
    /// [`InvalidCloseStatus::Reason`] when the reason has more than 123 bytes. It is never
    /// truncated.
    pub fn new(code: CloseCode, reason: impl Into<ByteString>) -> Result<Self, InvalidCloseStatus> {
        let reason = reason.into();
        if reason.len() > Self::MAX_REASON_LEN {
            return Err(InvalidCloseStatus::Reason(reason.len()));
        }
        Ok(Self { code, reason })
    }

    /// The close code.
    #[must_use]
    pub fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason. It is empty when there is none.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<CloseCode> for CloseStatus {
    fn from(code: CloseCode) -> Self {
        Self {
            code,
            reason: ByteString::new(),
        }
    }
}

impl fmt::Display for CloseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() {
            write!(f, "{}", self.code)
        } else {
            // The reason is the peer's text: control characters must not forge log lines.
            write!(f, "{} ({})", self.code, self.reason.escape_debug())
        }
    }
}

/// Why a close code or a reason must not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCloseStatus {
    /// The code is reserved, not assigned, or out of range.
    #[error("close code {0} may not stand in a Close frame; use 1000-1003, 1007-1014 or 3000-4999")]
    Code(u16),
    /// The reason is too long.
    #[error("a close reason has at most 123 bytes, this one has {0}")]
    Reason(usize),
}

/// How a session ended.
#[derive(Debug, Clone)]
pub enum CloseOutcome {
    /// The peer sent a Close first, with a status or without one. This side cannot know whether its
    /// answer reached the peer.
    ByPeer(Option<CloseStatus>),
    /// This side began the closing handshake, and the peer answered.
    ByUs(CloseStatus),
    /// The connection ended without a closing handshake. The peer broke the protocol, the network
    /// failed, the peer disconnected without a Close, or the peer was silent after a ping
    /// ([`ErrorKind::Timeout`](crate::ErrorKind::Timeout)).
    Abnormal(Error),
    /// The closing handshake did not end in time: the peer did not answer our Close, or the driver
    /// could not write its answer to the peer's Close. Or the application dropped the session.
    TimedOut,
}

impl CloseOutcome {
    /// The connection's close code, as RFC 6455 section 7.1.5 defines it: the code of the Close
    /// frame that began the closing handshake. 1005 when that frame had no code. 1006 when there
    /// was no closing handshake.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::ByPeer(Some(status)) | Self::ByUs(status) => status.code().as_u16(),
            Self::ByPeer(None) => 1005,
            Self::Abnormal(_) | Self::TimedOut => 1006,
        }
    }

    /// Whether the peer sent a Close frame.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::ByPeer(_) | Self::ByUs(_))
    }
}

impl fmt::Display for CloseOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer(Some(status)) => write!(f, "closed by the peer: {status}"),
            Self::ByPeer(None) => f.write_str("closed by the peer without a status"),
            Self::ByUs(status) => write!(f, "closed by this side: {status}"),
            Self::Abnormal(error) => write!(f, "ended abnormally: {error}"),
            Self::TimedOut => f.write_str("closed by this side, no answer in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_may_be_sent_exist() {
        for code in 0..=u16::MAX {
            let sendable =
                matches!(code, 1000..=1003 | 1007..=1014) || (3000..=4999).contains(&code);
            assert_eq!(CloseCode::new(code).is_ok(), sendable, "{code}");
        }
    }

    #[test]
    fn a_reason_is_checked_in_bytes_and_not_cut() {
        let fits = "é".repeat(61) + "x";
        assert_eq!(fits.len(), 123);
        assert!(CloseStatus::new(CloseCode::NORMAL, fits).is_ok());
        let long = "é".repeat(62);
        assert_eq!(
            CloseStatus::new(CloseCode::NORMAL, long),
            Err(InvalidCloseStatus::Reason(124))
        );
    }

    #[test]
    fn a_reason_cannot_forge_a_log_line() {
        let status = CloseStatus::new(CloseCode::NORMAL, "a\r\nb\x1b[31m").unwrap();
        let shown = status.to_string();
        assert!(!shown.contains(['\r', '\n', '\x1b']), "{shown}");
    }
}
