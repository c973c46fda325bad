//! How fast switchwire is, beside the same servers written by hand and the fastest WebSocket libraries.
//!
//! `switchwire-bench compare` starts each server as its own process, loads it, and prints tables; `docs/performance.md`
//! tells the method and what was found. Everything runs on the loopback interface.

mod compare;
mod confine;
mod counts;
mod distance;
mod load;
mod machine;
mod measure;
mod options;
mod process;
mod row;
mod scenario;
mod servers;
mod table;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use options::{Command, Hold, Options, Serve};
use servers::{Listen, Peer};

fn main() -> ExitCode {
    let outcome = match Options::parse().command {
        Command::Compare(options) if options.counts => counts::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Serve(options) => serve(&options).map(|()| ExitCode::SUCCESS),
        Command::Hold(options) => hold(&options).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("switchwire-bench: {error}");
        ExitCode::FAILURE
    })
}

fn serve(options: &Serve) -> io::Result<()> {
    if let Some(parent) = options.parent {
        confine::die_with(parent)?;
    }
    if let Some(core) = options.core {
        confine::pin(core)?;
    }
    confine::raise_file_limit()?;
    let peer = Peer::find(&options.peer).expect("the command line allows known peers only");
    (peer.serve)(&Listen {
        addr: options.listen,
        app: options.app,
    })
}

fn hold(options: &Hold) -> io::Result<()> {
    confine::die_with(options.parent)?;
    confine::raise_file_limit()?;
    load::idlers::run(options)
}
