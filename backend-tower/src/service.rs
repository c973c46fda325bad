//! A tower service that sends WebSocket requests to handlers, and all other requests to another
//! service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use switchwire_backend_hyper::{HyperRequestUpgradeStrategy, UpgradeBody, answer};
use switchwire_core::HandshakeError;
use switchwire_service::WebSocketDispatcher;
use tower_service::Service;

/// Serves WebSocket requests with the dispatcher's handlers, and all other requests with the
/// service inside.
///
/// The server must be built on hyper 1, and must offer the upgrade: axum, tonic, and everything
/// that hyper-util serves with upgrades do. Layers around this service see the handshake, and may
/// add headers to its answer. They do not see the session, so a layer with a timeout does not end
/// it.
///
/// Each session runs on a task of the current tokio runtime. Dropping the service does not end any
/// session.
///
/// The service is ready when the service inside is.
#[derive(Debug, Clone)]
pub struct UpgradeService<S> {
    dispatcher: WebSocketDispatcher,
    inner: S,
}

impl<S> UpgradeService<S> {
    /// Makes a service that passes WebSocket requests to `dispatcher`, and all others to `inner`.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>, inner: S) -> Self {
        Self {
            dispatcher: dispatcher.into(),
            inner,
        }
    }
}

impl UpgradeService<NotWebSocket> {
    /// Makes a service of WebSockets only. It answers all other requests with 400.
    #[must_use]
    pub fn only(dispatcher: impl Into<WebSocketDispatcher>) -> Self {
        Self::new(dispatcher, NotWebSocket)
    }
}

impl<S, B, R> Service<Request<B>> for UpgradeService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<UpgradeBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready is this one, not its clone.
        let fresh = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, fresh);
        let dispatcher = self.dispatcher.clone();
        Box::pin(async move {
            let strategy = HyperRequestUpgradeStrategy::default();
            match answer(dispatcher.dispatch(&strategy, request).await) {
                Ok(response) => Ok(response.map(Either::Left)),
                Err(request) => Ok(inner.call(request).await?.map(Either::Right)),
            }
        })
    }
}

/// The service inside a service of WebSockets only: every request gets 400, because it does not
/// ask for a WebSocket.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotWebSocket;

impl<B> Service<Request<B>> for NotWebSocket {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<B>) -> Self::Future {
        ready(Ok(HandshakeError::Upgrade.into_response().map(Full::new)))
    }
}
