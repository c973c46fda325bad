//! Operations on a connection's socket that the server does not offer.

#[cfg(target_os = "linux")]
#[path = "socket/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "socket/other.rs"]
mod system;

use std::any::Any;

use actix_web::{dev::Extensions, rt::net::TcpStream};

pub(crate) use self::system::Socket;
use crate::close::Closing;

/// Prepares a connection, for [`HttpServer::on_connect`](actix_web::HttpServer::on_connect). It
/// turns Nagle's algorithm off, and lets sessions end TCP themselves.
///
/// Without it everything works, with these exceptions:
/// - an answer, of a page too, to a peer that takes nothing of it waits until TCP gives up, instead
///   of at most 65 s;
/// - the server keeps a connection open for its `client_disconnect_timeout` (1 s) after the closing
///   handshake, unless the peer ends it first;
/// - a peer that stops reading keeps the server's buffers until TCP gives up;
/// - the server notices that a host is gone only when the kernel's buffer is full, or when TCP
///   gives up.
///
/// It does nothing for TLS connections. On systems other than Linux, it only turns off Nagle's
/// algorithm.
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
    // When either fails, the connection works without it.
    let _ = stream.set_nodelay(true);
    if let Some(socket) = Socket::new(stream) {
        extensions.insert(socket);
        extensions.insert(Closing::default());
    }
}
