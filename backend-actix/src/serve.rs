//! Serving until the application is to stop.

use std::{io, pin::pin, time::Duration};

use actix_web::dev::Server;
use switchwire_service::{SessionRegistry, ShutdownReport};

/// Runs a server until `signal`, then stops accepting and ends what there is: HTTP connections after the request they are
/// at, sessions as [`SessionRegistry::shutdown`] does. Returns when all have ended, or at the deadline, and tells how the
/// sessions did.
///
/// The server's own stop knows nothing of sessions: it waits for its `shutdown_timeout` (30 s, to be set no shorter than
/// the deadline) and cuts them. And it must not listen to signals itself.
///
/// `registry` is that of the dispatchers that are mounted, which share it
/// ([`with_registry`](switchwire_service::WebSocketDispatcher::with_registry)). For a second signal that is to end it at
/// once, call its `shutdown` with no time left.
///
/// ```no_run
/// use std::time::Duration;
/// use actix_web::{App, HttpServer};
/// use switchwire_backend_actix::{configure, on_connect, serve_with_shutdown};
/// use switchwire_service::{UrlHandlerMapping, WebSocketDispatcher};
///
/// # async fn run(mapping: UrlHandlerMapping) -> Result<(), Box<dyn std::error::Error>> {
/// let dispatcher = WebSocketDispatcher::from(mapping);
/// let registry = dispatcher.registry().clone();
/// let sessions = configure(dispatcher)?;
/// let server = HttpServer::new(move || App::new().configure(sessions.clone()))
///     .on_connect(on_connect)
///     .disable_signals()
///     .bind(("127.0.0.1", 8080))?
///     .run();
/// let signal = async { drop(actix_web::rt::signal::ctrl_c().await) };
/// let report = serve_with_shutdown(server, registry, signal, Duration::from_secs(30)).await?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// That of the server, when it ends by itself.
///
/// # Cancel safety
/// Dropping it drops the server, which goes on until its handle stops it. A shutdown that has begun goes on in the registry.
pub async fn serve_with_shutdown(
    server: Server,
    registry: SessionRegistry,
    signal: impl Future<Output = ()>,
    deadline: Duration,
) -> io::Result<ShutdownReport> {
    let handle = server.handle();
    let mut server = pin!(server);
    tokio::select! {
        ended = server.as_mut() => {
            ended?;
            return Ok(registry.shutdown(Duration::ZERO).await);
        }
        () = signal => {}
    }
    // The server ends its workers, and with them the tasks of their sessions, once no connection is left.
    drop(handle.stop(true)); // the command is sent at once
    let sessions = registry.shutdown(deadline);
    let drain = async {
        tokio::select! {
            ended = server => ended,
            () = registry.deadline() => Ok(()),
        }
    };
    let (report, ended) = tokio::join!(sessions, drain);
    ended.map(|()| report)
}
