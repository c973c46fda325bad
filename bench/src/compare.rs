//! `compare`: every scenario on every server, round by round.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::{self, ExitCode};
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::confine::{self, Cores};
use crate::load::Timing;
use crate::machine::Machine;
use crate::measure::Bench;
use crate::options::Compare;
use crate::row::Row;
use crate::scenario::{Scenario, scenarios};
use crate::servers::{App, Peer};
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
    let mut bench = Bench::new(cores, timing, options.quick);
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
