//! What servers are put through.

use crate::load::closed_loop::Load;
use crate::load::fanout::Fanout;
use crate::load::flood::Flood;
use crate::load::frames::Kind::{Binary, Text};
use crate::load::idle::Memory;
use crate::load::open_loop::{Latency, Schedule};
use crate::load::{
    Failure, Sample, Target, Timing, churn, closed_loop, fanout, flood, idle, open_loop,
};
use crate::servers::App;

/// One load, the same for every server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    /// The name on the command line, in tables and in `counts.json`.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) work: Work,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// So many messages in flight on each connection.
    ClosedLoop(Load),
    /// Connections that do nothing, to as many server processes, which share a port.
    Idle {
        connections: usize,
        processes: usize,
    },
    /// Connections that come and go, so many at a time.
    Churn { concurrent: usize },
    /// One publisher, many subscribers.
    Fanout(Fanout),
    /// Messages at fixed times.
    OpenLoop(Schedule),
    /// Large messages without pause, of which some are acknowledged.
    Flood(Flood),
}

/// What one run of a scenario found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finding {
    pub(crate) sample: Sample,
    pub(crate) latency: Option<Latency>,
    pub(crate) memory: Option<Memory>,
}

/// The scenarios, or smaller ones of the same kinds for a smoke test.
pub(crate) fn scenarios(quick: bool) -> Vec<Scenario> {
    let mut all = CLOSED_LOOPS.to_vec();
    all.extend_from_slice(if quick { &QUICK } else { &FULL });
    all
}

/// The closed loops: the same whether quick or not, and the ones that `--counts` runs.
pub(crate) const CLOSED_LOOPS: [Scenario; 5] = [
    closed(
        "32b-x1",
        "64 connections, 32 B text, 1 in flight",
        Load {
            connections: 64,
            kind: Text,
            payload_len: 32,
            in_flight: 1,
        },
    ),
    closed(
        "32b-x32",
        "64 connections, 32 B text, 32 in flight",
        Load {
            connections: 64,
            kind: Text,
            payload_len: 32,
            in_flight: 32,
        },
    ),
    closed(
        "1k-x8",
        "64 connections, 1 KiB binary, 8 in flight",
        Load {
            connections: 64,
            kind: Binary,
            payload_len: 1024,
            in_flight: 8,
        },
    ),
    closed(
        "64k",
        "16 connections, 64 KiB binary, 1 in flight",
        Load {
            connections: 16,
            kind: Binary,
            payload_len: 64 * 1024,
            in_flight: 1,
        },
    ),
    closed(
        "1m",
        "4 connections, 1 MiB binary, 1 in flight",
        Load {
            connections: 4,
            kind: Binary,
            payload_len: 1024 * 1024,
            in_flight: 1,
        },
    ),
];

const FULL: [Scenario; 7] = [
    Scenario {
        name: "idle-10k",
        title: "10 000 idle connections",
        work: Work::Idle {
            connections: 10_000,
            processes: 1,
        },
    },
    Scenario {
        name: "idle-19k",
        title: "19 000 idle connections",
        work: Work::Idle {
            connections: 19_000,
            processes: 1,
        },
    },
    HANDSHAKES,
    FANOUT,
    Scenario {
        name: "fanout-10k",
        title: "1 publisher to 10 000 subscribers, 32 B text, 2 publications in flight; a message is one delivery",
        work: Work::Fanout(Fanout {
            subscribers: 10_000,
            payload_len: 32,
            in_flight: 2,
        }),
    },
    Scenario {
        name: "latency",
        title: "64 connections, 32 B text, 20 000 messages per second",
        work: Work::OpenLoop(Schedule {
            connections: 64,
            payload_len: 32,
            rate: 20_000,
        }),
    },
    flood(200),
];

const QUICK: [Scenario; 5] = [
    Scenario {
        name: "idle-1k",
        title: "1 000 idle connections",
        work: Work::Idle {
            connections: 1_000,
            processes: 1,
        },
    },
    HANDSHAKES,
    FANOUT,
    Scenario {
        name: "latency",
        title: "64 connections, 32 B text, 5 000 messages per second",
        work: Work::OpenLoop(Schedule {
            connections: 64,
            payload_len: 32,
            rate: 5_000,
        }),
    },
    flood(10),
];

const HANDSHAKES: Scenario = Scenario {
    name: "handshakes",
    title: "connect, opening handshake, one message, closing handshake; 32 at a time",
    work: Work::Churn { concurrent: 32 },
};

const FANOUT: Scenario = Scenario {
    name: "fanout",
    title: "1 publisher to 1 000 subscribers, 32 B text, 8 publications in flight; a message is one delivery",
    work: Work::Fanout(Fanout {
        subscribers: 1_000,
        payload_len: 32,
        in_flight: 8,
    }),
};

const fn closed(name: &'static str, title: &'static str, load: Load) -> Scenario {
    Scenario {
        name,
        title,
        work: Work::ClosedLoop(load),
    }
}

/// Five rounds of the full one are a thousand acknowledgements.
const fn flood(acknowledgements: u64) -> Scenario {
    Scenario {
        name: "flood",
        title: "256 KiB binary without pause, 0.5 ms of work on each; from the send of an acknowledgement, each 100th, to its first byte at the peer",
        work: Work::Flood(Flood {
            payload_len: 256 * 1024,
            acknowledgements,
        }),
    }
}

impl Scenario {
    /// So many idle connections, to as many processes as that takes with a limit of open files for each.
    pub(crate) fn idle(connections: usize, files: usize) -> Self {
        let processes = connections.div_ceil(files.saturating_sub(SPARE_FILES).max(1));
        let title = "idle connections, as many as asked for";
        Self {
            name: "idle",
            title,
            work: Work::Idle {
                connections,
                processes,
            },
        }
    }

    /// How many processes serve.
    pub(crate) fn processes(&self) -> usize {
        match self.work {
            Work::Idle { processes, .. } => processes,
            _ => 1,
        }
    }

    /// What the server's endpoint has to do.
    pub(crate) fn app(&self) -> App {
        match self.work {
            Work::Fanout(_) => App::Fanout,
            Work::Flood(_) => App::Flood,
            _ => App::Echo,
        }
    }

    pub(crate) fn run(&self, target: &Target<'_>, timing: Timing) -> Result<Finding, Failure> {
        let only = |sample| Finding {
            sample,
            latency: None,
            memory: None,
        };
        let timed = |(sample, latency)| Finding {
            sample,
            latency: Some(latency),
            memory: None,
        };
        match &self.work {
            Work::ClosedLoop(load) => closed_loop::run(target, load, timing).map(only),
            Work::Churn { concurrent } => churn::run(target, *concurrent, timing).map(only),
            Work::Fanout(fanout) => fanout::run(target, fanout, timing).map(only),
            Work::OpenLoop(schedule) => open_loop::run(target, schedule, timing).map(timed),
            Work::Flood(flood) => flood::run(target, flood, timing).map(timed),
            Work::Idle {
                connections,
                processes,
            } => idle::run(target, *connections, *processes).map(|(sample, memory)| Finding {
                sample,
                latency: None,
                memory: Some(memory),
            }),
        }
    }
}

/// Descriptors of each process that are not for idle connections: the kernel spreads connections over the processes that
/// share a port by chance, so that some get a few hundred more than others.
const SPARE_FILES: usize = 1_000;
