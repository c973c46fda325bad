//! One connection of the generator.

use std::io::{self, Read, Write};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::Failure;
use super::frames::FrameRing;
use super::reader::EchoReader;

/// Sends the messages of a ring in order and counts those that came back.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    reader: EchoReader,
    first: u64,
    /// Messages to be sent, counted from the start of the ring.
    started: u64,
    /// Messages that came back, counted the same way.
    answered: u64,
    /// Bytes that were sent, counted the same way.
    sent: u64,
}

impl Connection {
    pub(super) fn new(
        stream: std::net::TcpStream,
        raw: bool,
        first: u64,
        ring: &FrameRing,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            reader: EchoReader::new(raw, first),
            first,
            started: first,
            answered: first,
            sent: first * ring.frame_len(),
        })
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(
            &mut self.stream,
            token,
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// Messages that came back on this connection.
    pub(super) fn answered(&self) -> u64 {
        self.answered - self.first
    }

    /// Messages that were started and have not come back.
    pub(super) fn outstanding(&self) -> u64 {
        self.started - self.answered
    }

    /// Sends so many more messages, as far as the socket takes them now.
    pub(super) fn start(&mut self, messages: u64, ring: &FrameRing) -> io::Result<()> {
        self.started += messages;
        self.write(ring)
    }

    /// Counts on so many more messages that another connection sends.
    pub(super) fn expect(&mut self, messages: u64, ring: &FrameRing) {
        self.started += messages;
        self.sent += messages * ring.frame_len();
    }

    /// Sends what the socket did not take before.
    pub(super) fn write(&mut self, ring: &FrameRing) -> io::Result<()> {
        let target = self.started * ring.frame_len();
        while self.sent < target {
            match self.stream.write(ring.wire(self.sent, target)) {
                Ok(written) => self.sent += written as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads all there is and answers with the number of messages that came back.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        until_end: bool,
        ring: &FrameRing,
    ) -> Result<u64, Failure> {
        let before = self.answered;
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(Failure::new("the server closed a connection")),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            let received = self.reader.feed(&buffer[..read], ring)?;
            if received.closed {
                return Err(Failure::new("the server sent a Close frame"));
            }
            // A ping needs no answer here: no run is as long as a keepalive's patience.
            self.answered += received.messages;
            // Less than was asked for: the socket is empty, and the next event will tell when it is not.
            if read < buffer.len() && !until_end {
                break;
            }
        }
        Ok(self.answered - before)
    }

    /// No more may have come back than was sent.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.answered > self.started {
            return Err(Failure::new(format!(
                "{} more messages came back than were sent",
                self.answered - self.started
            )));
        }
        Ok(())
    }
}
