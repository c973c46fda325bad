//! How far the two cores are from each other. On a virtual machine that changes while it runs: now they share a cache,
//! now they do not, and then whatever moves data from one to the other is half as fast.

use std::hint;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use crate::confine::{self, Cores};

/// Measurements are compared with the nearest the cores have been.
#[derive(Debug)]
pub(crate) struct Distance {
    cores: Cores,
    nearest: f64,
}

impl Distance {
    pub(crate) fn new(cores: Cores) -> Self {
        Self {
            cores,
            nearest: f64::INFINITY,
        }
    }

    /// How many nanoseconds a word takes to the other core and back: the least of some tries, as a try may be interrupted.
    pub(crate) fn look(&mut self) -> io::Result<f64> {
        let mut least = f64::INFINITY;
        for _ in 0..TRIES {
            least = least.min(round_trip(self.cores)?);
        }
        self.nearest = self.nearest.min(least);
        Ok(least)
    }

    /// Whether this is much farther than the cores have been.
    pub(crate) fn is_far(&self, round_trip: f64) -> bool {
        round_trip > FAR * self.nearest
    }
}

/// Run on the generator's core, as this process is.
fn round_trip(cores: Cores) -> io::Result<f64> {
    let word = AtomicU32::new(0);
    let wait_for = |value| {
        while word.load(Ordering::Acquire) != value {
            hint::spin_loop();
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let pinned = confine::pin(cores.server);
            for turn in 0..=TURNS {
                wait_for(2 * turn + 1);
                word.store(2 * turn + 2, Ordering::Release);
            }
            pinned
        });
        let send = |turn| {
            word.store(2 * turn + 1, Ordering::Release);
            wait_for(2 * turn + 2);
        };
        send(0); // the other thread is there
        let start = Instant::now();
        (1..=TURNS).for_each(send);
        let time = start.elapsed();
        other.join().expect("it does not panic")?;
        Ok(time.as_nanos() as f64 / f64::from(TURNS))
    })
}

const TURNS: u32 = 5_000;
const TRIES: u32 = 4;

/// Within a cache and between two differ by a factor of five or so.
const FAR: f64 = 2.5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_judged_by_the_nearest() -> io::Result<()> {
        let Some(cores) = Cores::choose()? else {
            return Ok(()); // there is no other core to be far from
        };
        confine::pin(cores.generator)?;
        let mut distance = Distance::new(cores);
        let round_trip = distance.look()?;
        assert!(round_trip > 0.0 && round_trip.is_finite());
        assert!(!distance.is_far(round_trip));
        assert!(distance.is_far(3.0 * round_trip));
        Ok(())
    }
}
