//! Many connections that do nothing: what each costs in memory.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::holder::Holder;
use super::{Failure, Sample, Target};

/// Resident bytes of the server, and how long its connections took to open.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    pub(crate) connections: usize,
    pub(crate) open_seconds: f64,
    pub(crate) rss_before: u64,
    pub(crate) rss_open: u64,
    pub(crate) rss_after_message: u64,
    pub(crate) rss_closed: u64,
}

impl Memory {
    /// Resident bytes per connection once all are open.
    pub(crate) fn per_connection_open(&self) -> f64 {
        self.per_connection(self.rss_open)
    }

    /// The same after one message each.
    pub(crate) fn per_connection_after_message(&self) -> f64 {
        self.per_connection(self.rss_after_message)
    }

    /// Resident bytes per connection that stay when all are closed.
    pub(crate) fn per_connection_closed(&self) -> f64 {
        self.per_connection(self.rss_closed)
    }

    fn per_connection(&self, rss: u64) -> f64 {
        rss.saturating_sub(self.rss_before) as f64 / self.connections as f64
    }
}

/// Opens the connections from as many processes, sends one message on each, closes them all, and looks at the server's
/// memory in between.
pub(crate) fn run(
    target: &Target<'_>,
    connections: usize,
    processes: usize,
) -> Result<(Sample, Memory), Failure> {
    let server = target.server;
    let (rss_before, usage_before, files_before) =
        (server.rss()?, server.usage()?, server.open_files()?);
    let mut holders = Vec::with_capacity(processes);
    for index in 0..processes {
        // The first ones take what is left over.
        let share = (connections + processes - 1 - index) / processes;
        holders.push(Holder::start(target.endpoint(), share, index)?);
    }
    let mut all = |order| {
        holders
            .iter_mut()
            .try_for_each(|holder| holder.order(order))
    };

    let began = Instant::now();
    all("open")?;
    let open_seconds = began.elapsed().as_secs_f64();
    let rss_open = server.rss()?;

    all("message")?;
    let rss_after_message = server.rss()?;
    let sample = Sample {
        messages: connections as u64,
        elapsed: began.elapsed(),
        usage: server.usage()? - usage_before,
        rss: rss_after_message,
    };

    all("close")?;
    let deadline = Instant::now() + CLOSED_WITHIN;
    while server.open_files()? > files_before + SLACK {
        if Instant::now() > deadline {
            let left = server.open_files()? - files_before;
            return Err(Failure::new(format!(
                "{left} connections are still open {CLOSED_WITHIN:?} after they were closed"
            )));
        }
        sleep(LOOK_EVERY);
    }
    let rss_closed = server.rss()?;
    let memory = Memory {
        connections,
        open_seconds,
        rss_before,
        rss_open,
        rss_after_message,
        rss_closed,
    };
    Ok((sample, memory))
}

const CLOSED_WITHIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Files a server may open for itself meanwhile.
const SLACK: usize = 8;
