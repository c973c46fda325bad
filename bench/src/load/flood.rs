//! A flood: one connection sends large messages without pause, the server's handler works on each and acknowledges some.
//! How long does an acknowledgement take from the handler's `send` to its first byte at the peer?
//!
//! One thread only sends and another only reads, so that what is slow is the server. An acknowledgement carries the time
//! at which the handler sent it: both ends are on one machine and read the same clock.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::connect::open;
use super::frames::{FrameRing, Kind};
use super::open_loop::{HIGHEST, Latency};
use super::{Failure, Sample, Target, Timing};
use crate::servers::flood::{ACKNOWLEDGED, now};

/// The shape of a flood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flood {
    pub(crate) payload_len: usize,
    /// How many acknowledgements are measured.
    pub(crate) acknowledgements: u64,
}

/// Floods until so many acknowledgements have come after the warm-up. A message of the sample is one of the flood.
pub(crate) fn run(
    target: &Target<'_>,
    flood: &Flood,
    timing: Timing,
) -> Result<(Sample, Latency), Failure> {
    let ring = FrameRing::new(Kind::Binary, flood.payload_len, 1, target.raw);
    let stream = open(target.endpoint())?;
    thread::scope(|scope| {
        // Ends when the connection does, and the reader tells why.
        scope.spawn(|| send(&stream, &ring));
        let found = receive(&stream, target, flood, timing);
        let _ = stream.shutdown(Shutdown::Both);
        found
    })
}

fn send(mut stream: &TcpStream, ring: &FrameRing) {
    for message in 0.. {
        let from = message * ring.frame_len();
        if stream
            .write_all(ring.wire(from, from + ring.frame_len()))
            .is_err()
        {
            return;
        }
    }
}

fn receive(
    stream: &TcpStream,
    target: &Target<'_>,
    flood: &Flood,
    timing: Timing,
) -> Result<(Sample, Latency), Failure> {
    let mut histogram =
        Histogram::<u64>::new_with_max(HIGHEST, 3).expect("three digits are allowed");
    let mut acknowledgements = Acknowledgements::new(stream);
    let warm = Instant::now() + timing.warm_up;
    while Instant::now() < warm {
        acknowledgements.next()?;
    }
    let (began, usage) = (Instant::now(), target.server.usage()?);
    for _ in 0..flood.acknowledgements {
        histogram.saturating_record(acknowledgements.next()?.as_nanos() as u64);
    }
    let sample = Sample {
        messages: flood.acknowledgements * ACKNOWLEDGED,
        elapsed: began.elapsed(),
        usage: target.server.usage()? - usage,
        rss: target.server.rss()?,
    };
    Ok((sample, Latency::from(&histogram)))
}

/// Reads acknowledgements: small frames, among which there may be pings.
struct Acknowledgements<'a> {
    stream: &'a TcpStream,
    unread: Vec<u8>,
    arrived: u64,
}

impl<'a> Acknowledgements<'a> {
    fn new(stream: &'a TcpStream) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            arrived: 0,
        }
    }

    /// How long the next one was on its way.
    fn next(&mut self) -> Result<Duration, Failure> {
        loop {
            if let Some(sent) = self.parse()? {
                return Ok(Duration::from_nanos(self.arrived.saturating_sub(sent)));
            }
            let mut buffer = [0; 4096];
            let read = match self.stream.read(&mut buffer)? {
                0 => return Err(Failure::new("the server closed a connection")),
                read => read,
            };
            self.arrived = now();
            self.unread.extend_from_slice(&buffer[..read]);
        }
    }

    /// When the acknowledgement was sent that is at the front, if one is.
    fn parse(&mut self) -> Result<Option<u64>, Failure> {
        while let [first, len, rest @ ..] = &self.unread[..]
            && let Some(payload) = rest.get(..usize::from(*len))
        {
            let sent = match *first {
                BINARY => Some(payload.try_into().map_err(|_| {
                    Failure::new(format!("an acknowledgement of {len} bytes came"))
                })?),
                PING => None,
                first => return Err(Failure::new(format!("a frame began with {first:#04x}"))),
            };
            self.unread.drain(..2 + usize::from(self.unread[1]));
            if let Some(sent) = sent {
                return Ok(Some(u64::from_be_bytes(sent)));
            }
        }
        Ok(None)
    }
}

const BINARY: u8 = 0x82;
const PING: u8 = 0x89;
