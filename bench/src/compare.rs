//! `compare`: every scenario on every server, round by round.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::{self, Command, ExitCode};
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::confine::{self, Cores};
use crate::distance::Distance;
use crate::load::{Failure, Target, Timing};
use crate::machine::Machine;
use crate::options::Compare;
use crate::process::{Server, this_program};
use crate::row::Row;
use crate::scenario::{Finding, Scenario, scenarios};
use crate::servers::{App, CEILING, Peer};
use crate::table;

/// What `--json` writes.
#[derive(Debug, Serialize)]
struct Record<'a> {
    machine: &'a Machine,
    quick: bool,
    rows: &'a [Row],
    failures: &'a [String],
}

pub(crate) fn run(options: &Compare) -> io::Result<ExitCode> {
    let files = confine::raise_file_limit()?;
    let machine = Machine::look();
    let cores = pin_generator()?;
    eprintln!(
        "{}, {} cores, Linux {}, load {}",
        machine.cpu, machine.cores, machine.kernel, machine.load
    );

    let peers = available(match options.idle {
        Some(_) => options.peers(), // memory is compared with nothing
        None => options.peers_and_baselines(),
    });
    let scenarios = match options.idle {
        Some(connections) => vec![Scenario::idle(connections, files as usize)],
        None => asked_for(options),
    };
    let timing = Timing {
        warm_up: Duration::from_secs_f64(options.seconds / 4.0),
        measure: Duration::from_secs_f64(options.seconds),
    };
    let mut bench = Bench {
        cores,
        distance: cores.map(Distance::new),
        timing,
        attempts: if options.quick { 1 } else { ATTEMPTS },
    };
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for scenario in &scenarios {
        let able = able(&peers, scenario);
        for round in 0..options.rounds {
            for peer in &able {
                eprintln!(
                    "{} round {}/{}: {}",
                    scenario.name,
                    round + 1,
                    options.rounds,
                    peer.name
                );
                match bench.measure(scenario, peer, round) {
                    Ok(row) => rows.push(row),
                    Err(failure) => {
                        let failure = format!("{} on {}: {failure}", scenario.name, peer.name);
                        eprintln!("FAILED {failure}");
                        failures.push(failure);
                    }
                }
            }
        }
        table::print(scenario, &peers, &rows);
    }
    table::print_summary(&scenarios, &peers, &rows);
    if let Some(path) = &options.json {
        let mut file = BufWriter::new(File::create(path)?);
        let record = Record {
            machine: &machine,
            quick: options.quick,
            rows: &rows,
            failures: &failures,
        };
        serde_json::to_writer_pretty(&mut file, &record)?;
        writeln!(file)?;
        file.flush()?;
    }
    Ok(report(&failures))
}

fn asked_for(options: &Compare) -> Vec<Scenario> {
    let mut scenarios = scenarios(options.quick);
    scenarios.retain(|scenario| options.asks_for_scenario(scenario.name));
    scenarios
}

/// The peers that can be run here; says why for those that cannot.
pub(crate) fn available(mut peers: Vec<&'static Peer>) -> Vec<&'static Peer> {
    peers.retain(|peer| match (peer.missing)() {
        None => true,
        Some(reason) => {
            eprintln!("skipping {}: {reason}", peer.name);
            false
        }
    });
    peers
}

/// The peers that can do a scenario; says why for those that cannot.
fn able(peers: &[&'static Peer], scenario: &Scenario) -> Vec<&'static Peer> {
    let can = |peer: &&&'static Peer| match peer.cannot(scenario.name) {
        None => true,
        Some(reason) => {
            eprintln!("{}: skipping {}: {reason}", scenario.name, peer.name);
            false
        }
    };
    peers.iter().filter(can).copied().collect()
}

/// Puts this process on the generator's core; says so if there is only one for both.
pub(crate) fn pin_generator() -> io::Result<Option<Cores>> {
    let cores = Cores::choose()?;
    match cores {
        Some(cores) => confine::pin(cores.generator)?,
        None => eprintln!("only one core: the generator and the servers share it"),
    }
    Ok(cores)
}

/// The arguments that make this program serve.
pub(crate) fn serve_args(peer: &Peer, app: App, cores: Option<Cores>) -> Vec<String> {
    let app = app.to_possible_value().expect("no app is hidden");
    let mut args = vec![
        "serve".into(),
        peer.name.into(),
        "--app".into(),
        app.get_name().into(),
    ];
    args.extend(["--parent".into(), process::id().to_string()]);
    if let Some(cores) = cores {
        args.extend(["--core".into(), cores.server.to_string()]);
    }
    args
}

/// Prints each failure once and chooses the exit status.
pub(crate) fn report(failures: &[String]) -> ExitCode {
    for failure in failures.iter().collect::<BTreeSet<_>>() {
        println!("FAILED {failure}");
    }
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What measurements share.
struct Bench {
    cores: Option<Cores>,
    distance: Option<Distance>,
    timing: Timing,
    attempts: usize,
}

impl Bench {
    /// Measures, and again while the cores were far apart, as often as there are attempts.
    fn measure(
        &mut self,
        scenario: &Scenario,
        peer: &'static Peer,
        round: usize,
    ) -> Result<Row, Failure> {
        let mut attempt = 1;
        loop {
            let before = self.look()?;
            let finding = self.measure_once(scenario, peer)?;
            let round_trip = before.zip(self.look()?).map(|(a, b)| f64::max(a, b));
            let is_far = self
                .distance
                .as_ref()
                .zip(round_trip)
                .is_some_and(|(distance, time)| distance.is_far(time));
            if !is_far || attempt == self.attempts {
                return Ok(Row::new(
                    scenario.name,
                    peer.name,
                    round,
                    round_trip,
                    &finding,
                ));
            }
            eprintln!("the cores did not share a cache all the time: once more");
            attempt += 1;
        }
    }

    fn look(&mut self) -> io::Result<Option<f64>> {
        self.distance.as_mut().map(Distance::look).transpose()
    }

    fn measure_once(&self, scenario: &Scenario, peer: &'static Peer) -> Result<Finding, Failure> {
        let mut command = Command::new(this_program());
        let args = serve_args(peer, scenario.app(), self.cores);
        let mut server = Server::start(command.args(args))?;
        if scenario.processes() > 1 {
            command.args(["--listen", &server.addr().to_string()]);
        }
        for _ in 1..scenario.processes() {
            server.join(&mut command)?;
        }
        let target = Target {
            server: &server,
            raw: peer.name == CEILING,
        };
        scenario.run(&target, self.timing)
    }
}

/// How often a measurement is made at most, for one with the cores near.
const ATTEMPTS: usize = 5;
