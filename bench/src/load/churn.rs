//! Connections that come and go: connect, opening handshake, one message, closing handshake, and again.

use std::io::{self, Read, Write};
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use super::connect::{check_response, request};
use super::frames::{FrameRing, Kind, masked_frame};
use super::pool::TURN;
use super::reader::EchoReader;
use super::{Failure, Meter, Sample, StallWatch, Target, Timing};

/// Keeps `concurrent` visits going. A message of the sample is one whole visit.
pub(crate) fn run(
    target: &Target<'_>,
    concurrent: usize,
    timing: Timing,
) -> Result<Sample, Failure> {
    let mut churn = Churn::new(target, concurrent)?;
    let mut meter = Meter::new(target.server, timing);
    let mut stall = StallWatch::new();
    let mut events = Events::with_capacity(concurrent);
    loop {
        churn.turn(&mut events)?;
        if let Some(sample) = meter.tick(churn.finished)? {
            return Ok(sample);
        }
        stall.check(churn.finished, || concurrent as u64)?;
    }
}

#[derive(Debug)]
struct Churn<'a> {
    target: &'a Target<'a>,
    poll: Poll,
    visits: Vec<Visit>,
    script: Script,
    finished: u64,
}

/// What is sent on every visit.
#[derive(Debug)]
struct Script {
    ring: FrameRing,
    request: Vec<u8>,
    /// One message and, to a WebSocket server, a Close frame.
    message: Vec<u8>,
}

#[derive(Debug)]
struct Visit {
    stream: TcpStream,
    stage: Stage,
    response: Vec<u8>,
    reader: EchoReader,
    answered: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Requested,
    Sent,
    Done,
}

impl<'a> Churn<'a> {
    fn new(target: &'a Target<'a>, concurrent: usize) -> io::Result<Self> {
        let ring = FrameRing::new(Kind::Text, PAYLOAD, 1, target.raw);
        let mut message = ring.wire(0, ring.frame_len()).to_vec();
        if !target.raw {
            message.extend(masked_frame(0x88, [1, 2, 3, 4], &1000_u16.to_be_bytes()));
        }
        let script = Script {
            ring,
            request: request(target.endpoint().addr),
            message,
        };
        let mut churn = Self {
            target,
            poll: Poll::new()?,
            visits: Vec::new(),
            script,
            finished: 0,
        };
        for index in 0..concurrent {
            let visit = churn.begin(index)?;
            churn.visits.push(visit);
        }
        Ok(churn)
    }

    fn begin(&self, index: usize) -> io::Result<Visit> {
        let mut stream = TcpStream::connect(self.target.endpoint().addr)?;
        self.poll.registry().register(
            &mut stream,
            Token(index),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        let reader = EchoReader::new(self.target.raw, 0);
        Ok(Visit {
            stream,
            stage: Stage::Connecting,
            response: Vec::new(),
            reader,
            answered: 0,
        })
    }

    fn turn(&mut self, events: &mut Events) -> Result<(), Failure> {
        match self.poll.poll(events, Some(TURN)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            let Token(index) = event.token();
            self.visits[index].step(event, &self.script, self.target.raw)?;
            if self.visits[index].stage == Stage::Done {
                self.finished += 1;
                // Reset rather than close: no TIME_WAIT, of which there would soon be too many.
                SockRef::from(&self.visits[index].stream).set_linger(Some(Duration::ZERO))?;
                self.visits[index] = self.begin(index)?;
            }
        }
        Ok(())
    }
}

impl Visit {
    fn step(&mut self, event: &Event, script: &Script, raw: bool) -> Result<(), Failure> {
        if self.stage == Stage::Connecting && (event.is_writable() || event.is_error()) {
            if let Some(error) = self.stream.take_error()? {
                return Err(error.into());
            }
            self.stream.set_nodelay(true)?;
            // A socket that was just connected takes these few bytes whole.
            self.stream.write_all(if raw {
                &script.message
            } else {
                &script.request
            })?;
            self.stage = if raw { Stage::Sent } else { Stage::Requested };
        }
        if event.is_readable() || event.is_read_closed() {
            self.read(script, raw)?;
        }
        Ok(())
    }

    fn read(&mut self, script: &Script, raw: bool) -> Result<(), Failure> {
        let mut buffer = [0; 2048];
        loop {
            let read = match self.stream.read(&mut buffer) {
                // Not every server written by hand answers a Close frame; that it ended is enough here.
                Ok(0) if self.answered == 1 => {
                    self.stage = Stage::Done;
                    return Ok(());
                }
                Ok(0) => {
                    return Err(Failure::new(
                        "the server closed a connection before it answered",
                    ));
                }
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.stage == Stage::Requested {
                self.response.extend_from_slice(&buffer[..read]);
                if check_response(&self.response)?.is_some() {
                    self.stream.write_all(&script.message)?;
                    self.stage = Stage::Sent;
                }
                continue;
            }
            let received = self.reader.feed(&buffer[..read], &script.ring)?;
            self.answered += received.messages;
            if received.closed && self.answered == 0 {
                return Err(Failure::new("the server closed before it answered"));
            }
            if self.answered == 1 && (raw || received.closed) {
                self.stage = Stage::Done;
                return Ok(());
            }
        }
    }
}

const PAYLOAD: usize = 32;
