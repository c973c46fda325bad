//! What must hold for a session driver whatever peer, network, handler and clock do: random scripts
//! over a scripted transport.
//!
//! `SWITCHWIRE_SEED=N` runs one script, the one that failed; `SWITCHWIRE_SCRIPTS=N` so many. A script
//! that a fuzzer found is a file below `fuzz/regressions/driver`, and runs here as well.

mod scripted;

use std::{fs, sync::OnceLock};

use scripted::{Property, Report, run};

/// How many scripts are run; each has dozens of steps.
const SCRIPTS: u64 = 2_000;

/// All scripts are run once, for the tests of all properties.
fn reports() -> &'static [(String, Report)] {
    static REPORTS: OnceLock<Vec<(String, Report)>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let number = |name| std::env::var(name).ok().map(|it| it.parse().expect(name));
        let seeds = match (number("SWITCHWIRE_SEED"), number("SWITCHWIRE_SCRIPTS")) {
            (Some(seed), _) => seed..seed + 1,
            (None, scripts) => 0..scripts.unwrap_or(SCRIPTS),
        };
        let random = seeds.map(|seed| (format!("SWITCHWIRE_SEED={seed}"), run(&script(seed))));
        if std::env::var_os("SWITCHWIRE_SEED").is_some() {
            return random.collect();
        }
        random.chain(regressions()).collect()
    })
}

fn regressions() -> impl Iterator<Item = (String, Report)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/regressions/driver");
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| {
        let script = fs::read(file.path()).expect("a regression can be read");
        (file.path().display().to_string(), run(&script))
    })
}

/// The script of a seed: splitmix64.
fn script(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let len = 4 + next() % 40;
    (0..len).flat_map(|_| next().to_be_bytes()).collect()
}

fn holds(property: Property) {
    let violated: Vec<_> = reports()
        .iter()
        .filter_map(|(name, report)| Some(format!("{name}: {}", report.violation(property)?)))
        .collect();
    let first = violated.iter().take(3).cloned().collect::<Vec<_>>();
    assert!(
        violated.is_empty(),
        "{property:?} is violated by {} of {} scripts, as by\n{}",
        violated.len(),
        reports().len(),
        first.join("\n")
    );
}

#[test]
fn at_most_one_close_is_sent_and_nothing_behind_it() {
    holds(Property::OneClose);
}

#[test]
fn no_message_is_lost_or_out_of_order() {
    holds(Property::Order);
}

#[test]
fn every_end_comes_by_its_deadlines() {
    holds(Property::Ends);
}

#[test]
fn the_outcome_is_what_happened() {
    holds(Property::Truth);
}

#[test]
fn a_session_of_which_nothing_is_left_is_over() {
    holds(Property::Gone);
}

#[test]
fn no_poll_ends_with_output_that_could_be_written() {
    holds(Property::Written);
}

#[test]
fn whatever_it_can_go_on_with_wakes_it() {
    holds(Property::Woken);
}

#[test]
fn no_poll_does_more_than_a_share_of_work() {
    holds(Property::Bounded);
}

#[test]
fn a_peer_that_sends_nothing_and_takes_nothing_is_given_up() {
    holds(Property::Silent);
}

#[test]
fn the_same_script_does_the_same() {
    for seed in 0..100 {
        let script = script(seed);
        assert_eq!(
            run(&script).trace,
            run(&script).trace,
            "SWITCHWIRE_SEED={seed}"
        );
    }
}

#[test]
fn scripts_are_long_enough_to_find_something() {
    let steps: usize = reports().iter().map(|(_, report)| report.steps).sum();
    let scripts = reports().len();
    assert!(scripts < 100 || steps > 10 * scripts, "{steps} steps");
}
