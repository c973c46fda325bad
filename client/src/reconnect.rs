//! A client that reconnects.

mod backoff;
mod decision;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::stream;
use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, CorsConfiguration, HandlerResult, HandshakeRequest,
    WebSocketClient, WebSocketHandler, WebSocketSession,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

pub use self::backoff::Backoff;

/// Keeps a handler connected. It opens a new session when the last one ended in a way that is worth
/// another try.
///
/// It tries again, after a [`Backoff`], in these cases:
/// - a network failure: no address, refused, timed out, reset, 1006;
/// - a server that goes away, restarts or is overloaded: 1001, 1012, 1013;
/// - an answer that says the same: 408, 429, 502, 503, 504. It observes their `Retry-After`, up to
///   a limit.
///
/// It does not try again in any other case, such as 1000, 1008, 401, 403, a certificate that is not
/// trusted, a server that breaks the protocol, and every close that this side began.
/// [`with_decision`](Self::with_decision) changes the decision.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use switchwire_client::{ReconnectingClient, TokioClient};
/// use switchwire_core::{ClientRequest, WebSocketSession};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = ReconnectingClient::new(TokioClient::default());
/// let request = ClientRequest::new("ws://127.0.0.1:9001/feed")?;
/// let handler = |mut session: WebSocketSession| async move {
///     while let Some(message) = session.receive().await? {
///         println!("{:?}", message.as_text());
///     }
///     Ok(())
/// };
/// println!("over: {:?}", client.run(request, Arc::new(handler)).await);
/// # Ok(())
/// # }
/// ```
pub struct ReconnectingClient<C> {
    client: C,
    backoff: Backoff,
    max_retry_after: Duration,
    decision: Option<Arc<Decision>>,
    state: Arc<watch::Sender<ConnectionState>>,
}

/// Decides whether to try again after this end.
type Decision = dyn Fn(&Result<CloseOutcome, ConnectError>) -> bool + Send + Sync;

/// The state of a [`ReconnectingClient`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// It does not run.
    Idle,
    /// It connects. The number counts the attempts since the last session that was stable, from 1.
    /// A session that ended before [`Backoff::with_stable_after`] does not reset the number.
    Connecting(u32),
    /// The handler has a session.
    Open,
    /// It waits this long before it connects again.
    Waiting(Duration),
}

impl<C: WebSocketClient> ReconnectingClient<C> {
    /// Makes a client that reconnects with this client.
    #[must_use]
    pub fn new(client: C) -> Self {
        Self {
            client,
            backoff: Backoff::default(),
            max_retry_after: Duration::from_secs(300),
            decision: None,
            state: Arc::new(watch::Sender::new(ConnectionState::Idle)),
        }
    }

    /// Sets how long it waits, and how often it tries.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the limit on the wait that a server's `Retry-After` can ask for. Default: 5 minutes.
    #[must_use]
    pub fn with_max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    /// Sets the decision whether to try again after a session has ended or could not be opened.
    #[must_use]
    pub fn with_decision(
        mut self,
        try_again: impl Fn(&Result<CloseOutcome, ConnectError>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.decision = Some(Arc::new(try_again));
        self
    }

    /// Serves sessions with `handler`, one after another, each over a new connection. It stops when
    /// one ends in a way that is not tried again, or when the attempts are used up. Resolves with
    /// how the last session ended.
    ///
    /// # Errors
    /// Why the last attempt opened no session.
    ///
    /// # Cancel safety
    /// Dropping the future stops at once, whether it waits, connects or serves a session.
    pub async fn run(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError> {
        let _idle_at_the_end = Reset(&self.state);
        let watched = Arc::new(Watched {
            handler,
            state: self.state.clone(),
        });
        let mut attempts = 0;
        loop {
            attempts += 1;
            self.state
                .send_replace(ConnectionState::Connecting(attempts));
            let started = Instant::now();
            let ended = self.client.execute(request.clone(), watched.clone()).await;
            if ended.is_ok() && self.backoff.was_stable(started.elapsed()) {
                attempts = 0;
            }
            if !self.tries_again(&ended) || self.backoff.is_used_up(attempts) {
                return ended;
            }
            let asked_for = decision::retry_after(&ended).unwrap_or_default();
            let delay = self
                .backoff
                .delay(attempts)
                .max(asked_for.min(self.max_retry_after));
            tracing::debug!(?delay, attempts, "the connection is opened again");
            self.state.send_replace(ConnectionState::Waiting(delay));
            sleep(delay).await;
        }
    }

    fn tries_again(&self, ended: &Result<CloseOutcome, ConnectError>) -> bool {
        match &self.decision {
            Some(decide) => decide(ended),
            None => decision::is_worth_another_try(ended),
        }
    }

    /// The current state.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        *self.state.borrow()
    }

    /// The current state and every later one, while the client exists. The stream skips a state
    /// that ends before it is polled.
    pub fn states(&self) -> impl Stream<Item = ConnectionState> + Send + use<C> {
        let mut receiver = self.state.subscribe();
        receiver.mark_changed();
        Box::pin(stream::unfold(receiver, |mut receiver| async {
            receiver.changed().await.ok()?;
            let state = *receiver.borrow_and_update();
            Some((state, receiver))
        }))
    }
}

impl<C: fmt::Debug> fmt::Debug for ReconnectingClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectingClient")
            .field("client", &self.client)
            .field("backoff", &self.backoff)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

/// Sets the state to idle at the end, also when the future is dropped.
struct Reset<'a>(&'a watch::Sender<ConnectionState>);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        self.0.send_replace(ConnectionState::Idle);
    }
}

/// The application's handler. It reports when a session begins.
struct Watched {
    handler: Arc<dyn WebSocketHandler>,
    state: Arc<watch::Sender<ConnectionState>>,
}

#[async_trait]
#[deny(
    clippy::missing_trait_methods,
    reason = "a handler keeps all it says of itself"
)]
impl WebSocketHandler for Watched {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        self.state.send_replace(ConnectionState::Open);
        self.handler.handle(session).await
    }

    fn subprotocols(&self) -> &[&'static str] {
        self.handler.subprotocols()
    }

    fn select_subprotocol<'a>(
        &self,
        offered: &[&'a str],
        request: &HandshakeRequest,
    ) -> Option<&'a str> {
        self.handler.select_subprotocol(offered, request)
    }

    fn requires_subprotocol(&self) -> bool {
        self.handler.requires_subprotocol()
    }

    fn cors_configuration(&self) -> Option<&CorsConfiguration> {
        self.handler.cors_configuration()
    }
}
