//! Runs sessions of all kinds against each server for a while, with a restart in the middle, and checks that nothing is
//! lost and nothing is left.

mod clients;
mod process;
mod run;
mod serve;
mod silent;
mod tally;

use std::{io, process::ExitCode, time::Duration};

use clap::Parser;

/// Everything that goes wrong in production: echo, broadcast, slow readers, peers that vanish, resets, storms of
/// reconnects, a restart in the middle. Everything is on the loopback interface.
#[derive(Debug, Parser)]
struct Options {
    /// A server to run it on; may be repeated. Default: all.
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// How many sessions at a time.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(40..=9_000))]
    sessions: u32,
    /// How long on each server, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(6..))]
    seconds: u64,
}

fn main() -> ExitCode {
    let role = std::env::args().nth(1).unwrap_or_default();
    let outcome = if role == "serve" {
        serve::serve().map(|()| ExitCode::SUCCESS)
    } else if let Some(outcome) = silent::run(&role) {
        outcome
    } else {
        soak(&Options::parse()).map(|is_well| ExitCode::from(u8::from(!is_well)))
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("switchwire-soak: {error}");
        ExitCode::FAILURE
    })
}

/// False when something was lost or left.
fn soak(options: &Options) -> io::Result<bool> {
    process::raise_file_limit()?;
    let mut servers = options.server.clone();
    if servers.is_empty() {
        servers = ["hyper", "actix", "warp"].map(str::to_owned).into();
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let mut is_well = true;
    for server in servers {
        let time = Duration::from_secs(options.seconds);
        let outcome = runtime.block_on(run::run(&server, options.sessions, time))?;
        println!("{outcome}");
        is_well &= outcome.is_well();
    }
    Ok(is_well)
}
