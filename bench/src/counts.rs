//! `compare --counts`: what a message costs in user-space instructions and in system calls.
//!
//! Unlike time, these are the same on every machine for the same binary and input, so they are kept in
//! `bench/counts.json` and a change that makes a message dearer is seen without a stopwatch. Each server runs twice, for
//! few messages and for many; the difference leaves out starting and connecting.

mod committed;
mod tools;

use std::io;
use std::process::ExitCode;

use crate::compare::{available, pin_generator, report, serve_args};
use crate::confine;
use crate::load::closed_loop::{Load, run_batches};
use crate::load::{Failure, Target};
use crate::options::Compare;
use crate::scenario::{CLOSED_LOOPS, Work};
use crate::servers::{App, CEILING, Peer};
use committed::{Committed, Counts};
use tools::Tool;

pub(crate) fn run(options: &Compare) -> io::Result<ExitCode> {
    let tools: Vec<_> = Tool::ALL
        .into_iter()
        .filter(|tool| tool.is_installed())
        .collect();
    for tool in Tool::ALL.into_iter().filter(|tool| !tools.contains(tool)) {
        println!("SKIPPED {tool}: it is not installed");
    }
    if tools.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    confine::raise_file_limit()?;
    let cores = pin_generator()?;
    let mut committed = Committed::read()?;
    let (mut failures, mut grown) = (Vec::new(), false);
    for scenario in CLOSED_LOOPS
        .iter()
        .filter(|scenario| options.asks_for_scenario(scenario.name))
    {
        let Work::ClosedLoop(load) = scenario.work else {
            continue;
        };
        println!("\n{}: {}", scenario.name, scenario.title);
        println!(
            "{:<19}{:>16}{:>14}   compared with bench/counts.json",
            "server", "instructions", "system calls"
        );
        for peer in available(options.peers()) {
            // Under valgrind node's compiler is measured more than ws is.
            if peer.name == "node-ws" {
                continue;
            }
            let mut counts = Counts::default();
            for tool in &tools {
                eprintln!("{}: {} under {tool}", scenario.name, peer.name);
                let server = Counted {
                    peer,
                    args: serve_args(peer, App::Echo, cores),
                    load,
                };
                match server.per_message(*tool, scenario.name, options) {
                    Ok(count) => counts.set(*tool, count),
                    Err(failure) => {
                        let failure =
                            format!("{} on {} under {tool}: {failure}", scenario.name, peer.name);
                        eprintln!("FAILED {failure}");
                        failures.push(failure);
                    }
                }
            }
            let verdict = committed.compare(peer.name, scenario.name, counts);
            println!(
                "{:<19}{:>16}{:>14}   {verdict}",
                peer.name,
                counts.instructions(),
                counts.system_calls()
            );
            grown |= peer.is_ours() && verdict.has_grown();
            if load.payload_len >= CUT_FROM {
                counts.forget_system_calls();
            }
            committed.set(peer.name, scenario.name, counts);
        }
    }
    if options.update_counts {
        committed.write()?;
        println!("\nwrote bench/counts.json");
        return Ok(report(&failures));
    }
    if grown && failures.is_empty() {
        println!(
            "\na message of switchwire costs more than before: make it cheaper, or run with --update-counts and say why"
        );
        return Ok(ExitCode::from(GROWN));
    }
    Ok(report(&failures))
}

#[derive(Debug)]
struct Counted {
    peer: &'static Peer,
    args: Vec<String>,
    load: Load,
}

impl Counted {
    fn per_message(&self, tool: Tool, scenario: &str, options: &Compare) -> Result<f64, Failure> {
        // The same number of bytes, roughly, whatever the size; at least a few turns.
        let few =
            (BYTES / (self.load.connections * self.load.payload_len) as u64 / self.load.in_flight)
                .clamp(2, 20);
        let (messages_few, count_few) = self.total(tool, few, None)?;
        let keep = options
            .profiles
            .as_ref()
            .map(|dir| dir.join(format!("callgrind.out.{}.{scenario}", self.peer.name)));
        let (messages_many, count_many) = self.total(tool, 4 * few, keep.as_deref())?;
        Ok((count_many as f64 - count_few as f64) / (messages_many - messages_few) as f64)
    }

    /// The messages of a run and all that was counted in it, from start to end.
    fn total(
        &self,
        tool: Tool,
        batches: u64,
        keep: Option<&std::path::Path>,
    ) -> Result<(u64, u64), Failure> {
        let traced = tool.start(&self.args)?;
        let target = Target {
            server: traced.server(),
            raw: self.peer.name == CEILING,
        };
        let messages = run_batches(&target, &self.load, batches)?;
        Ok((messages, traced.finish(keep)?))
    }
}

/// Exit status when a message became dearer.
const GROWN: u8 = 3;

/// Messages of this size come in as many reads as it happens, so their system calls are shown and not held.
const CUT_FROM: usize = 64 << 10;

/// Payload bytes of the short run.
const BYTES: u64 = 8 * 1024 * 1024;
