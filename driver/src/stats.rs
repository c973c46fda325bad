//! The traffic of one session, in numbers, for the log and for metrics.

#[cfg(feature = "metrics")]
mod metrics;

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use switchwire_core::{CloseOutcome, Dropped, Error};

#[cfg(feature = "metrics")]
use self::metrics::SessionMetrics;
use crate::log::OneLine;

/// Counts the traffic of one session, for the log and for metrics.
#[derive(Debug, Default)]
pub struct SessionStats {
    /// Messages, text and binary.
    received: u64,
    /// Including the headers of frames.
    received_bytes: u64,
    sent: u64,
    /// Payloads only.
    sent_bytes: u64,
    opened: Option<Instant>,
    /// Why the driver itself ended the session, if it did: the first reason.
    reason: Option<&'static str>,
    #[cfg(feature = "metrics")]
    metrics: Option<Box<SessionMetrics>>,
}

impl SessionStats {
    /// Makes the statistics of a session that metrics count, with labels for its server and its
    /// endpoint. The endpoint's label is the mapped pattern, never the requested path, because
    /// labels must be few.
    ///
    /// Without the feature `metrics` the labels are not used.
    #[must_use]
    pub fn new(server: &'static str, endpoint: &str) -> Self {
        #[cfg(not(feature = "metrics"))]
        let _ = (server, endpoint);
        Self {
            #[cfg(feature = "metrics")]
            metrics: Some(Box::new(SessionMetrics::new(server, endpoint))),
            ..Self::default()
        }
    }

    pub(crate) fn open(&mut self, now: Instant) {
        self.opened = Some(now);
        tracing::debug!(target: "switchwire", "open");
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &mut self.metrics {
            metrics.open();
        }
    }

    pub(crate) fn receive(&mut self, messages: usize, bytes: usize) {
        self.received += messages as u64;
        self.received_bytes += bytes as u64;
    }

    pub(crate) fn send(&mut self, bytes: usize) {
        self.sent += 1;
        self.sent_bytes += bytes as u64;
    }

    /// Notes the round-trip time of the keepalive.
    pub(crate) fn round_trip(&self, time: Duration) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.round_trip(time);
        }
        #[cfg(not(feature = "metrics"))]
        let _ = time;
    }

    /// Reports the counts since the last call. The driver is about to wait, with this many bytes to
    /// write.
    #[inline]
    pub(crate) fn settle(&mut self, buffered: usize) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &mut self.metrics {
            metrics.settle(
                [
                    self.received,
                    self.received_bytes,
                    self.sent,
                    self.sent_bytes,
                ],
                buffered,
            );
        }
        #[cfg(not(feature = "metrics"))]
        let _ = buffered;
    }

    /// Notes that the driver ends the session for this reason.
    pub(crate) fn ended_for(&mut self, reason: &'static str) {
        if self.reason.is_some() {
            return;
        }
        self.reason = Some(reason);
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.ended_for(reason);
        }
    }

    /// Counts a violation of the peer.
    pub(crate) fn violation(error: &Error) {
        let rule = error.source().map(OneLine);
        let rule = rule.as_ref().map(tracing::field::display);
        tracing::warn!(target: "switchwire", %error, rule, "violation");
    }

    /// Notes that the connection is gone. Called once.
    pub(crate) fn close(&mut self, outcome: &CloseOutcome, dropped: Dropped, now: Instant) {
        let Some(opened) = self.opened.take() else {
            return;
        };
        let by = match outcome {
            CloseOutcome::ByPeer(_) => "peer",
            CloseOutcome::ByUs(_) => "us",
            CloseOutcome::TimedOut => "deadline",
            CloseOutcome::Abnormal(_) => "failure",
        };
        let error = match outcome {
            CloseOutcome::Abnormal(error) => Some(tracing::field::display(error)),
            CloseOutcome::ByPeer(_) | CloseOutcome::ByUs(_) | CloseOutcome::TimedOut => None,
        };
        let code = outcome.code();
        let duration = now.saturating_duration_since(opened);
        tracing::debug!(
            target: "switchwire",
            by,
            reason = self.reason,
            code,
            error,
            ?duration,
            received = self.received,
            received_bytes = self.received_bytes,
            sent = self.sent,
            sent_bytes = self.sent_bytes,
            dropped = dropped.messages,
            "closed",
        );
        self.settle(0);
        #[cfg(feature = "metrics")]
        if let Some(metrics) = self.metrics.take() {
            metrics.close(by, code, duration, dropped);
        }
    }
}

impl Drop for SessionStats {
    /// Notes that the session was dropped with its task.
    fn drop(&mut self) {
        let error = Error::new(switchwire_core::ErrorKind::Disconnected);
        let now = tokio::time::Instant::now().into_std();
        self.close(&CloseOutcome::Abnormal(error), Dropped::default(), now);
    }
}

/// Counts a failed handler, by one of a few kinds.
pub(crate) fn handler_failed(kind: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::handler_failed(kind);
    #[cfg(not(feature = "metrics"))]
    let _ = kind;
}
