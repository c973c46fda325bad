//! A set of connections and the poll they are registered with.

use std::io;
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Poll, Token};

use super::connection::Connection;
use super::frames::FrameRing;
use super::{Failure, READ_BUFFER};

#[derive(Debug)]
pub(super) struct Pool {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    ring: FrameRing,
    buffer: Vec<u8>,
}

impl Pool {
    pub(super) fn new(mut connections: Vec<Connection>, ring: FrameRing) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (index, connection) in connections.iter_mut().enumerate() {
            connection.register(poll.registry(), Token(index))?;
        }
        let events = Events::with_capacity(connections.len().max(1));
        Ok(Self {
            poll,
            events,
            connections,
            ring,
            buffer: vec![0; READ_BUFFER],
        })
    }

    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn outstanding(&self) -> u64 {
        self.connections.iter().map(Connection::outstanding).sum()
    }

    pub(super) fn start(&mut self, index: usize, messages: u64) -> io::Result<()> {
        self.connections[index].start(messages, &self.ring)
    }

    /// Sends so many more messages on the first connection, which all connections have to get.
    pub(super) fn publish(&mut self, messages: u64) -> io::Result<()> {
        for subscriber in &mut self.connections[1..] {
            subscriber.expect(messages, &self.ring);
        }
        self.start(0, messages)
    }

    /// Waits for the next answers, at most so long, and calls `answered` with each connection's index, the connection, the
    /// number of messages that came back on it, and the ring.
    pub(super) fn turn(
        &mut self,
        timeout: Duration,
        mut answered: impl FnMut(usize, &mut Connection, u64, &FrameRing) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let Token(index) = event.token();
            let connection = &mut self.connections[index];
            if event.is_writable() {
                connection.write(&self.ring)?;
            }
            if event.is_readable() || ended(event) {
                let messages = connection.read(&mut self.buffer, ended(event), &self.ring)?;
                connection.check()?;
                if messages > 0 {
                    answered(index, connection, messages, &self.ring)?;
                }
            }
        }
        Ok(())
    }
}

fn ended(event: &Event) -> bool {
    event.is_read_closed() || event.is_error()
}

/// How long to wait for an event at most before looking at the clock.
pub(super) const TURN: Duration = Duration::from_millis(20);
