//! The reference client: a thread that connects, and two for each session.

mod answer;
mod fault;
mod open;
mod session;

use std::{
    net::{Shutdown, TcpStream},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use async_trait::async_trait;
use futures_util::FutureExt;
use switchwire_core::{
    ClientRequest, CloseCode, CloseOutcome, ConnectError, HandshakeRequest, SessionId,
    WebSocketClient, WebSocketHandler, WebSocketSession, spi::SessionPort,
};
use tokio::sync::oneshot;

pub use self::fault::ClientFault;
use switchwire_conformance::{ClientEngine, ClientSettings};

/// The reference client.
#[derive(Debug, Default)]
pub struct ReferenceClient {
    fault: Option<ClientFault>,
}

impl ReferenceClient {
    /// A client that does everything right.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A client that does one thing wrong.
    #[must_use]
    pub fn with_fault(fault: ClientFault) -> Self {
        Self { fault: Some(fault) }
    }
}

impl ClientEngine for ReferenceClient {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn client(&self, settings: ClientSettings) -> Arc<dyn WebSocketClient> {
        Arc::new(StdClient {
            fault: Wrong(self.fault),
            settings,
        })
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy)]
struct Wrong(Option<ClientFault>);

impl Wrong {
    fn is(self, fault: ClientFault) -> bool {
        self.0 == Some(fault)
    }
}

struct StdClient {
    fault: Wrong,
    settings: ClientSettings,
}

impl StdClient {
    /// Connects on a thread of its own; the thread gives up when the future is dropped.
    async fn open(&self, request: ClientRequest, owns: bool) -> Result<Opened, ConnectError> {
        let line = Line {
            stream: Arc::default(),
            cuts: !self.fault.is(ClientFault::KeepsDroppedCalls),
        };
        let (held, settings, fault) = (line.stream.clone(), self.settings, self.fault);
        let (to, opened) = oneshot::channel();
        thread::spawn(move || {
            let hold = |stream: &TcpStream| {
                let kept = stream.try_clone().ok();
                *held.lock().unwrap_or_else(PoisonError::into_inner) = kept;
            };
            // Whoever asked may be gone.
            let _ = to.send(open::open(&request, settings, fault, &hold).map(|it| (it, request)));
        });
        let gone = |_| ConnectError::Io(std::io::ErrorKind::Interrupted.into());
        let (connection, request) = opened.await.map_err(gone)??;
        let id = SessionId::from_bytes(open::random());
        let (session, port) = SessionPort::open(id, connection.info, request.settings().clone());
        let abandoned =
            (owns && !self.fault.is(ClientFault::ForgetsDroppedSessions)).then(|| session.sender());
        let (ended, gone) = oneshot::channel();
        thread::spawn(move || {
            session::run(connection.stream, connection.early, port, abandoned, fault);
            let _ = ended.send(());
        });
        Ok(Opened {
            session,
            line,
            gone,
        })
    }
}

struct Opened {
    session: WebSocketSession,
    line: Line,
    /// Resolves when the connection is gone.
    gone: oneshot::Receiver<()>,
}

/// The connection of a call, cut when this is dropped.
struct Line {
    stream: Arc<Mutex<Option<TcpStream>>>,
    cuts: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(stream), true) = (stream.take(), self.cuts) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[async_trait]
impl WebSocketClient for StdClient {
    async fn execute(
        &self,
        mut request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError> {
        let offers = handler.subprotocols();
        if request.subprotocols().is_empty() && !self.fault.is(ClientFault::OffersNothing) {
            request = match request.clone().with_subprotocols(offers) {
                Err(_) if self.fault.is(ClientFault::TakesAnyOffer) => request,
                offered => offered?,
            };
        }
        if self.fault.is(ClientFault::OffersBoth) {
            request = request.clone().with_subprotocols(offers).unwrap_or(request);
        }
        if handler.requires_subprotocol() {
            request = request.with_required_subprotocol();
        }
        let settings = request.settings().clone();
        let opened = self.open(request, false).await;
        if opened.is_err() && self.fault.is(ClientFault::RunsHandlersAnyway) {
            let (head, ()) = http::Request::new(()).into_parts();
            let info = HandshakeRequest::from(head).into_info(None);
            let id = SessionId::from_bytes(open::random());
            let (session, port) = SessionPort::open(id, info, settings);
            drop(port);
            drop(handler.handle(session).await);
        }
        let opened = opened?;
        let sender = opened.session.sender();
        let handled = AssertUnwindSafe(handler.handle(opened.session));
        let status = match handled.catch_unwind().await {
            Ok(Ok(())) => CloseCode::NORMAL.into(),
            Ok(Err(error)) => error.status().clone(),
            Err(_) => CloseCode::INTERNAL_ERROR.into(),
        };
        if self.fault.is(ClientFault::LeavesEndedOpen) {
            return Ok(sender.closed().await);
        }
        let outcome = sender.close(status).await;
        let _ = opened.gone.await;
        drop(opened.line);
        Ok(outcome)
    }

    async fn connect(&self, request: ClientRequest) -> Result<WebSocketSession, ConnectError> {
        let mut opened = self.open(request, true).await?;
        opened.line.cuts = false;
        Ok(opened.session)
    }
}
