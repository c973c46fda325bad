//! The load generator: one thread on a core of its own, written to cost much less than any server it loads.
//!
//! What is sent is computed and masked before the clock starts ([`frames`]); what comes back is compared with what was
//! sent, byte for byte, as it arrives ([`reader`]).

pub(crate) mod churn;
pub(crate) mod closed_loop;
mod connect;
mod connection;
pub(crate) mod fanout;
pub(crate) mod flood;
pub(crate) mod frames;
mod holder;
pub(crate) mod idle;
pub(crate) mod idlers;
pub(crate) mod open_loop;
mod pool;
mod reader;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::process::{Server, Usage};

/// A server under load: where it is, whether it speaks WebSocket, and how to see what it spends.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) server: &'a Server,
    /// A raw TCP echo: no opening handshake, and frames come back as they were sent, masked.
    pub(crate) raw: bool,
}

/// How long to load before the measurement and during it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
}

/// What one measurement saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) messages: u64,
    pub(crate) elapsed: Duration,
    pub(crate) usage: Usage,
    pub(crate) rss: u64,
}

/// Why a run is no measurement: the server failed, or lost or changed a message.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// Where to connect, and whether with an opening handshake.
#[derive(Debug, Clone, Copy)]
struct Endpoint {
    addr: SocketAddr,
    raw: bool,
}

impl Target<'_> {
    fn endpoint(&self) -> Endpoint {
        Endpoint {
            addr: self.server.addr(),
            raw: self.raw,
        }
    }
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Takes the server's usage at the start and the end of the measured time.
#[derive(Debug)]
struct Meter<'a> {
    server: &'a Server,
    timing: Timing,
    began: Instant,
    /// When the measurement began, what the server had used, and how many messages there had been.
    start: Option<(Instant, Usage, u64)>,
}

impl<'a> Meter<'a> {
    fn new(server: &'a Server, timing: Timing) -> Self {
        Self {
            server,
            timing,
            began: Instant::now(),
            start: None,
        }
    }

    /// To be called often, with the messages so far; answers with the sample when the time is over.
    fn tick(&mut self, messages: u64) -> io::Result<Option<Sample>> {
        let now = Instant::now();
        let Some((started, usage, before)) = self.start else {
            if now - self.began >= self.timing.warm_up {
                self.start = Some((now, self.server.usage()?, messages));
            }
            return Ok(None);
        };
        if now - started < self.timing.measure {
            return Ok(None);
        }
        Ok(Some(Sample {
            messages: messages - before,
            elapsed: now - started,
            usage: self.server.usage()? - usage,
            rss: self.server.rss()?,
        }))
    }
}

/// Notices that nothing has come back for too long.
#[derive(Debug)]
struct StallWatch {
    progress: u64,
    since: Instant,
}

impl StallWatch {
    fn new() -> Self {
        Self {
            progress: 0,
            since: Instant::now(),
        }
    }

    fn check(&mut self, progress: u64, outstanding: impl FnOnce() -> u64) -> Result<(), Failure> {
        if progress != self.progress {
            *self = Self {
                progress,
                since: Instant::now(),
            };
        } else if self.since.elapsed() > STALL {
            return Err(Failure::new(format!(
                "nothing came back for {STALL:?}; {} messages are lost",
                outstanding()
            )));
        }
        Ok(())
    }
}

/// How long a server may answer nothing while something is outstanding.
const STALL: Duration = Duration::from_secs(10);

/// Size of the buffer everything is read into.
const READ_BUFFER: usize = 256 * 1024;
