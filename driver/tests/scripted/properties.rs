use std::fmt;

use switchwire_core::{CloseOutcome, ErrorKind, WebSocketSettings, spi::ReceiveEnd};

use super::world::{State, Work};

/// What must hold for every script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    /// At most one Close is sent, and nothing behind it.
    OneClose,
    /// Messages arrive in order, whole, and none is lost but by a policy that says so.
    Order,
    /// Every end has an outcome by the deadlines of the settings.
    Ends,
    /// The outcome is what happened.
    Truth,
    /// What is gone is over: with the connection and the handler dropped the driver is done.
    Gone,
    /// No poll ends with unwritten output and a connection that would take it.
    Written,
    /// A driver that waits is woken by whatever it can go on with.
    Woken,
    /// No poll does more than a share of work.
    Bounded,
    /// A peer that sends nothing and takes nothing ends its session, whether or not the session reads.
    Silent,
}

/// What a script found.
#[derive(Debug)]
pub(crate) struct Report {
    pub(super) violations: Violations,
    pub(crate) trace: u64,
    pub(crate) steps: usize,
}

/// The first violation of each property.
#[derive(Debug, Default)]
pub(super) struct Violations(Vec<(Property, String)>);

impl Violations {
    pub(super) fn add(&mut self, property: Property, text: impl Into<String>) {
        if !self.0.iter().any(|(known, _)| *known == property) {
            self.0.push((property, text.into()));
        }
    }
}

impl Report {
    /// How a property was violated, if it was.
    pub(crate) fn violation(&self, property: Property) -> Option<&str> {
        let found = self.violations.0.iter().find(|(it, _)| *it == property);
        found.map(|(_, text)| text.as_str())
    }

    pub(crate) fn is_well(&self) -> bool {
        self.violations.0.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (property, text) in &self.violations.0 {
            writeln!(f, "{property:?}: {text}")?;
        }
        Ok(())
    }
}

/// What a poll may do before other tasks have their turn: what waited for the handler, and two reads that fill its queue
/// again; as often what may wait to be sent.
pub(super) fn is_share(work: &Work, settings: &WebSocketSettings) -> bool {
    let inbound = 3 * settings.inbound_messages().max(32);
    let outbound = 3 * settings.outbound_messages().max(32);
    work.reads <= 32
        && work.sent <= outbound
        && work.received <= inbound
        && work.handler_polls <= 64
}

/// Why the outcome is not what happened, if it is not.
pub(super) fn lie(
    outcome: &CloseOutcome,
    state: &State,
    settings: &WebSocketSettings,
) -> Option<String> {
    let peers_close = match &state.end_read {
        Some(ReceiveEnd::Close(status)) => Some(status),
        _ => None,
    };
    let is_true = match outcome {
        CloseOutcome::ByPeer(status) => {
            let is_answered = state.close_sent.is_some() || state.failed;
            peers_close == Some(status) && !state.closed_first && is_answered
        }
        CloseOutcome::ByUs(status) => {
            state.closed_first
                && state.close_sent.as_ref() == Some(&Some(status.clone()))
                && peers_close.is_some()
        }
        CloseOutcome::TimedOut => {
            let is_done = state.close_sent.is_some() && peers_close.is_some();
            let has_begun = state.close_sent.is_some() || peers_close.is_some();
            let is_unfinished = has_begun && !(is_done && state.unwritten == 0);
            state.aborted || state.shut_down || is_unfinished
        }
        CloseOutcome::Abnormal(error) => match error.kind() {
            ErrorKind::Timeout => settings.ping_interval().is_some(),
            ErrorKind::Io => state.failed,
            kind => match &state.end_read {
                Some(ReceiveEnd::Failed(end)) => end.kind() == kind,
                _ => kind == ErrorKind::Policy && settings.max_messages_per_second().is_some(),
            },
        },
    };
    (!is_true).then(|| {
        format!(
            "{outcome:?}, but sent was {:?}, first {}, and read {:?}; failed {}, aborted {}",
            state.close_sent, state.closed_first, state.end_read, state.failed, state.aborted
        )
    })
}
