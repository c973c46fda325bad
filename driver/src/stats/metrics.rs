//! Numbers for the `metrics` facade. Their names, units and labels are in `docs/observability.md`.

use std::{fmt, time::Duration};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use switchwire_core::Dropped;

pub(super) fn handler_failed(kind: &'static str) {
    counter!("switchwire_handler_failures_total", "kind" => kind).increment(1);
}

/// The numbers of a session's endpoint.
pub(super) struct SessionMetrics {
    labels: [(&'static str, String); 2],
    open: Gauge,
    buffered: Gauge,
    /// Messages and bytes received, messages and bytes sent.
    carried: [Counter; 4],
    round_trip: Histogram,
    /// How many of those were reported, and how many buffered bytes.
    settled: [u64; 4],
    settled_buffered: usize,
}

impl SessionMetrics {
    pub(super) fn new(server: &'static str, endpoint: &str) -> Self {
        let labels = [
            ("server", server.to_owned()),
            ("endpoint", endpoint.to_owned()),
        ];
        let carried = [
            ("switchwire_messages_total", "received"),
            ("switchwire_bytes_total", "received"),
            ("switchwire_messages_total", "sent"),
            ("switchwire_bytes_total", "sent"),
        ];
        Self {
            open: gauge!("switchwire_sessions_open", &labels),
            buffered: gauge!("switchwire_outbound_buffered_bytes", &labels),
            carried: carried.map(|(name, direction)| {
                let direction = ("direction", direction.to_owned());
                let labels = labels.iter().cloned().chain([direction]);
                counter!(name, &labels.collect::<Vec<_>>())
            }),
            round_trip: histogram!("switchwire_round_trip_seconds", &labels),
            labels,
            settled: [0; 4],
            settled_buffered: 0,
        }
    }

    pub(super) fn open(&self) {
        self.open.increment(1.0);
    }

    pub(super) fn ended_for(&self, reason: &'static str) {
        let reason = ("reason", reason.to_owned());
        let labels = self.labels.iter().cloned().chain([reason]);
        counter!(
            "switchwire_sessions_ended_total",
            &labels.collect::<Vec<_>>()
        )
        .increment(1);
    }

    pub(super) fn round_trip(&self, time: Duration) {
        self.round_trip.record(time);
    }

    pub(super) fn settle(&mut self, carried: [u64; 4], buffered: usize) {
        for ((counter, now), before) in self.carried.iter().zip(carried).zip(&mut self.settled) {
            if now > *before {
                counter.increment(now - *before);
                *before = now;
            }
        }
        if buffered != self.settled_buffered {
            self.buffered
                .increment(buffered as f64 - self.settled_buffered as f64);
            self.settled_buffered = buffered;
        }
    }

    pub(super) fn close(self, by: &'static str, code: u16, duration: Duration, dropped: Dropped) {
        self.open.decrement(1.0);
        let with = |more: &[(&'static str, &str)]| {
            let more = more
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()));
            self.labels.iter().cloned().chain(more).collect::<Vec<_>>()
        };
        let labels = with(&[("by", by), ("code", &code_label(code))]);
        counter!("switchwire_sessions_closed_total", &labels).increment(1);
        histogram!("switchwire_session_seconds", &self.labels).record(duration);
        if dropped.messages > 0 {
            counter!("switchwire_dropped_messages_total", &self.labels).increment(dropped.messages);
            counter!("switchwire_dropped_bytes_total", &self.labels).increment(dropped.bytes);
        }
    }
}

/// A peer can choose among thousands of codes, and labels must be few.
fn code_label(code: u16) -> String {
    match code {
        0..=2999 => code.to_string(),
        3000..=3999 => "3xxx".to_owned(),
        _ => "4xxx".to_owned(),
    }
}

impl fmt::Debug for SessionMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMetrics")
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_few_labels() {
        let labels: HashSet<_> = (1000..=1015).chain(3000..=4999).map(code_label).collect();
        assert_eq!(labels.len(), 18);
    }
}
