use std::{
    any::Any,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use actix_web::{HttpRequest, dev::Extensions, rt::net::TcpStream};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io,
    net::{Shutdown, shutdown, sockopt},
};

/// Prepares a connection, for [`HttpServer::on_connect`](actix_web::HttpServer::on_connect): turns Nagle's algorithm
/// off, and lets sessions end TCP themselves.
///
/// Without it everything works, but the server leaves a connection open for its `client_disconnect_timeout` (1 s) after
/// the closing handshake, unless the peer ends it first; and a peer that stops reading keeps the server's buffers until
/// TCP gives up. TLS connections stay as they are, and so do all on systems other than Linux, but for Nagle's algorithm.
///
/// ```no_run
/// use actix_web::{App, HttpServer};
///
/// # async fn run() -> std::io::Result<()> {
/// HttpServer::new(|| App::new())
///     .on_connect(switchwire_backend_actix::on_connect)
///     .bind(("127.0.0.1", 8080))?
///     .run()
///     .await
/// # }
/// ```
pub fn on_connect(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    // When either fails the connection works without.
    let _ = sockopt::set_tcp_nodelay(stream, true);
    if let Ok(identity) = identity(stream.as_fd()) {
        extensions.insert(Socket {
            descriptor: stream.as_raw_fd(),
            identity,
        });
    }
}

/// Which socket a connection has, for what the server has no way to say.
///
/// The server owns it. A second descriptor would do without the check of who it is, but a process may have only so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Socket {
    descriptor: RawFd,
    identity: u64,
}

impl Socket {
    /// The socket of this request's connection, if [`on_connect`] noted it.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data().copied()
    }

    /// Ends the sending direction, once the server has written what it took.
    ///
    /// It has tried; if the socket has no room now it may have more to write, and is left to end TCP itself.
    pub(crate) fn end_writing(self) {
        self.with(|socket| {
            let at_once = Timespec::default();
            let ready = poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&at_once))?;
            if ready == 1 {
                shutdown(socket, Shutdown::Write)?;
            }
            Ok(())
        });
    }

    /// Cuts the connection.
    pub(crate) fn abort(self) {
        self.with(|socket| shutdown(socket, Shutdown::Both));
    }

    /// Does something to the socket, unless the server has closed it. It may fail: the peer may be gone.
    fn with(self, act: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>) {
        #[expect(
            unsafe_code,
            reason = "the server lends its socket only to `on_connect`"
        )]
        // SAFETY: the server closes the socket on this thread, when it drops the connection, which cannot be while this
        // runs. If it has, the number is free or another socket's: the kernel says so below, before anything is done.
        let socket = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        if identity(socket) == Ok(self.identity) {
            let _ = act(socket);
        }
    }
}

/// What the kernel calls a socket; no other has the same.
#[cfg(target_os = "linux")]
fn identity(socket: BorrowedFd<'_>) -> io::Result<u64> {
    sockopt::socket_cookie(socket)
}

#[cfg(not(target_os = "linux"))]
fn identity(_: BorrowedFd<'_>) -> io::Result<u64> {
    Err(io::Errno::NOSYS)
}
