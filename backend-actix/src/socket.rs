use std::{any::Any, net::Shutdown, rc::Rc};

use actix_web::{HttpRequest, dev::Extensions, rt::net::TcpStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;

/// Prepares a connection, for [`HttpServer::on_connect`](actix_web::HttpServer::on_connect): turns Nagle's algorithm
/// off, and lets sessions end TCP themselves.
///
/// Without it everything works, but the server leaves a connection open for its `client_disconnect_timeout` (1 s) after
/// the closing handshake, unless the peer ends it first; and a peer that stops reading keeps the server's buffers until
/// TCP gives up. It costs a second descriptor for each connection. TLS connections stay as they are.
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
    let socket = SockRef::from(stream);
    // When either fails the connection works without.
    let _ = socket.set_tcp_nodelay(true);
    if let Ok(socket) = socket.try_clone() {
        extensions.insert(Socket(Rc::new(socket)));
    }
}

/// A second handle of a connection's socket, for what the server has no way to say.
#[derive(Debug, Clone)]
pub(crate) struct Socket(Rc<socket2::Socket>);

impl Socket {
    /// The socket of this request's connection, if [`on_connect`] kept it.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data().cloned()
    }

    /// Ends the sending direction, once the server has written what it took.
    ///
    /// It has tried; if the socket has no room now it may have more to write, and is left to end TCP itself.
    pub(crate) fn end_writing(&self) {
        let mut socket = [PollFd::new(&*self.0, PollFlags::OUT)];
        let at_once = Timespec::default();
        if poll(&mut socket, Some(&at_once)).is_ok_and(|ready| ready == 1) {
            let _ = self.0.shutdown(Shutdown::Write);
        }
    }

    /// Cuts the connection.
    pub(crate) fn abort(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
