//! Serves until the application stops.

use std::{io, pin::pin, time::Duration};

use actix_web::dev::Server;
use switchwire_service::{SessionRegistry, ShutdownReport};

/// Runs a server until `signal`, then stops accepting and ends the open connections: HTTP
/// connections after their current request, and sessions as with [`SessionRegistry::shutdown`].
/// Returns when all have ended, or at the deadline, with a report on the sessions.
///
/// The server's own stop does not know sessions: it waits for its `shutdown_timeout` (30 s) and
/// cuts them. Set that timeout to at least the deadline. The server must not listen to signals
/// itself.
///
/// `registry` is the registry that all mounted dispatchers share
/// ([`with_registry`](switchwire_service::WebSocketDispatcher::with_registry)). To end at once on a
/// second signal, call its `shutdown` with a deadline of zero.
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
/// The error of the server, when it ends by itself.
///
/// # Cancel safety
/// Dropping it drops the server, which continues until its handle stops it. A shutdown that has
/// begun continues in the registry.
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
    // When no connection is left, the server ends its workers, and with them the tasks of their
    // sessions.
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
