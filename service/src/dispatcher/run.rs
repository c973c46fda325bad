use std::sync::Arc;

use futures_util::future::Either;
use switchwire_core::{
    CloseOutcome, Endpoint, Error, ErrorKind, HandshakeError, HandshakeInfo, SessionId,
    WebSocketSession,
    spi::{SessionPermit, SessionPort, Transport},
};
use switchwire_driver::{SessionDriver, SessionStats};
use tokio::time::timeout;
use tracing::Instrument;

use crate::{
    observe::Route,
    registry::{Registration, SessionRegistry},
};

/// A session that may begin once its connection is switched. Dropping it gives back its permit and
/// its place in the registry.
pub(crate) struct PendingSession {
    endpoint: Endpoint,
    session: WebSocketSession,
    port: SessionPort,
    registration: Registration,
    permit: SessionPermit,
    route: Route,
}

impl PendingSession {
    /// Takes a permit for the session, and registers it.
    pub(crate) fn new(
        endpoint: Endpoint,
        info: Arc<HandshakeInfo>,
        registry: &SessionRegistry,
        route: Route,
    ) -> Result<Self, HandshakeError> {
        let address = info.remote_address().map(|address| address.ip());
        let permit = endpoint.acquire_permit(address)?;
        let id = new_id();
        let (session, port) = SessionPort::open(id, info, Arc::clone(endpoint.settings()));
        let registration = registry.register(id, port.control())?;
        Ok(Self {
            endpoint,
            session,
            port,
            registration,
            permit,
            route,
        })
    }

    /// Runs the session to its end, once the connection is switched.
    pub(crate) fn run<T: Transport>(
        self,
        upgrading: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = CloseOutcome> {
        let span = self.route.span(self.port.id(), self.port.info());
        // Without a subscriber, the span would still be entered each time the session is woken.
        if span.is_disabled() {
            Either::Left(self.run_to_end(upgrading))
        } else {
            Either::Right(self.run_to_end(upgrading).instrument(span))
        }
    }

    async fn run_to_end<T: Transport>(
        self,
        upgrading: impl Future<Output = Result<T, Error>>,
    ) -> CloseOutcome {
        let Self {
            endpoint,
            session,
            port,
            registration,
            permit,
            route,
        } = self;
        let limit = endpoint.settings().handshake_timeout();
        let upgraded = tokio::select! {
            upgraded = timeout(limit, upgrading) => upgraded.ok(),
            () = port.aborted() => None,
        };
        let outcome = match upgraded.unwrap_or_else(|| Err(Error::new(ErrorKind::Handshake))) {
            Ok(transport) => {
                let handler = endpoint.handler().clone();
                let driver = SessionDriver::new(transport, handler, session, port);
                let driver = driver.with_memory_share(registration.share());
                let stats = SessionStats::new(route.server, &route.endpoint);
                driver.with_stats(stats).await
            }
            Err(error) => {
                tracing::debug!(target: "switchwire", %error, "the connection was not switched");
                CloseOutcome::Abnormal(error)
            }
        };
        drop(permit);
        registration.end(outcome.clone());
        outcome
    }
}

pub(crate) fn new_id() -> SessionId {
    SessionId::from_bytes(switchwire_protocol::random::bytes())
}
