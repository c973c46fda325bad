//! An open loop: messages are sent at fixed times whatever comes back, and latency counts from the time at which a
//! message was due, so that a server that stalls is charged for all that it held up.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::connect::open;
use super::connection::Connection;
use super::frames::{FrameRing, Kind};
use super::pool::{Pool, TURN};
use super::{Failure, Meter, Sample, StallWatch, Target, Timing};

/// Messages per second, spread evenly over the connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) connections: usize,
    pub(crate) payload_len: usize,
    pub(crate) rate: u64,
}

/// Latency in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p99_9: f64,
    pub(crate) max: f64,
}

pub(crate) fn run(
    target: &Target<'_>,
    schedule: &Schedule,
    timing: Timing,
) -> Result<(Sample, Latency), Failure> {
    let mut pool = connect(target, schedule)?;
    let lanes = schedule.connections as u64;
    let due = |message: u64| Duration::from_nanos(message * 1_000_000_000 / schedule.rate);
    let mut histogram =
        Histogram::<u64>::new_with_max(HIGHEST, 3).expect("three digits are allowed");
    let mut meter = Meter::new(target.server, timing);
    let mut stall = StallWatch::new();
    let (mut next, mut messages, mut sample) = (0, 0, None);
    let mut answered_on = vec![0_u64; schedule.connections];
    let start = Instant::now();
    while sample.is_none() || pool.outstanding() > 0 {
        let running = sample.is_none();
        // What is overdue goes out, but not without bound: a server that cannot keep up shows as latency.
        while running
            && start.elapsed() >= due(next)
            && next - messages < schedule.rate * BACKLOG_SECONDS
        {
            pool.start((next % lanes) as usize, 1)?;
            next += 1;
        }
        // No waiting while running: a wait is too coarse for the schedule, and the generator has a core of its own.
        let wait = if running { Duration::ZERO } else { TURN };
        pool.turn(wait, |lane, _, answered, _| {
            let now = start.elapsed();
            for _ in 0..answered {
                let scheduled = due(answered_on[lane] * lanes + lane as u64);
                answered_on[lane] += 1;
                if scheduled >= timing.warm_up {
                    histogram.saturating_record(now.saturating_sub(scheduled).as_nanos() as u64);
                }
            }
            messages += answered;
            Ok(())
        })?;
        if running {
            sample = meter.tick(messages)?;
        }
        stall.check(messages, || pool.outstanding())?;
    }
    let sample = sample.ok_or_else(|| Failure::new("no time passed"))?;
    Ok((sample, Latency::from(&histogram)))
}

fn connect(target: &Target<'_>, schedule: &Schedule) -> Result<Pool, Failure> {
    // A connection that fell behind may have to send many frames at once.
    let ring = FrameRing::new(Kind::Text, schedule.payload_len, WINDOW, target.raw);
    let mut connections = Vec::with_capacity(schedule.connections);
    for index in 0..schedule.connections {
        connections.push(Connection::new(
            open(target.endpoint())?,
            target.raw,
            index as u64,
            &ring,
        )?);
    }
    Ok(Pool::new(connections, ring)?)
}

impl From<&Histogram<u64>> for Latency {
    fn from(histogram: &Histogram<u64>) -> Self {
        let micros = |nanos: u64| nanos as f64 / 1000.0;
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: micros(histogram.max()),
        }
    }
}

/// The longest latency that is told apart, in nanoseconds: longer than a stall is waited for.
pub(super) const HIGHEST: u64 = 60_000_000_000;

/// Messages on the way at most, in seconds of the schedule.
const BACKLOG_SECONDS: u64 = 2;

/// Frames that can be written in one go.
const WINDOW: usize = 64;
