//! What a handler does with a flood, the same on every server.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// One message of so many is acknowledged.
pub(crate) const ACKNOWLEDGED: u64 = 100;

/// How long the handler works on each message.
const WORK: Duration = Duration::from_micros(500);

/// The handler's side of a flood.
#[derive(Debug, Default)]
pub(super) struct Worker {
    taken: u64,
}

impl Worker {
    /// Works on a message. The acknowledgement to be sent at once, if it is one of those that get one: the time.
    pub(super) fn take(&mut self) -> Option<[u8; 8]> {
        let end = Instant::now() + WORK;
        while Instant::now() < end {
            spin_loop();
        }
        self.taken += 1;
        self.taken
            .is_multiple_of(ACKNOWLEDGED)
            .then(|| now().to_be_bytes())
    }
}

/// The time in nanoseconds, by the clock that all processes of a machine share.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has the clock");
    Duration::from(time).as_nanos() as u64
}
