//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::scenario::scenarios;
use crate::servers::{App, CEILING, PEERS, Peer};

/// Benchmarks of switchwire.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Compare(Compare),
    Serve(Serve),
    #[command(hide = true)]
    Hold(Hold),
}

/// Starts each server in turn, loads it, and prints what it did.
///
/// Exit status: 0 if all went well, 1 if a server failed or lost or changed a message (a slow one is no failure), 2 for
/// a wrong command line, 3 if a count of `--counts` grew above its tolerance.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// A smoke test: one short round, smaller scenarios, under five minutes.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only this scenario; may be given more than once.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(scenario_names()))]
    pub(crate) scenario: Vec<String>,
    /// Only this server and the ones it is compared with; may be given more than once. "ours" stands for all of switchwire.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(peer_names().chain(["ours"])))]
    pub(crate) peer: Vec<String>,
    /// So many idle connections instead of the scenarios, to and from as many processes as the limit of open files requires.
    #[arg(long, value_name = "N", conflicts_with_all = ["scenario", "counts"])]
    pub(crate) idle: Option<usize>,
    /// Rounds over all servers.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        default_value_if("quick", "true", "1")
    )]
    pub(crate) rounds: usize,
    /// Seconds of each measurement.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 2.0,
        default_value_if("quick", "true", "0.5")
    )]
    pub(crate) seconds: f64,
    /// Write the raw rows here.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Count user-space instructions (valgrind) and system calls (strace) per message instead of measuring time, and
    /// compare with bench/counts.json.
    #[arg(long)]
    pub(crate) counts: bool,
    /// Write what was counted to bench/counts.json.
    #[arg(long, requires = "counts")]
    pub(crate) update_counts: bool,
    /// Keep the profiles callgrind wrote in this folder, for `callgrind_annotate`.
    #[arg(long, value_name = "DIR", requires = "counts")]
    pub(crate) profiles: Option<PathBuf>,
}

/// Runs one server until it is ended.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[arg(value_parser = PossibleValuesParser::new(peer_names()))]
    pub(crate) peer: String,
    /// What the endpoint does.
    #[arg(long, value_enum, default_value_t = App::Echo)]
    pub(crate) app: App,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Run on this core only.
    #[arg(long)]
    pub(crate) core: Option<usize>,
    /// The process whose end ends this one.
    #[arg(long, hide = true)]
    pub(crate) parent: Option<u32>,
}

/// Holds idle connections and does with them what standard input says.
#[derive(Debug, Args)]
pub(crate) struct Hold {
    #[arg(long)]
    pub(crate) addr: SocketAddr,
    #[arg(long)]
    pub(crate) connections: usize,
    /// Which of several such processes this is: each has source addresses of its own.
    #[arg(long)]
    pub(crate) index: usize,
    /// No opening handshake.
    #[arg(long)]
    pub(crate) raw: bool,
    /// The process whose end ends this one.
    #[arg(long)]
    pub(crate) parent: u32,
}

impl Compare {
    /// The servers asked for, in the order of the tables.
    pub(crate) fn peers(&self) -> Vec<&'static Peer> {
        PEERS.iter().filter(|peer| self.asks_for(peer)).collect()
    }

    /// The same and the ones they are compared with.
    pub(crate) fn peers_and_baselines(&self) -> Vec<&'static Peer> {
        let baseline = |name: &str| {
            name == CEILING || self.peers().iter().any(|peer| peer.by_hand == Some(name))
        };
        PEERS
            .iter()
            .filter(|peer| self.asks_for(peer) || baseline(peer.name))
            .collect()
    }

    fn asks_for(&self, peer: &Peer) -> bool {
        let named = |name: &String| name == peer.name || (name == "ours" && peer.is_ours());
        self.peer.is_empty() || self.peer.iter().any(named)
    }

    pub(crate) fn asks_for_scenario(&self, name: &str) -> bool {
        self.scenario.is_empty() || self.scenario.iter().any(|asked| asked == name)
    }
}

fn peer_names() -> impl Iterator<Item = &'static str> {
    PEERS.iter().map(|peer| peer.name)
}

fn scenario_names() -> Vec<&'static str> {
    let mut names: Vec<_> = scenarios(false)
        .iter()
        .chain(&scenarios(true))
        .map(|scenario| scenario.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }
}
