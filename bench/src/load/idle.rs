//! Many connections that do nothing: what each costs in memory.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::connect::open_from;
use super::frames::{FrameRing, Kind, masked_frame};
use super::reader::EchoReader;
use super::{Failure, Sample, Target};

/// Resident bytes of the server, and how long its connections took to open.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    pub(crate) connections: usize,
    pub(crate) open_seconds: f64,
    pub(crate) rss_before: u64,
    pub(crate) rss_open: u64,
    pub(crate) rss_after_message: u64,
    pub(crate) rss_closed: u64,
}

impl Memory {
    /// Resident bytes per connection once all are open.
    pub(crate) fn per_connection_open(&self) -> f64 {
        self.per_connection(self.rss_open)
    }

    /// The same after one message each.
    pub(crate) fn per_connection_after_message(&self) -> f64 {
        self.per_connection(self.rss_after_message)
    }

    /// Resident bytes per connection that stay when all are closed.
    pub(crate) fn per_connection_closed(&self) -> f64 {
        self.per_connection(self.rss_closed)
    }

    fn per_connection(&self, rss: u64) -> f64 {
        rss.saturating_sub(self.rss_before) as f64 / self.connections as f64
    }
}

/// Opens the connections, sends one message on each, closes them all, and looks at the server's memory in between.
pub(crate) fn run(target: &Target<'_>, connections: usize) -> Result<(Sample, Memory), Failure> {
    let server = target.server;
    let ring = FrameRing::new(Kind::Text, PAYLOAD, 1, target.raw);
    let (rss_before, usage_before, files_before) =
        (server.rss()?, server.usage()?, server.open_files()?);

    let began = Instant::now();
    let mut clients = Vec::with_capacity(connections);
    for index in 0..connections {
        let source = (index / PER_SOURCE) as u8;
        clients.push(Client {
            stream: open_from(target, source)?,
            reader: EchoReader::new(target.raw, 0),
        });
    }
    let open_seconds = began.elapsed().as_secs_f64();
    let rss_open = server.rss()?;

    for client in &mut clients {
        client.echo(&ring)?;
    }
    let rss_after_message = server.rss()?;
    let sample = Sample {
        messages: connections as u64,
        elapsed: began.elapsed(),
        usage: server.usage()? - usage_before,
        rss: rss_after_message,
    };

    close(target, clients, &ring)?;
    let deadline = Instant::now() + CLOSED_WITHIN;
    while server.open_files()? > files_before + SLACK {
        if Instant::now() > deadline {
            let left = server.open_files()? - files_before;
            return Err(Failure::new(format!(
                "{left} connections are still open {CLOSED_WITHIN:?} after they were closed"
            )));
        }
        sleep(LOOK_EVERY);
    }
    let rss_closed = server.rss()?;
    Ok((
        sample,
        Memory {
            connections,
            open_seconds,
            rss_before,
            rss_open,
            rss_after_message,
            rss_closed,
        },
    ))
}

fn close(target: &Target<'_>, mut clients: Vec<Client>, ring: &FrameRing) -> Result<(), Failure> {
    if !target.raw {
        let close = masked_frame(0x88, [1, 2, 3, 4], &1000_u16.to_be_bytes());
        for client in &mut clients {
            client.stream.write_all(&close)?;
        }
        for client in &mut clients {
            client.wait_for_close(ring)?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    reader: EchoReader,
}

impl Client {
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

const CLOSED_WITHIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Files a server may open for itself meanwhile.
const SLACK: usize = 8;
