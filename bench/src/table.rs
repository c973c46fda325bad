//! Tables on standard output.

use crate::load::open_loop::Latency;
use crate::row::{Rounds, Row};
use crate::scenario::{Scenario, Work};
use crate::servers::{CEILING, Peer};

/// One scenario, a line for each server.
pub(crate) fn print(scenario: &Scenario, peers: &[&'static Peer], rows: &[Row]) {
    println!("\n{}: {}", scenario.name, scenario.title);
    match scenario.work {
        Work::Idle {
            connections,
            processes,
        } => {
            println!("{connections} connections, server processes: {processes}");
            print_memory(scenario, peers, rows);
        }
        Work::OpenLoop(_) | Work::Flood(_) => print_latency(scenario, peers, rows),
        _ => print_speed(scenario, peers, rows),
    }
}

/// Every server and scenario side by side: messages per CPU-second as a share of the raw echo's.
pub(crate) fn print_summary(scenarios: &[Scenario], peers: &[&'static Peer], rows: &[Row]) {
    let compared: Vec<_> = scenarios
        .iter()
        .filter(|s| {
            !matches!(
                s.work,
                Work::Idle { .. } | Work::OpenLoop(_) | Work::Flood(_)
            )
        })
        .collect();
    if compared.is_empty() || peers.iter().all(|peer| peer.name != CEILING) {
        return;
    }
    println!(
        "\nmessages per CPU-second of the server as a share of {CEILING} (x: of the same server by hand)"
    );
    print!("{:<19}", "server");
    for scenario in &compared {
        print!("{:>17}", scenario.name);
    }
    println!();
    for peer in peers {
        print!("{:<19}", peer.name);
        for scenario in &compared {
            let (of_raw, of_hand) = ratios(scenario, peer, rows);
            print!(
                "{:>17}",
                format!(
                    "{of_raw} {:>8}",
                    if of_hand.is_empty() {
                        of_hand
                    } else {
                        format!("x {of_hand}")
                    }
                )
            );
        }
        println!();
    }
}

fn print_speed(scenario: &Scenario, peers: &[&'static Peer], rows: &[Row]) {
    println!(
        "{:<19}{:>11}{:>8}{:>7}{:>11}{:>9}{:>12}{:>9}",
        "server", "msg/CPU-s", "spread", "user", "msg/s", "of raw", "of by hand", "RSS"
    );
    for (peer, rounds) in present(scenario, peers, rows) {
        let (of_raw, of_hand) = ratios(scenario, peer, rows);
        println!(
            "{:<19}{:>11}{:>8}{:>7}{:>11}{:>9}{:>12}{:>9}",
            peer.name,
            count(rounds.median(Row::per_cpu_second)),
            format!("±{:.0} %", 100.0 * rounds.spread(Row::per_cpu_second)),
            format!("{:.0} %", 100.0 * rounds.median(Row::user_share)),
            count(rounds.median(Row::per_second)),
            of_raw,
            of_hand,
            bytes(rounds.median(|row| row.rss as f64)),
        );
    }
}

fn print_latency(scenario: &Scenario, peers: &[&'static Peer], rows: &[Row]) {
    println!(
        "{:<19}{:>9}{:>9}{:>9}{:>9}{:>9}{:>11}{:>11}{:>12}",
        "server",
        "p50 us",
        "p90 us",
        "p99 us",
        "p99.9 us",
        "max us",
        "msg/s",
        "msg/CPU-s",
        "of by hand"
    );
    for (peer, rounds) in present(scenario, peers, rows) {
        print!("{:<19}", peer.name);
        let quantiles: [fn(Latency) -> f64; 5] =
            [|l| l.p50, |l| l.p90, |l| l.p99, |l| l.p99_9, |l| l.max];
        for quantile in quantiles {
            print!(
                "{:>9.0}",
                rounds.median(|row| quantile(row.latency.expect("such a scenario has latency")))
            );
        }
        println!(
            "{:>11}{:>11}{:>12}",
            count(rounds.median(Row::per_second)),
            count(rounds.median(Row::per_cpu_second)),
            ratios(scenario, peer, rows).1
        );
    }
}

fn print_memory(scenario: &Scenario, peers: &[&'static Peer], rows: &[Row]) {
    println!(
        "{:<19}{:>10}{:>13}{:>15}{:>14}",
        "server", "open in", "RSS each", "after message", "after closing"
    );
    for (peer, rounds) in present(scenario, peers, rows) {
        let memory = |row: &Row| row.memory.expect("an idle scenario looks at memory");
        println!(
            "{:<19}{:>10}{:>13}{:>15}{:>14}",
            peer.name,
            format!("{:.2} s", rounds.median(|row| memory(row).open_seconds)),
            bytes(rounds.median(|row| memory(row).per_connection_open())),
            bytes(rounds.median(|row| memory(row).per_connection_after_message())),
            bytes(rounds.median(|row| memory(row).per_connection_closed())),
        );
    }
}

fn present<'a>(
    scenario: &'a Scenario,
    peers: &'a [&'static Peer],
    rows: &'a [Row],
) -> impl Iterator<Item = (&'static Peer, Rounds<'a>)> {
    peers
        .iter()
        .filter_map(|peer| Some((*peer, Rounds::of(rows, scenario.name, peer.name)?)))
}

/// As a share of the raw echo, and as a multiple of the same server by hand; empty where there is none.
fn ratios(scenario: &Scenario, peer: &Peer, rows: &[Row]) -> (String, String) {
    let rounds = |name: &str| Rounds::of(rows, scenario.name, name);
    let ratio = |other: Option<&'static str>| rounds(peer.name)?.ratio(&rounds(other?)?);
    let text = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    (text(ratio(Some(CEILING))), text(ratio(peer.by_hand)))
}

fn count(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{:.2} M", value / 1e6),
        value if value >= 10_000.0 => format!("{:.0} k", value / 1e3),
        value => format!("{value:.0}"),
    }
}

fn bytes(value: f64) -> String {
    match value {
        value if value >= 1024.0 * 1024.0 => format!("{:.1} MiB", value / 1024.0 / 1024.0),
        value => format!("{:.1} KiB", value / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(count(2_345_678.0), "2.35 M");
        assert_eq!(count(234_567.0), "235 k");
        assert_eq!(count(1_234.4), "1234");
        assert_eq!(bytes(2048.0), "2.0 KiB");
        assert_eq!(bytes(3.0 * 1024.0 * 1024.0), "3.0 MiB");
    }
}
