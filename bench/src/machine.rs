//! Where and of what a comparison was made.

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;

use crate::servers::PEERS;

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) kernel: String,
    pub(crate) cores: usize,
    /// The one-minute load average before anything was started: other work makes figures noisy.
    pub(crate) load: String,
    /// The versions of the packages compared.
    pub(crate) versions: BTreeMap<&'static str, &'static str>,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let cpu = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .unwrap_or_default();
        Self {
            cpu: cpu.trim_start_matches([' ', '\t', ':']).to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load: read("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            versions: PEERS
                .iter()
                .flat_map(|peer| peer.packages)
                .filter_map(|package| Some((*package, locked_version(package)?)))
                .collect(),
        }
    }
}

/// The version of a package in the lock file this was built with; the newest, if there are several.
fn locked_version(package: &str) -> Option<&'static str> {
    let name = format!("\nname = \"{package}\"\nversion = \"");
    let (_, rest) = LOCK.rsplit_once(&name)?;
    rest.split('"').next()
}

const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_every_compared_package_is_known() {
        for package in PEERS.iter().flat_map(|peer| peer.packages) {
            assert!(
                locked_version(package).is_some(),
                "{package} is not in Cargo.lock"
            );
        }
    }
}
