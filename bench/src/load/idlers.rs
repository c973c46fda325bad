//! The connections one process holds: blocking, one after the other.

use std::io::{self, ErrorKind, Read, Write, stdin};
use std::net::TcpStream;

use super::connect::open_from;
use super::frames::{FrameRing, Kind, masked_frame};
use super::reader::EchoReader;
use super::{Endpoint, Failure};
use crate::options::Hold;

/// What a process answers when it has done what it was told.
pub(super) const DONE: &str = "done";

/// Does what standard input says, line by line, until it ends.
pub(crate) fn run(options: &Hold) -> io::Result<()> {
    let endpoint = Endpoint {
        addr: options.addr,
        raw: options.raw,
    };
    let ring = FrameRing::new(Kind::Text, PAYLOAD, 1, endpoint.raw);
    let mut idlers = Vec::with_capacity(options.connections);
    for order in stdin().lines() {
        let outcome = match order?.as_str() {
            "open" => open(endpoint, options, &mut idlers),
            "message" => idlers
                .iter_mut()
                .try_for_each(|idler: &mut Idler| idler.echo(&ring)),
            "close" => close(endpoint, &mut idlers, &ring),
            order => Err(Failure::new(format!("what is {order:?}?"))),
        };
        match outcome {
            Ok(()) => println!("{DONE}"),
            Err(failure) => println!("{failure}"),
        }
    }
    Ok(())
}

fn open(endpoint: Endpoint, options: &Hold, idlers: &mut Vec<Idler>) -> Result<(), Failure> {
    for number in 0..options.connections {
        let source = options.index * options.connections.div_ceil(PER_SOURCE) + number / PER_SOURCE;
        let stream = open_from(endpoint, source as u16)?;
        idlers.push(Idler {
            stream,
            reader: EchoReader::new(endpoint.raw, 0),
        });
    }
    Ok(())
}

fn close(endpoint: Endpoint, idlers: &mut Vec<Idler>, ring: &FrameRing) -> Result<(), Failure> {
    if !endpoint.raw {
        let close = masked_frame(0x88, [1, 2, 3, 4], &1000_u16.to_be_bytes());
        for idler in &mut *idlers {
            idler.stream.write_all(&close)?;
        }
        for idler in &mut *idlers {
            idler.wait_for_close(ring)?;
        }
    }
    idlers.clear();
    Ok(())
}

#[derive(Debug)]
struct Idler {
    stream: TcpStream,
    reader: EchoReader,
}

impl Idler {
    /// Sends one message and waits until it comes back; a ping in between is answered.
    fn echo(&mut self, ring: &FrameRing) -> Result<(), Failure> {
        self.stream.write_all(ring.wire(0, ring.frame_len()))?;
        let mut buffer = [0; 512];
        loop {
            let read = self.stream.read(&mut buffer)?;
            let received = self.reader.feed(&buffer[..read], ring)?;
            if read == 0 || received.closed {
                return Err(Failure::new("the server closed an idle connection"));
            }
            if let Some(payload) = received.ping {
                self.stream
                    .write_all(&masked_frame(0x8A, [1, 2, 3, 4], &payload))?;
            }
            if received.messages > 0 {
                return Ok(());
            }
        }
    }

    fn wait_for_close(&mut self, ring: &FrameRing) -> Result<(), Failure> {
        let mut buffer = [0; 512];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) if self.reader.feed(&buffer[..read], ring)?.closed => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

const PAYLOAD: usize = 32;

/// Connections from one source address.
const PER_SOURCE: usize = 5_000;
