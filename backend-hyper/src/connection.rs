//! Serves one connection of the server while it speaks HTTP.

use std::{
    error::Error as StdError, future::poll_fn, io, pin::pin, sync::Arc, task::Poll, time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{sync::watch, time::timeout};

use crate::{
    http_socket::{HttpSocket, Patience, Progress},
    io::HyperIo,
    listener::Listener,
};

/// The timeouts of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) header_read: Duration,
    pub(crate) write: Duration,
}

/// Serves a connection until it ends. When `stop` has no sender any more, it ends after the current
/// request.
pub(crate) async fn serve_connection<L, S, R>(
    connecting: L::Connecting,
    service: S,
    timeouts: Timeouts,
    mut stop: watch::Receiver<()>,
) where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<R>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    R: Body<Data = Bytes> + 'static,
    R::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let connected = tokio::select! {
        connected = timeout(timeouts.header_read, connecting) => connected,
        _ = stop.changed() => return,
    };
    let connected = match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(connected) => connected,
        Err(error) => {
            tracing::debug!(%error, "a connection failed before a request");
            return;
        }
    };
    let (info, principal) = (connected.info, connected.principal);
    let progress = Arc::new(Progress::default());
    let asked = progress.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        asked.ask();
        let extensions = request.extensions_mut();
        extensions.insert(info);
        if let Some(principal) = &principal {
            extensions.insert(principal.clone());
        }
        service.call(request)
    });
    let io = HyperIo::listened::<L>(connected.io);
    let io = HttpSocket::new(io, progress.clone());
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header_read)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut patience = Patience::new(timeouts.write);
    let mut stopped = pin!(stop.changed());
    let mut stopping = false;
    let served = poll_fn(|cx| {
        if !stopping && stopped.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(served) = connection.as_mut().poll(cx) {
            return Poll::Ready(served);
        }
        if patience.poll(cx, &progress).is_ready() {
            tracing::debug!("a peer does not take its answer; the connection is dropped");
            progress.give_up();
            let _ = connection.as_mut().poll(cx); // its write fails
            return Poll::Ready(Ok(()));
        }
        // hyper would wait for the rest of the first head. It does not wait for later ones.
        if stopping && progress.is_unused() {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended");
    }
}
