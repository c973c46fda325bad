//! A server on hyper, for applications without one of their own.

use std::{error::Error as StdError, future::pending, pin::pin, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use switchwire_core::InvalidSettings;
use switchwire_service::{SessionRegistry, ShutdownReport, WebSocketDispatcher};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    accept::Acceptor,
    connection::{Timeouts, serve_connection},
    listener::Listener,
    service::{NotFound, UpgradeService},
};

/// Serves WebSocket handlers, and an application's own hyper service, on TCP or any other
/// [`Listener`].
///
/// It speaks HTTP/1.1. It limits the time for a request's head, and the time that an answer may
/// wait for its peer. It turns off Nagle's algorithm. A lack of file descriptors does not stop it.
/// Each request has a [`ConnectionInfo`](switchwire_core::ConnectionInfo) among its extensions.
///
/// ```no_run
/// use switchwire_backend_hyper::HyperServer;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// HyperServer::new(mapping).serve(listener).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HyperServer<S = UpgradeService<NotFound>> {
    service: S,
    /// `None` for a service of the application's, until it is set.
    registry: Option<SessionRegistry>,
    timeouts: Timeouts,
}

impl HyperServer {
    /// Makes a server of WebSockets only. Other requests get 404.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>) -> Self {
        Self::with_application(dispatcher, NotFound)
    }
}

impl<A> HyperServer<UpgradeService<A>> {
    /// Makes a server of WebSockets and of an application's own service.
    #[must_use]
    pub fn with_application(dispatcher: impl Into<WebSocketDispatcher>, application: A) -> Self {
        let dispatcher = dispatcher.into();
        let registry = dispatcher.registry().clone();
        Self::from_service(UpgradeService::new(dispatcher, application)).with_registry(registry)
    }
}

impl<S> HyperServer<S> {
    /// Makes a server of any hyper service, which may contain an [`UpgradeService`]. Pass the
    /// registry of that service to [`with_registry`](Self::with_registry).
    #[must_use]
    pub fn from_service(service: S) -> Self {
        Self {
            service,
            registry: None,
            timeouts: Timeouts {
                header_read: Duration::from_secs(10),
                write: Duration::from_secs(30),
            },
        }
    }

    /// Sets the registry whose sessions [`serve_with_shutdown`](Self::serve_with_shutdown) ends.
    /// Default: the dispatcher's. A server of any other service has none, and warns of it when it
    /// shuts down.
    #[must_use]
    pub fn with_registry(mut self, registry: SessionRegistry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Sets how long a client may take to send the head of a request, or to begin the next request.
    /// Default: 10 s.
    ///
    /// # Errors
    /// [`InvalidSettings::NoTime`] for a time of zero, [`InvalidSettings::TooLong`] for more than
    /// ten years.
    pub fn with_header_read_timeout(mut self, timeout: Duration) -> Result<Self, InvalidSettings> {
        self.timeouts.header_read = checked("header_read_timeout", timeout)?;
        Ok(self)
    }

    /// Sets how long an HTTP answer may wait for its client. Default: 30 s.
    ///
    /// When output has waited for this time, and the client has taken less than 240 bytes per
    /// second of it, the server resets the connection. This limits neither the length of an answer
    /// nor the time that the application takes for it. It ends with the protocol switch: sessions
    /// have [`SlowConsumerPolicy`](switchwire_core::SlowConsumerPolicy).
    ///
    /// # Errors
    /// [`InvalidSettings::NoTime`] for a time of zero, [`InvalidSettings::TooLong`] for more than
    /// ten years.
    pub fn with_write_timeout(mut self, timeout: Duration) -> Result<Self, InvalidSettings> {
        self.timeouts.write = checked("write_timeout", timeout)?;
        Ok(self)
    }

    /// Serves until the future is dropped. That ends all HTTP connections. Sessions continue to
    /// their own end.
    ///
    /// # Cancel safety
    /// Dropping it stops accepting. A connection that was being accepted is closed.
    pub async fn serve<L, R>(self, listener: L)
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let deadline = Duration::ZERO; // never used
        self.serve_with_shutdown(listener, pending(), deadline)
            .await;
    }

    /// Serves until `signal`, then stops accepting and ends the open connections. An HTTP
    /// connection ends after its current request, or at once when it has no complete head of a
    /// request. Sessions end as with [`SessionRegistry::shutdown`]. Returns when all have ended, or
    /// at the deadline, with a report on the sessions.
    ///
    /// To end at once on a second signal, call the registry's `shutdown` with a deadline of zero.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use switchwire_backend_hyper::HyperServer;
    /// # async fn run(mapping: switchwire_service::UrlHandlerMapping) -> std::io::Result<()> {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
    /// let signal = async { drop(tokio::signal::ctrl_c().await) };
    /// let server = HyperServer::new(mapping);
    /// let report = server.serve_with_shutdown(listener, signal, Duration::from_secs(30)).await;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// The same as for [`serve`](Self::serve). A shutdown that has begun continues in the registry.
    pub async fn serve_with_shutdown<L, R>(
        self,
        listener: L,
        signal: impl Future<Output = ()>,
        deadline: Duration,
    ) -> ShutdownReport
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let (stop, stopped) = watch::channel(());
        let mut acceptor = Acceptor::new(listener);
        let mut connections = JoinSet::new();
        let mut signal = pin!(signal);
        loop {
            tokio::select! {
                connecting = acceptor.accept() => {
                    let service = self.service.clone();
                    connections.spawn(serve_connection::<L, _, _>(
                        connecting,
                        service,
                        self.timeouts,
                        stopped.clone(),
                    ));
                }
                Some(_) = connections.join_next() => {}
                () = signal.as_mut() => break,
            }
        }
        drop(acceptor);
        let registry = self.registry.clone().unwrap_or_else(|| {
            let text = "the server has no registry, and closes no sessions; see with_registry";
            tracing::warn!(target: "switchwire", "{text}");
            SessionRegistry::new()
        });
        let sessions = registry.shutdown(deadline);
        drop(stop);
        let drain = async {
            tokio::select! {
                () = registry.deadline() => {}
                () = async { while connections.join_next().await.is_some() {} } => {}
            }
        };
        tokio::join!(sessions, drain).0
    }
}

fn checked(name: &'static str, time: Duration) -> Result<Duration, InvalidSettings> {
    match time {
        Duration::ZERO => Err(InvalidSettings::NoTime(name)),
        time if time > LONGEST => Err(InvalidSettings::TooLong(name)),
        time => Ok(time),
    }
}

/// Ten years, as for sessions.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
