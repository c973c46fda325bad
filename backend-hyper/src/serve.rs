//! A server on hyper, for those who have none of their own.

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

/// Serves WebSocket handlers, and an application's own hyper service, on TCP or any other [`Listener`].
///
/// HTTP/1.1 with limits on the time a request's head may take and on the time an answer may wait for its peer, without
/// Nagle's algorithm, and not to be stopped by a lack of file descriptors. Each request has a
/// [`ConnectionInfo`](switchwire_core::ConnectionInfo) among its extensions.
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
    registry: SessionRegistry,
    timeouts: Timeouts,
}

impl HyperServer {
    /// A server of WebSockets alone; other requests get 404.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>) -> Self {
        Self::with_application(dispatcher, NotFound)
    }
}

impl<A> HyperServer<UpgradeService<A>> {
    /// A server of WebSockets and of an application's own service.
    #[must_use]
    pub fn with_application(dispatcher: impl Into<WebSocketDispatcher>, application: A) -> Self {
        let dispatcher = dispatcher.into();
        let registry = dispatcher.registry().clone();
        Self::from_service(UpgradeService::new(dispatcher, application)).with_registry(registry)
    }
}

impl<S> HyperServer<S> {
    /// A server of any hyper service, which may have an [`UpgradeService`] somewhere inside; the registry of that is to
    /// be told to [`with_registry`](Self::with_registry).
    #[must_use]
    pub fn from_service(service: S) -> Self {
        Self {
            service,
            registry: SessionRegistry::new(),
            timeouts: Timeouts {
                header_read: Duration::from_secs(10),
                write: Duration::from_secs(30),
            },
        }
    }

    /// Sets whose sessions [`serve_with_shutdown`](Self::serve_with_shutdown) ends. Default: the dispatcher's.
    #[must_use]
    pub fn with_registry(mut self, registry: SessionRegistry) -> Self {
        self.registry = registry;
        self
    }

    /// Sets how long a client may take to send the head of a request, or to begin with the next one. Default 10 s.
    ///
    /// # Errors
    /// [`InvalidSettings::NoTime`] for none, [`InvalidSettings::TooLong`] for more than ten years.
    pub fn with_header_read_timeout(mut self, timeout: Duration) -> Result<Self, InvalidSettings> {
        self.timeouts.header_read = checked("header_read_timeout", timeout)?;
        Ok(self)
    }

    /// Sets how long an HTTP answer may wait for its client to take it. Default 30 s.
    ///
    /// When so long something waits to be written and the client has taken less than 240 bytes a second of it, the
    /// connection is reset. It is no limit on the length of an answer, nor on the time that the application takes for it,
    /// and it ends with the switch: sessions have
    /// [`SlowConsumerPolicy`](switchwire_core::SlowConsumerPolicy).
    ///
    /// # Errors
    /// [`InvalidSettings::NoTime`] for none, [`InvalidSettings::TooLong`] for more than ten years.
    pub fn with_write_timeout(mut self, timeout: Duration) -> Result<Self, InvalidSettings> {
        self.timeouts.write = checked("write_timeout", timeout)?;
        Ok(self)
    }

    /// Serves until the future is dropped. That ends all HTTP connections; sessions go on to their own end.
    ///
    /// # Cancel safety
    /// Dropping it stops accepting; a connection that was being accepted is closed.
    pub async fn serve<L, R>(self, listener: L)
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let deadline = Duration::ZERO; // never comes
        self.serve_with_shutdown(listener, pending(), deadline)
            .await;
    }

    /// Serves until `signal`, then stops accepting and ends what there is: HTTP connections after the request they are
    /// at, those without a whole head of one at once, and sessions as [`SessionRegistry::shutdown`] does. Returns when all
    /// have ended, or at the deadline, and tells how the sessions did.
    ///
    /// For a second signal that is to end it at once, call the registry's `shutdown` with no time left.
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
    /// As [`serve`](Self::serve). A shutdown that has begun goes on in the registry.
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
        let sessions = self.registry.shutdown(deadline);
        drop(stop);
        let drain = async {
            tokio::select! {
                () = self.registry.deadline() => {}
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
