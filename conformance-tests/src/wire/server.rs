//! The server under test, as a case sees it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use super::{Journal, Peer, Reply, Request, Transcript, buffers::keep_small, peer::Role};
use crate::{
    Timing,
    case::{Failure, Verdict, ensure},
};

/// Where the server is, and how to talk to it. A case never learns which server it is.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    host: String,
    echo: String,
    timing: Timing,
    transcript: Transcript,
    connections: AtomicUsize,
    control: Option<Box<Self>>,
    notes: Mutex<Vec<(String, String)>>,
}

impl Server {
    pub(crate) fn new(address: SocketAddr, host: String, echo: String, timing: Timing) -> Self {
        Self {
            address,
            host,
            echo,
            timing,
            transcript: Transcript::default(),
            connections: AtomicUsize::new(0),
            control: None,
            notes: Mutex::default(),
        }
    }

    /// The same, with another server beside it that controls it.
    pub(crate) fn with_control(mut self, control: Self) -> Self {
        let transcript = self.transcript.clone();
        self.control = Some(Box::new(Self {
            transcript,
            connections: AtomicUsize::new(100), // so that the numbers differ
            ..control
        }));
        self
    }

    /// Notes what the server answers to a request where servers may differ, for the report.
    pub(crate) fn note(&self, request: &str, answer: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((request.to_owned(), answer.to_owned()));
    }

    /// What was noted.
    pub(crate) fn notes(&self) -> Vec<(String, String)> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut notes)
    }

    /// The server that controls this one.
    pub(crate) fn control(&self) -> Verdict<&Self> {
        self.control
            .as_deref()
            .ok_or_else(|| Failure::new("a server of the case's own", "one for all cases"))
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn echo_path(&self) -> &str {
        &self.echo
    }

    /// A connection that nothing was said on.
    pub(crate) fn connect(&self) -> Verdict<Peer> {
        self.connect_with(|_| Ok(()))
    }

    /// A connection that holds little between its ends, so that a server is soon blocked.
    pub(crate) fn connect_slow(&self) -> Verdict<Peer> {
        self.connect_with(keep_small)
    }

    /// A connection that comes from another address of this machine.
    pub(crate) fn connect_from(&self, address: Ipv4Addr) -> Verdict<Peer> {
        self.connect_with(move |socket| socket.bind(&SocketAddr::from((address, 0)).into()))
    }

    fn connect_with(&self, prepare: impl Fn(&Socket) -> io::Result<()>) -> Verdict<Peer> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let stream = self
            .try_connect(prepare)
            .map_err(|error| Failure::new(format!("a connection to {}", self.address), error))?;
        Ok(Peer::new(
            stream,
            Role::Client,
            number,
            self.transcript.clone(),
            self.timing,
        ))
    }

    fn try_connect(&self, prepare: impl Fn(&Socket) -> io::Result<()>) -> io::Result<TcpStream> {
        const CONNECTING: Duration = Duration::from_secs(5);
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None)?;
        prepare(&socket)?;
        socket.connect_timeout(&self.address.into(), CONNECTING)?;
        socket.set_tcp_nodelay(true)?;
        let stream = TcpStream::from(socket);
        stream.set_write_timeout(Some(self.timing.deadline))?;
        Ok(stream)
    }

    /// A handshake for the echo endpoint that must be accepted.
    pub(crate) fn upgrade(&self) -> Request {
        Request::upgrade(&self.host, &self.echo)
    }

    /// A handshake for one of the kit's own handlers that must be accepted.
    pub(crate) fn upgrade_to(&self, path: &str) -> Request {
        Request::upgrade(&self.host, path)
    }

    /// A plain request.
    pub(crate) fn get(&self, path: &str) -> Request {
        Request::get(&self.host, path)
    }

    /// A WebSocket to the echo endpoint.
    pub(crate) fn open_echo(&self) -> Verdict<Peer> {
        self.accept(&self.upgrade()).map(|(peer, _)| peer)
    }

    /// A WebSocket to one of the kit's own handlers.
    pub(crate) fn open(&self, path: &str) -> Verdict<Peer> {
        self.accept(&self.upgrade_to(path)).map(|(peer, _)| peer)
    }

    /// A WebSocket to one of the kit's own handlers, on a connection that holds little between its ends.
    pub(crate) fn open_slow(&self, path: &str) -> Verdict<Peer> {
        let mut peer = self.connect_slow()?;
        peer.upgrade(&self.upgrade_to(path))?;
        Ok(peer)
    }

    /// A journal, for what a handler saw. Handlers write to it when their path ends in its
    /// [query](Journal::of).
    pub(crate) fn journal(&self) -> Verdict<Journal> {
        Journal::open(self)
    }

    /// Sends a handshake on a new connection, which must be accepted.
    pub(crate) fn accept(&self, request: &Request) -> Verdict<(Peer, Reply)> {
        let mut peer = self.connect()?;
        let reply = peer.upgrade(request)?;
        Ok((peer, reply))
    }

    /// Tries again and again until there is something: for what becomes true a moment after all that can be seen.
    pub(crate) fn until<T>(&self, mut attempt: impl FnMut() -> Verdict<Option<T>>) -> Verdict<T> {
        let until = Instant::now() + self.timing.deadline;
        loop {
            if let Some(found) = attempt()? {
                return Ok(found);
            }
            if Instant::now() > until {
                return Err(Failure::new("what has to be true at last", "it is not"));
            }
        }
    }

    /// Sends a handshake on a new connection, which must be refused: an HTTP error, or at least no answer.
    pub(crate) fn refuse(&self, request: &Request) -> Verdict<Option<Reply>> {
        let reply = self.connect()?.ask(request)?;
        if let Some(reply) = &reply {
            ensure((400..=599).contains(&reply.status), "an HTTP error", reply)?;
        }
        Ok(reply)
    }

    /// Sends a handshake on a new connection, which must be refused with one of these statuses.
    pub(crate) fn refuse_with(&self, request: &Request, statuses: &[u16]) -> Verdict<Reply> {
        let expected = || {
            format!(
                "HTTP {}",
                statuses
                    .iter()
                    .map(u16::to_string)
                    .collect::<Vec<_>>()
                    .join(" or ")
            )
        };
        let reply = self
            .connect()?
            .ask(request)?
            .ok_or_else(|| Failure::new(expected(), "TCP closed"))?;
        ensure(statuses.contains(&reply.status), expected(), &reply)?;
        Ok(reply)
    }
}
