//! Tests a running WebSocket server, in any language, against every case that needs only an echo endpoint.

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use libtest_mimic::{Arguments, Trial};
use switchwire_conformance::{Case, Level, Outcome, Remote, Timing};

/// Tests the echo endpoint of a running WebSocket server.
///
/// The endpoint must send back every message it gets, as one message of the same type. Every case opens connections
/// of its own. Exit code 0: all selected cases passed; 101: some failed; 2: the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "switchwire-conformance", version)]
struct Options {
    /// Where the server echoes, for example ws://127.0.0.1:9000/echo
    url: String,

    /// Runs only the cases whose id contains this, for example s5_5
    filter: Option<String>,

    /// Leaves out the cases whose id contains this; may be given several times
    #[arg(long, value_name = "PART")]
    skip: Vec<String>,

    /// Runs only what is at least this binding
    #[arg(long, value_enum, default_value = "may")]
    level: Binding,

    /// Lists the cases and runs none
    #[arg(long)]
    list: bool,

    /// How many cases run at once
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// How long something that must come may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    deadline: u64,

    /// Appends the results to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// The server's name in the report
    #[arg(long, default_value = "remote")]
    name: String,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Binding {
    Must,
    Should,
    May,
}

impl Binding {
    fn includes(self, level: Level) -> bool {
        level
            <= match self {
                Self::Must => Level::Must,
                Self::Should => Level::Should,
                Self::May => Level::May,
            }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let remote = match Remote::new(&options.url) {
        Ok(remote) => remote.reported(&options.name, options.report),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let timing = Timing::default().with_deadline(Duration::from_millis(options.deadline.max(1)));
    let remote = Arc::new(remote);
    let is_wanted = |case: &&Case| {
        let contains = |part: &String| case.id.contains(part.as_str());
        options.level.includes(case.level())
            && options.filter.as_ref().is_none_or(contains)
            && !options.skip.iter().any(contains)
    };
    if !Remote::cases().any(|case| is_wanted(&case)) {
        eprintln!("error: no case is left; --list shows all of them");
        return ExitCode::from(2);
    }
    let trials = Remote::cases()
        .filter(is_wanted)
        .map(|case| {
            let remote = remote.clone();
            let judge = move || match remote.run(case, timing).outcome {
                Outcome::Failed(story) => Err(story.into()),
                _ => Ok(()),
            };
            Trial::test(case.id, judge).with_kind(case.level().as_str())
        })
        .collect();
    let arguments = Arguments {
        list: options.list,
        test_threads: options.jobs.map(NonZeroUsize::get),
        ..Arguments::default()
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
