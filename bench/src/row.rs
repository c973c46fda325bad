//! The raw rows of a comparison, and what is computed from them.

use serde::Serialize;

use crate::load::idle::Memory;
use crate::load::open_loop::Latency;
use crate::scenario::Finding;

/// One scenario on one server in one round.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) server: &'static str,
    pub(crate) round: usize,
    /// Nanoseconds from one core to the other and back, before or after, whichever was more.
    pub(crate) core_round_trip: Option<f64>,
    pub(crate) messages: u64,
    pub(crate) seconds: f64,
    /// CPU-seconds of the server: user and system in ticks of usually 10 ms, and both together to the nanosecond.
    pub(crate) cpu: f64,
    pub(crate) cpu_user: f64,
    pub(crate) cpu_system: f64,
    /// Resident bytes at the end of the measurement.
    pub(crate) rss: u64,
    /// Latency in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Memory>,
}

impl Row {
    pub(crate) fn new(
        scenario: &'static str,
        server: &'static str,
        round: usize,
        core_round_trip: Option<f64>,
        finding: &Finding,
    ) -> Self {
        let sample = &finding.sample;
        Self {
            scenario,
            server,
            round,
            core_round_trip,
            messages: sample.messages,
            seconds: sample.elapsed.as_secs_f64(),
            cpu: sample.usage.total.as_secs_f64(),
            cpu_user: sample.usage.user.as_secs_f64(),
            cpu_system: sample.usage.system.as_secs_f64(),
            rss: sample.rss,
            latency: finding.latency,
            memory: finding.memory,
        }
    }

    pub(crate) fn per_cpu_second(&self) -> f64 {
        self.messages as f64 / self.cpu
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.messages as f64 / self.seconds
    }

    pub(crate) fn user_share(&self) -> f64 {
        self.cpu_user / (self.cpu_user + self.cpu_system).max(0.01)
    }
}

/// The rows of one server in one scenario, one per round that did not fail.
#[derive(Debug)]
pub(crate) struct Rounds<'a>(Vec<&'a Row>);

impl<'a> Rounds<'a> {
    pub(crate) fn of(rows: &'a [Row], scenario: &str, server: &str) -> Option<Self> {
        let found: Vec<_> = rows
            .iter()
            .filter(|row| row.scenario == scenario && row.server == server)
            .collect();
        (!found.is_empty()).then_some(Self(found))
    }

    pub(crate) fn median(&self, value: impl Fn(&Row) -> f64) -> f64 {
        median(self.0.iter().map(|row| value(row)).collect())
    }

    /// Half the distance from the least to the greatest, as a share of the median.
    pub(crate) fn spread(&self, value: impl Fn(&Row) -> f64) -> f64 {
        let values = || self.0.iter().map(|row| value(row));
        let (least, greatest) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
        );
        (greatest - least) / 2.0 / self.median(&value)
    }

    /// Messages per CPU-second as a multiple of another server's: the median of the ratios of each round, so that what
    /// else the machine did in a round weighs on both.
    pub(crate) fn ratio(&self, other: &Self) -> Option<f64> {
        let ratios: Vec<_> = self
            .0
            .iter()
            .filter_map(|row| {
                let same_round = other.0.iter().find(|other| other.round == row.round)?;
                Some(row.per_cpu_second() / same_round.per_cpu_second())
            })
            .collect();
        (!ratios.is_empty()).then(|| median(ratios))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(server: &'static str, round: usize, messages: u64) -> Row {
        Row {
            scenario: "s",
            server,
            round,
            core_round_trip: None,
            messages,
            seconds: 2.0,
            cpu: 1.0,
            cpu_user: 0.5,
            cpu_system: 0.5,
            rss: 0,
            latency: None,
            memory: None,
        }
    }

    #[test]
    fn the_ratio_is_taken_round_by_round() {
        // The machine was half as fast in the second round, for both.
        let rows = [
            row("a", 0, 200),
            row("b", 0, 100),
            row("a", 1, 100),
            row("b", 1, 50),
            row("a", 2, 201),
        ];
        let (a, b) = (
            Rounds::of(&rows, "s", "a").expect("rows"),
            Rounds::of(&rows, "s", "b").expect("rows"),
        );
        assert_eq!(a.ratio(&b), Some(2.0));
        assert!(Rounds::of(&rows, "s", "c").is_none());
    }

    #[test]
    fn median_and_spread() {
        let rows = [row("a", 0, 100), row("a", 1, 90), row("a", 2, 120)];
        let rounds = Rounds::of(&rows, "s", "a").expect("rows");
        assert_eq!(rounds.median(Row::per_cpu_second), 100.0);
        assert_eq!(rounds.spread(Row::per_second), 0.15);
        assert_eq!(median(vec![1.0, 2.0]), 1.5);
    }
}
