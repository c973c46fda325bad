//! `bench/counts.json`: the counts a change is compared with.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::tools::Tool;

/// Per message.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Counts {
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_calls: Option<f64>,
}

/// Server, then scenario.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Committed(BTreeMap<String, BTreeMap<String, Counts>>);

/// How a count compares with the committed one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    New,
    Same,
    /// Relative change of the count that grew, or else shrank, most.
    Shrunk(f64),
    Grown(f64),
}

impl Counts {
    pub(super) fn set(&mut self, tool: Tool, count: f64) {
        match tool {
            Tool::Callgrind => self.instructions = Some(count.round()),
            Tool::Strace => self.system_calls = Some((count * 1000.0).round() / 1000.0),
        }
    }

    pub(super) fn forget_system_calls(&mut self) {
        self.system_calls = None;
    }

    pub(super) fn instructions(&self) -> String {
        self.instructions
            .map(|count| format!("{count:.0}"))
            .unwrap_or_default()
    }

    pub(super) fn system_calls(&self) -> String {
        self.system_calls
            .map(|count| format!("{count:.3}"))
            .unwrap_or_default()
    }

    fn changes(&self, before: &Self) -> [Option<f64>; 2] {
        let change = |now: Option<f64>, before: Option<f64>| Some(now? / before? - 1.0);
        [
            change(self.instructions, before.instructions),
            change(self.system_calls, before.system_calls),
        ]
    }
}

impl Committed {
    pub(super) fn read() -> io::Result<Self> {
        match fs::read(PATH) {
            Ok(json) => Ok(serde_json::from_slice(&json)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self) -> io::Result<()> {
        fs::write(PATH, serde_json::to_string_pretty(self)? + "\n")
    }

    pub(super) fn compare(&self, server: &str, scenario: &str, counts: Counts) -> Verdict {
        let Some(before) = self
            .0
            .get(server)
            .and_then(|scenarios| scenarios.get(scenario))
        else {
            return Verdict::New;
        };
        let changes = counts.changes(before).into_iter().flatten();
        let (least, greatest) = changes.fold((0.0, 0.0), |(l, g): (f64, f64), change| {
            (l.min(change), g.max(change))
        });
        match (least, greatest) {
            (_, greatest) if greatest > TOLERANCE => Verdict::Grown(greatest),
            (least, _) if least < -TOLERANCE => Verdict::Shrunk(least),
            _ => Verdict::Same,
        }
    }

    /// Replaces what was counted now and keeps what was not.
    pub(super) fn set(&mut self, server: &str, scenario: &str, counts: Counts) {
        let entry = self
            .0
            .entry(server.into())
            .or_default()
            .entry(scenario.into())
            .or_default();
        entry.instructions = counts.instructions.or(entry.instructions);
        entry.system_calls = counts.system_calls.or(entry.system_calls);
    }
}

impl Verdict {
    pub(super) fn has_grown(self) -> bool {
        matches!(self, Self::Grown(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Same => f.write_str("same"),
            Self::Shrunk(change) => write!(f, "{:+.0} %: run with --update-counts", 100.0 * change),
            Self::Grown(change) => write!(f, "GROWN by {:.0} %", 100.0 * change),
        }
    }
}

/// What a count may differ by before it is said to have changed.
const TOLERANCE: f64 = 0.05;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.json");

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instructions: f64, system_calls: f64) -> Counts {
        Counts {
            instructions: Some(instructions),
            system_calls: Some(system_calls),
        }
    }

    #[test]
    fn a_count_that_grew_is_a_regression_even_if_the_other_shrank() {
        let mut committed = Committed::default();
        committed.set("ours", "32b-x1", counts(1000.0, 2.0));
        let verdict = |now| committed.compare("ours", "32b-x1", now);
        assert_eq!(verdict(counts(1040.0, 1.96)), Verdict::Same);
        assert!(verdict(counts(1060.0, 1.0)).has_grown());
        assert!(verdict(counts(500.0, 2.2)).has_grown());
        assert_eq!(verdict(counts(500.0, 2.0)), Verdict::Shrunk(-0.5));
        assert_eq!(
            committed.compare("ours", "1m", counts(1.0, 1.0)),
            Verdict::New
        );
    }

    #[test]
    fn what_was_not_counted_is_kept() {
        let mut committed = Committed::default();
        committed.set("ours", "32b-x1", counts(1000.0, 2.0));
        committed.set(
            "ours",
            "32b-x1",
            Counts {
                instructions: None,
                system_calls: Some(1.0),
            },
        );
        let json = serde_json::to_string(&committed).expect("plain values");
        assert_eq!(
            json,
            r#"{"ours":{"32b-x1":{"instructions":1000.0,"system_calls":1.0}}}"#
        );
    }
}
