//! The report: one JSON object per case and line.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::case::About;

/// What a case tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A server.
    #[default]
    Server,
    /// A client.
    Client,
    /// A client and a server together.
    Pair,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The name of the backend or the client; of both, in that order and with ` x ` between, for a pair.
    pub backend: String,
    /// What was tested.
    #[serde(default)]
    pub side: Side,
    /// The case's id.
    pub case: String,
    /// The ids of the requirements it shows.
    pub requirements: Vec<String>,
    /// MUST, SHOULD or MAY.
    pub level: String,
    /// `passed`, `failed`, `known failure` or `skipped`.
    pub outcome: String,
    /// Why it was skipped or is known to fail, or the rule that it broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the server answered to requests where servers may differ, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, String>,
}

impl Record {
    pub(crate) fn new(backend: &str, case: About, outcome: &str, reason: Option<&str>) -> Self {
        Self {
            backend: backend.to_owned(),
            side: case.side,
            case: case.id.to_owned(),
            requirements: case
                .requirements
                .iter()
                .map(|rule| rule.id.to_owned())
                .collect(),
            level: case.level().to_string(),
            outcome: outcome.to_owned(),
            reason: reason.map(str::to_owned),
            answers: BTreeMap::new(),
        }
    }

    /// Appends the record in one write, so that processes can share a file.
    pub(crate) fn append_to(&self, path: &Path) -> io::Result<()> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?
            .write_all(line.as_bytes())
    }
}

/// Reads a report. Of several records of one case by one backend the last counts.
///
/// # Errors
/// When the file cannot be read or a line is no record.
pub fn read_records(path: &Path) -> io::Result<Vec<Record>> {
    let mut records: Vec<Record> = Vec::new();
    for line in fs::read_to_string(path)?.lines() {
        let record: Record = serde_json::from_str(line)?;
        match records
            .iter_mut()
            .find(|old| old.backend == record.backend && old.case == record.case)
        {
            Some(old) => *old = record,
            None => records.push(record),
        }
    }
    Ok(records)
}
