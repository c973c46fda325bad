//! What logs and metrics are told: a span for each session, an event at each end of it, and numbers.

mod account;
#[cfg(feature = "metrics")]
mod metrics;

use std::{fmt, fmt::Write as _, sync::Arc};

use switchwire_core::{HandshakeError, HandshakeInfo, SessionId};

pub(crate) use self::account::Account;

/// Where a session runs, in words of which there are few: they are labels.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) server: &'static str,
    /// The pattern that was mapped, never the path that was asked for.
    pub(crate) endpoint: Arc<str>,
}

impl Route {
    /// The span that everything of a session happens in.
    pub(crate) fn span(&self, id: SessionId, info: &HandshakeInfo) -> tracing::Span {
        let remote = info.remote_address();
        tracing::info_span!(
            target: "switchwire",
            "session",
            %id,
            path = %OneLine(info.uri().path()),
            remote = remote.map(tracing::field::display),
            subprotocol = info.subprotocol(),
            server = self.server,
        )
    }

    /// A handshake was accepted.
    pub(crate) fn accepted(&self) {
        self.count_handshake("accepted");
    }

    /// A handshake was refused.
    pub(crate) fn refused(&self, error: &HandshakeError) {
        let (server, endpoint) = (self.server, &*self.endpoint);
        tracing::debug!(target: "switchwire", code = error.code(), server, endpoint, "a handshake was refused");
        self.count_handshake(error.code());
    }

    fn count_handshake(&self, outcome: &'static str) {
        #[cfg(feature = "metrics")]
        metrics::handshake(self, outcome);
        #[cfg(not(feature = "metrics"))]
        let _ = outcome;
    }
}

/// A handler failed, in one of a few ways.
pub(crate) fn handler_failed(kind: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::handler_failed(kind);
    #[cfg(not(feature = "metrics"))]
    let _ = kind;
}

/// Shows something so that it cannot forge a log line.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Writes control characters as escapes.
struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            match part.chars().next_back() {
                Some(last) if last.is_control() => {
                    self.0.write_str(&part[..part.len() - last.len_utf8()])?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                _ => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let shown = OneLine("a\r\nb\u{1b}[31m\u{85}\u{7f}ü").to_string();
        assert_eq!(shown, "a\\r\\nb\\u{1b}[31m\\u{85}\\u{7f}ü");
    }
}
