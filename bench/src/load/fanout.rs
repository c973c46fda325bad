//! One publisher, many subscribers: every connection gets what the first one sends.

use super::connect::{open, read_greeting};
use super::connection::Connection;
use super::frames::{FrameRing, Kind};
use super::pool::{Pool, TURN};
use super::{Failure, Meter, Sample, StallWatch, Target, Timing};

/// The shape of a fan-out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fanout {
    pub(crate) subscribers: usize,
    pub(crate) payload_len: usize,
    /// Publications that have not yet reached everybody, at most.
    pub(crate) in_flight: u64,
}

/// Publishes for a time, then waits until all subscribers have got all. A message of the sample is one delivery.
pub(crate) fn run(target: &Target<'_>, fanout: &Fanout, timing: Timing) -> Result<Sample, Failure> {
    let mut pool = connect(target, fanout)?;
    let mut meter = Meter::new(target.server, timing);
    let mut stall = StallWatch::new();
    let mut progress = Progress::new(pool.len(), fanout.in_flight);
    let mut sample = None;
    let mut published = 0;
    while sample.is_none() || progress.everywhere < published {
        if sample.is_none() {
            let more = fanout.in_flight - (published - progress.everywhere);
            if more > 0 {
                pool.publish(more)?;
                published += more;
            }
        }
        pool.turn(TURN, |subscriber, _, received, _| {
            progress.receive(subscriber, received);
            Ok(())
        })?;
        if sample.is_none() {
            sample = meter.tick(progress.deliveries)?;
        }
        stall.check(progress.deliveries, || pool.outstanding())?;
    }
    sample.ok_or_else(|| Failure::new("no time passed"))
}

fn connect(target: &Target<'_>, fanout: &Fanout) -> Result<Pool, Failure> {
    let ring = FrameRing::new(
        Kind::Text,
        fanout.payload_len,
        fanout.in_flight as usize,
        target.raw,
    );
    let mut connections = Vec::with_capacity(fanout.subscribers);
    for _ in 0..fanout.subscribers {
        let mut stream = open(target.endpoint())?;
        read_greeting(&mut stream)?;
        connections.push(Connection::new(stream, target.raw, 0, &ring)?);
    }
    Ok(Pool::new(connections, ring)?)
}

/// How far the publications have come.
#[derive(Debug)]
struct Progress {
    deliveries: u64,
    /// Publications that reached everybody: they do so in order.
    everywhere: u64,
    received: Vec<u64>,
    /// For each publication in flight, how many subscribers still miss it.
    missing: Vec<usize>,
}

impl Progress {
    fn new(subscribers: usize, in_flight: u64) -> Self {
        Self {
            deliveries: 0,
            everywhere: 0,
            received: vec![0; subscribers],
            missing: vec![subscribers; in_flight as usize],
        }
    }

    fn receive(&mut self, subscriber: usize, messages: u64) {
        self.deliveries += messages;
        for _ in 0..messages {
            let slot = (self.received[subscriber] % self.missing.len() as u64) as usize;
            self.received[subscriber] += 1;
            self.missing[slot] -= 1;
            if self.missing[slot] == 0 {
                self.missing[slot] = self.received.len();
                self.everywhere += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_is_through_when_the_last_subscriber_has_it() {
        let mut progress = Progress::new(3, 2);
        progress.receive(0, 2);
        progress.receive(1, 1);
        assert_eq!(progress.everywhere, 0);
        progress.receive(2, 2);
        assert_eq!(progress.everywhere, 1);
        progress.receive(1, 1);
        assert_eq!((progress.everywhere, progress.deliveries), (2, 6));
    }
}
