use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};
use switchwire_core::ClientRequest;

use super::{Answer, Asked, Peer, Transcript, buffers::keep_small, peer::Role};
use crate::{
    Timing,
    case::{Failure, Verdict, ensure},
};

/// Where a client connects to.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
    address: SocketAddr,
    accepted: usize,
    timing: Timing,
    transcript: Transcript,
}

impl Listener {
    pub(super) fn bind(
        ip: IpAddr,
        backlog: i32,
        timing: Timing,
        transcript: &Transcript,
    ) -> Verdict<Self> {
        let bound = || -> io::Result<_> {
            let address = SocketAddr::from((ip, 0));
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            keep_small(&socket)?;
            socket.bind(&address.into())?;
            socket.listen(backlog)?;
            let address = socket.local_addr()?.as_socket();
            Ok((socket, address.ok_or(io::ErrorKind::AddrNotAvailable)?))
        };
        let failed = |error| Failure::new(format!("a listener on {ip}"), error);
        let (socket, address) = bound().map_err(failed)?;
        Ok(Self {
            socket,
            address,
            accepted: 0,
            timing,
            transcript: transcript.clone(),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// A request for a path here.
    pub(crate) fn request(&self, path: &str) -> Verdict<ClientRequest> {
        Ok(ClientRequest::new(&self.url(path))?)
    }

    /// The next connection, on which nothing was said.
    pub(crate) fn accept(&mut self) -> Verdict<Peer> {
        let within = self.timing.deadline;
        let accepted = self.accept_within(within)?;
        accepted.ok_or_else(|| Failure::new("a connection", format_args!("none within {within:?}")))
    }

    /// Nobody connects for the silent time.
    pub(crate) fn expect_nobody(&mut self) -> Verdict {
        let nobody = self.accept_within(self.timing.silence)?.is_none();
        ensure(nobody, "no connection", "one")
    }

    /// The next connection, and what is asked on it.
    pub(crate) fn asked(&mut self) -> Verdict<(Peer, Asked)> {
        let mut peer = self.accept()?;
        let asked = peer.asked()?;
        Ok((peer, asked))
    }

    /// The next connection, switched as it must be.
    pub(crate) fn switched(&mut self) -> Verdict<(Peer, Asked)> {
        let (mut peer, asked) = self.asked()?;
        peer.answer(&Answer::switching(&asked));
        Ok((peer, asked))
    }

    fn accept_within(&mut self, time: Duration) -> Verdict<Option<Peer>> {
        const PAUSE: Duration = Duration::from_millis(1);
        let until = Instant::now() + time;
        let failed = |error| Failure::new("a connection", error);
        // There is no accept with a timeout, and nothing that all systems have to wait with.
        self.socket.set_nonblocking(true).map_err(failed)?;
        loop {
            match self.socket.accept() {
                Ok((socket, _)) => return self.peer(socket).map(Some).map_err(failed),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Err(failed(error));
                }
                Err(_) if Instant::now() >= until => return Ok(None),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    fn peer(&mut self, socket: Socket) -> io::Result<Peer> {
        socket.set_nonblocking(false)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_write_timeout(Some(self.timing.deadline))?;
        self.accepted += 1;
        Ok(Peer::new(
            socket.into(),
            Role::Server,
            self.accepted,
            self.transcript.clone(),
            self.timing,
        ))
    }
}
