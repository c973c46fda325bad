use std::{future::pending, sync::Arc, time::Duration};

use switchwire_core::{CloseOutcome, spi::SessionControl};
use tokio::{
    sync::watch,
    task::yield_now,
    time::{Instant, sleep_until, timeout},
};

use super::{SessionRegistry, Shared, ShutdownReport};

/// How long aborted sessions may take to end. They need only one turn of the runtime.
const ABORTING: Duration = Duration::from_secs(1);

/// How many sessions are dropped before other tasks run.
const SHARE: usize = 256;

/// The deadline for a time that is too long to calculate with.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A shutdown that has begun.
pub(super) struct Shutdown {
    deadline: Instant,
    /// The deadline has passed.
    aborting: bool,
    report: ShutdownReport,
}

impl Shutdown {
    /// Counts a session that has ended, with this outcome or with its task.
    pub(super) fn ended(&mut self, outcome: Option<&CloseOutcome>) {
        let count = match outcome {
            Some(outcome) if outcome.is_clean() => &mut self.report.closed,
            Some(_) if !self.aborting => &mut self.report.failed,
            _ => &mut self.report.aborted,
        };
        *count += 1;
    }
}

impl SessionRegistry {
    /// Ends every session with Close 1001, after the messages that its handler sends in answer to
    /// [`shutting_down`](switchwire_core::WebSocketSession::shutting_down). At the deadline, drops
    /// the remaining sessions.
    ///
    /// - `registry.shutdown.1` It takes effect when it is called. No session begins after that:
    ///   handshakes get 503.
    /// - `registry.shutdown.2` The future resolves when the last session has ended, its handler
    ///   included, or soon after the deadline. It returns how many sessions ended in which way.
    /// - `registry.shutdown.3` It may be called again, also concurrently. The earliest deadline
    ///   counts for all calls.
    /// - `registry.shutdown.4` It cannot be undone: dropping the future does not stop it.
    ///
    /// The future enforces the deadline. When every such future is dropped before the deadline,
    /// sessions end in their own time.
    ///
    /// The call signals every session before it returns, and blocks its thread meanwhile. It takes
    /// up to a microsecond per session. That is a tenth of a second for 100 000 sessions.
    ///
    /// # Cancel safety
    /// Dropping the future only ends the waiting.
    pub fn shutdown(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = ShutdownReport> + Send + 'static + use<> {
        let changed = self.shared.changed.subscribe();
        self.shared.begin(deadline);
        wait(self.shared.clone(), changed)
    }

    /// Waits for `signal`, then [shuts down](Self::shutdown) and waits for the end. For the graceful
    /// shutdown of servers that take a future and do not know sessions:
    ///
    /// ```
    /// use std::time::Duration;
    /// use switchwire_service::SessionRegistry;
    ///
    /// # fn show(sessions: SessionRegistry, signal: impl Future<Output = ()> + Send + 'static) {
    /// // for axum: serve(listener, app).with_graceful_shutdown(drained)
    /// let drained = sessions.drain_on(signal, Duration::from_secs(30));
    /// # let _: &dyn Send = &drained;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future before the signal changes nothing. Afterwards the same holds as for
    /// [`shutdown`](Self::shutdown).
    pub fn drain_on<F: Future<Output = ()>>(
        &self,
        signal: F,
        deadline: Duration,
    ) -> impl Future<Output = ()> + use<F> {
        let registry = self.clone();
        async move {
            signal.await;
            let report = registry.shutdown(deadline).await;
            tracing::info!(%report, "the sessions have ended");
        }
    }

    /// Resolves at the deadline of a shutdown that has begun, for other parts of the application
    /// that must end by then.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn deadline(&self) {
        let mut changed = self.shared.changed.subscribe();
        loop {
            let deadline = self
                .shared
                .lock()
                .shutdown
                .as_ref()
                .map(|begun| begun.deadline);
            let passed = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = passed => return,
                _ = changed.changed() => {}
            }
        }
    }

    /// Whether a shutdown has begun.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.shared.lock().shutdown.is_some()
    }
}

impl Shared {
    fn begin(&self, deadline: Duration) {
        let now = Instant::now();
        let deadline = now.checked_add(deadline).unwrap_or(now + FAR);
        let mut state = self.lock();
        if let Some(shutdown) = &mut state.shutdown {
            shutdown.deadline = shutdown.deadline.min(deadline);
            drop(state);
            self.changed.send_replace(());
            return;
        }
        state.shutdown = Some(Shutdown {
            deadline,
            aborting: false,
            report: ShutdownReport::default(),
        });
        let sessions = state.controls();
        drop(state);
        self.changed.send_replace(());
        tracing::info!(sessions = sessions.len(), "shutting down");
        sessions.iter().for_each(SessionControl::shut_down);
    }

    /// The deadline, while there are sessions.
    fn awaited(&self) -> Option<Instant> {
        let state = self.lock();
        let shutdown = state.shutdown.as_ref().expect("it has begun");
        (!state.sessions.is_empty()).then_some(shutdown.deadline)
    }

    /// Drops every session, a share at a time.
    async fn abort(&self) {
        let sessions = {
            let mut state = self.lock();
            let shutdown = state.shutdown.as_mut().expect("it has begun");
            shutdown.aborting = true;
            state.controls()
        };
        for some in sessions.chunks(SHARE) {
            some.iter().for_each(SessionControl::abort);
            yield_now().await;
        }
    }

    fn report(&self) -> ShutdownReport {
        let state = self.lock();
        let shutdown = state.shutdown.as_ref().expect("it has begun");
        ShutdownReport {
            remaining: state.sessions.len(),
            ..shutdown.report
        }
    }
}

async fn wait(shared: Arc<Shared>, mut changed: watch::Receiver<()>) -> ShutdownReport {
    while let Some(deadline) = shared.awaited() {
        let alarm = sleep_until(deadline);
        tokio::select! {
            // The sender is in `shared`, so this does not fail.
            _ = changed.changed() => {}
            () = alarm => {
                shared.abort().await;
                let gone = async {
                    while shared.awaited().is_some() {
                        let _ = changed.changed().await;
                    }
                };
                let _ = timeout(ABORTING, gone).await;
                break;
            }
        }
    }
    let report = shared.report();
    tracing::info!(%report, "shut down");
    report
}
