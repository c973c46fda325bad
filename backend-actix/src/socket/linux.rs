use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use actix_web::{HttpRequest, rt::net::TcpStream};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io,
    net::{Shutdown, shutdown, sockopt},
};
use switchwire_core::WebSocketSettings;
use switchwire_driver as driver;

/// Identifies the socket of a connection, for operations that the server does not offer.
///
/// The server owns the socket. A second descriptor would need no check of its identity, but a
/// process may have only a limited number of descriptors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Socket {
    descriptor: RawFd,
    identity: u64,
}

impl Socket {
    /// Identifies the socket of a connection that the server has accepted, if it can be told from
    /// others. From now on, the default limit on the peer's silence applies. The server itself
    /// waits without a limit, even with requests that wait behind an answer that the peer does not
    /// read.
    pub(crate) fn new(stream: &TcpStream) -> Option<Self> {
        driver::Socket::new(stream).limit_silence(&WebSocketSettings::default());
        Some(Self {
            descriptor: stream.as_raw_fd(),
            identity: sockopt::socket_cookie(stream).ok()?,
        })
    }

    /// The socket of this request's connection, if [`on_connect`](crate::on_connect) noted it.
    pub(crate) fn from_request(request: &HttpRequest) -> Option<Self> {
        request.conn_data().copied()
    }

    /// Limits how long the peer's TCP may acknowledge nothing, as the settings say.
    pub(crate) fn limit_silence(self, settings: &WebSocketSettings) {
        let limit = driver::Socket::silence_limit(settings);
        if limit == driver::Socket::silence_limit(&WebSocketSettings::default()) {
            return; // the limit is this one already
        }
        self.with(|socket| {
            driver::Socket::new(&socket).limit_silence(settings);
            if limit.is_none() {
                sockopt::set_tcp_user_timeout(socket, 0)?;
            }
            Ok(())
        });
    }

    /// Whether the peer has ended its half. False when the server has closed the socket.
    pub(crate) fn peer_has_ended(self) -> bool {
        self.with(|socket| Ok(driver::Socket::new(&socket).peer_has_ended()))
            .unwrap_or_default()
    }

    /// How many written bytes the peer has not acknowledged. 0 when the server has closed the
    /// socket.
    pub(crate) fn unacknowledged(self) -> usize {
        self.with(|socket| Ok(driver::Socket::new(&socket).unacknowledged()))
            .flatten()
            .unwrap_or_default()
    }

    /// How many bytes the kernel takes now at least. 0 when the socket is not writable. Call it in
    /// the server's own turn: the socket must be open.
    ///
    /// When a socket is writable, a third of its buffer is free. The kernel needs some of that for
    /// its own bookkeeping.
    pub(crate) fn room(self) -> usize {
        #[expect(
            unsafe_code,
            reason = "the server lends its socket only to `on_connect`"
        )]
        // SAFETY: the server asks for the body of a connection that it still has, and closes its
        // socket later. This only reads the state of the socket.
        let socket = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        let mut asked = [PollFd::new(&socket, PollFlags::OUT)];
        let _ = poll(&mut asked, Some(&Timespec::default()));
        if asked[0].revents().contains(PollFlags::OUT) {
            sockopt::socket_send_buffer_size(socket).unwrap_or_default() / 4
        } else {
            0
        }
    }

    /// Ends the sending direction after the written bytes.
    pub(crate) fn end_writing(self) {
        self.with(|socket| shutdown(socket, Shutdown::Write));
    }

    /// Cuts the connection.
    pub(crate) fn abort(self) {
        self.with(|socket| shutdown(socket, Shutdown::Both));
    }

    /// Calls `act` with the socket, unless the server has closed it. The call may fail: the peer
    /// may be gone.
    fn with<T>(self, act: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> Option<T> {
        #[expect(
            unsafe_code,
            reason = "the server lends its socket only to `on_connect`"
        )]
        // SAFETY: the server closes the socket on this thread, when it drops the connection, which
        // cannot happen while this runs. If it has closed it, the number is free or another
        // socket's. The kernel then says so below, before anything is done.
        let socket = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        if sockopt::socket_cookie(socket) == Ok(self.identity) {
            act(socket).ok()
        } else {
            None
        }
    }
}
