//! One measurement, made while the cores are near.

use std::io;
use std::process::Command;

use crate::compare::serve_args;
use crate::confine::Cores;
use crate::distance::Distance;
use crate::load::{Failure, Target, Timing};
use crate::process::{Server, this_program};
use crate::row::Row;
use crate::scenario::{Finding, Scenario};
use crate::servers::{CEILING, Peer};

/// What measurements share.
#[derive(Debug)]
pub(crate) struct Bench {
    cores: Option<Cores>,
    distance: Option<Distance>,
    timing: Timing,
    attempts: usize,
}

impl Bench {
    pub(crate) fn new(cores: Option<Cores>, timing: Timing, quick: bool) -> Self {
        Self {
            cores,
            distance: cores.map(Distance::new),
            timing,
            attempts: if quick { 1 } else { ATTEMPTS },
        }
    }

    /// Measures, and again while the cores were far apart. The last attempt counts, whatever they were.
    pub(crate) fn measure(
        &mut self,
        scenario: &Scenario,
        peer: &'static Peer,
        round: usize,
    ) -> Result<Row, Failure> {
        let mut attempt = 1;
        loop {
            let before = self.look()?;
            let finding = self.measure_once(scenario, peer)?;
            let round_trip = before.zip(self.look()?).map(|(a, b)| f64::max(a, b));
            let is_far = self
                .distance
                .as_ref()
                .zip(round_trip)
                .is_some_and(|(distance, time)| distance.is_far(time));
            if !is_far || attempt == self.attempts {
                return Ok(Row::new(
                    scenario.name,
                    peer.name,
                    round,
                    round_trip,
                    &finding,
                ));
            }
            eprintln!("the cores did not share a cache all the time: once more");
            attempt += 1;
        }
    }

    fn look(&mut self) -> io::Result<Option<f64>> {
        self.distance.as_mut().map(Distance::look).transpose()
    }

    fn measure_once(&self, scenario: &Scenario, peer: &'static Peer) -> Result<Finding, Failure> {
        let mut command = Command::new(this_program());
        let args = serve_args(peer, scenario.app(), self.cores);
        let mut server = Server::start(command.args(args))?;
        if scenario.processes() > 1 {
            command.args(["--listen", &server.addr().to_string()]);
        }
        for _ in 1..scenario.processes() {
            server.join(&mut command)?;
        }
        let target = Target {
            server: &server,
            raw: peer.name == CEILING,
        };
        scenario.run(&target, self.timing)
    }
}

/// How often a measurement is made at most, for one with the cores near.
const ATTEMPTS: usize = 5;
