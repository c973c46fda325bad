//! A closed loop: each connection keeps so many messages in flight, and sends the next when one came back.

use super::connect::open;
use super::connection::Connection;
use super::frames::{FrameRing, Kind};
use super::pool::{Pool, TURN};
use super::{Failure, Meter, Sample, StallWatch, Target, Timing};

/// The shape of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) kind: Kind,
    pub(crate) payload_len: usize,
    pub(crate) in_flight: u64,
}

/// Loads for a time, then waits for all that is outstanding, so that a lost message is seen.
pub(crate) fn run(target: &Target<'_>, load: &Load, timing: Timing) -> Result<Sample, Failure> {
    let mut pool = connect(target, load)?;
    let mut meter = Meter::new(target.server, timing);
    let mut stall = StallWatch::new();
    let mut messages = 0;
    let mut sample = None;
    for index in 0..pool.len() {
        pool.start(index, load.in_flight)?;
    }
    while sample.is_none() || pool.outstanding() > 0 {
        let over = sample.is_some();
        pool.turn(TURN, |_, connection, answered, ring| {
            messages += answered;
            if !over {
                connection.start(answered, ring)?;
            }
            Ok(())
        })?;
        if sample.is_none() {
            sample = meter.tick(messages)?;
        }
        stall.check(messages, || pool.outstanding())?;
    }
    sample.ok_or_else(|| Failure::new("no time passed"))
}

/// Sends a fixed number of batches on each connection, each batch in one go and only after the one before came back:
/// the same work on every machine. Answers with the number of messages.
pub(crate) fn run_batches(target: &Target<'_>, load: &Load, batches: u64) -> Result<u64, Failure> {
    let mut pool = connect(target, load)?;
    let mut stall = StallWatch::new();
    let mut messages = 0;
    let per_connection = batches * load.in_flight;
    for index in 0..pool.len() {
        pool.start(index, load.in_flight)?;
    }
    while pool.outstanding() > 0 {
        pool.turn(TURN, |_, connection, answered, ring| {
            messages += answered;
            if connection.outstanding() == 0 && connection.answered() < per_connection {
                connection.start(load.in_flight, ring)?;
            }
            Ok(())
        })?;
        stall.check(messages, || pool.outstanding())?;
    }
    Ok(messages)
}

fn connect(target: &Target<'_>, load: &Load) -> Result<Pool, Failure> {
    let ring = FrameRing::new(
        load.kind,
        load.payload_len,
        load.in_flight as usize,
        target.raw,
    );
    let mut connections = Vec::with_capacity(load.connections);
    for index in 0..load.connections {
        // Each starts at another message, so that an answer on the wrong connection is noticed.
        connections.push(Connection::new(
            open(target.endpoint())?,
            target.raw,
            index as u64,
            &ring,
        )?);
    }
    Ok(Pool::new(connections, ring)?)
}
