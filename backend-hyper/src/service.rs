//! A hyper service that sends WebSocket requests to handlers, and all other requests to the
//! application.

use std::{convert::Infallible, pin::Pin};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::service::Service;
use switchwire_core::CloseOutcome;
use switchwire_service::{Dispatch, WebSocketDispatcher};

use crate::upgrade::HyperRequestUpgradeStrategy;

/// The body of an [`UpgradeService`]'s response: its own, or the application's.
pub type UpgradeBody<B> = Either<Full<Bytes>, B>;

/// Serves WebSocket requests with the dispatcher's handlers, and all other requests with the
/// application's own service. Both use the same port and may use the same path.
///
/// Serve it with hyper's `http1` connection builder and `.with_upgrades()`, or with
/// [`HyperServer`](crate::HyperServer).
///
/// Each session runs on a task of the current tokio runtime. Dropping the service does not end any
/// session.
#[derive(Debug, Clone)]
pub struct UpgradeService<S> {
    dispatcher: WebSocketDispatcher,
    application: S,
}

impl<S> UpgradeService<S> {
    /// Makes a service that passes WebSocket requests to `dispatcher`, and all others to
    /// `application`.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>, application: S) -> Self {
        Self {
            dispatcher: dispatcher.into(),
            application,
        }
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

    fn call(&self, request: Request<B>) -> Self::Future {
        let Self {
            dispatcher,
            application,
        } = self.clone();
        Box::pin(async move {
            let strategy = HyperRequestUpgradeStrategy::default();
            match answer(dispatcher.dispatch(&strategy, request).await) {
                Ok(response) => Ok(response.map(Either::Left)),
                Err(request) => Ok(application.call(request).await?.map(Either::Right)),
            }
        })
    }
}

/// Makes the response to a request that a strategy of `http`'s types was asked about, for glue to
/// servers built on hyper. When the request is accepted, the session runs on a task of the current
/// tokio runtime.
///
/// # Errors
/// The request, when it belongs to the application.
pub fn answer<R, S>(dispatched: Dispatch<R, Response<()>, S>) -> Result<Response<Full<Bytes>>, R>
where
    S: Future<Output = CloseOutcome> + Send + 'static,
{
    match dispatched {
        Dispatch::NotWebSocket(request) => Err(request),
        Dispatch::Answered(response) => Ok(response.map(Full::new)),
        Dispatch::Refused(error) => Ok(error.into_response().map(Full::new)),
        Dispatch::Accepted(response, session) => {
            tokio::spawn(session);
            Ok(response.map(|()| Full::default()))
        }
    }
}

/// The application of a server that has no HTTP side: every request gets 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotFound;

impl<B> Service<Request<B>> for NotFound {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn call(&self, _request: Request<B>) -> Self::Future {
        let mut response = Response::new(Full::from("there is nothing here\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        std::future::ready(Ok(response))
    }
}
