use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use actix_web::{HttpRequest, rt::net::TcpStream};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io,
    net::{Shutdown, shutdown, sockopt},
};
use switchwire_core::WebSocketSettings;
use switchwire_driver as driver;

/// Which socket a connection has, for what the server has no way to say.
///
/// The server owns it. A second descriptor would do without the check of who it is, but a process may have only so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Socket {
    descriptor: RawFd,
    identity: u64,
}

impl Socket {
    /// The socket of a connection that the server has accepted, if it can be told from others. Silence of its peer is
    /// limited as by default from now on, because the server itself waits for ever, and more than waits with requests that
    /// wait behind an answer that is not read.
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
            return; // as it is
        }
        self.with(|socket| {
            driver::Socket::new(&socket).limit_silence(settings);
            if limit.is_none() {
                sockopt::set_tcp_user_timeout(socket, 0)?;
            }
            Ok(())
        });
    }

    /// Whether the peer has ended its half; false when the server has closed the socket.
    pub(crate) fn peer_has_ended(self) -> bool {
        self.with(|socket| Ok(driver::Socket::new(&socket).peer_has_ended()))
            .unwrap_or_default()
    }

    /// How many bytes of what was written the peer has not acknowledged; none when the server has closed the socket.
    pub(crate) fn unacknowledged(self) -> usize {
        self.with(|socket| Ok(driver::Socket::new(&socket).unacknowledged()))
            .flatten()
            .unwrap_or_default()
    }

    /// What the kernel takes now at least; nothing when the socket is not writable. For the server's own turn: the socket
    /// must be open.
    ///
    /// A third of the buffer is free when a socket is writable, and some of that is for the kernel's own books.
    pub(crate) fn room(self) -> usize {
        #[expect(
            unsafe_code,
            reason = "the server lends its socket only to `on_connect`"
        )]
        // SAFETY: the server asks for the body of a connection that it has, and closes its socket later. And the socket
        // is only asked for its state here.
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

    /// Does something with the socket, unless the server has closed it. It may fail: the peer may be gone.
    fn with<T>(self, act: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> Option<T> {
        #[expect(
            unsafe_code,
            reason = "the server lends its socket only to `on_connect`"
        )]
        // SAFETY: the server closes the socket on this thread, when it drops the connection, which cannot be while this
        // runs. If it has, the number is free or another socket's: the kernel says so below, before anything is done.
        let socket = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        if sockopt::socket_cookie(socket) == Ok(self.identity) {
            act(socket).ok()
        } else {
            None
        }
    }
}
