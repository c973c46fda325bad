//! Sessions whose handshake an engine has already answered.

use std::{
    future::{Ready, ready},
    sync::{Arc, Mutex, PoisonError},
};

use http::{Response, StatusCode};
use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, CloseWith, Error, ErrorKind, HandlerResult,
    HandshakeError, HandshakeRequest, RequestUpgradeStrategy, WebSocketSession,
    spi::{SessionParameters, Transport},
};

use super::{Dispatch, UpgradeEndpoint};
use crate::client::serve_client_transport;

impl UpgradeEndpoint {
    /// Runs a session over a transport whose engine has already accepted the request, with 101. For
    /// an application that has streams of another WebSocket library.
    ///
    /// The request is decided about as on every server: by the origin policy, the interceptors, the
    /// limits on sessions. It is too late for another answer. So a request that would be refused gets a
    /// Close: 1013 when the endpoint has no place for the session, otherwise 1008. Headers for the
    /// accepting response are lost. When the endpoint has subprotocols, the engine's answer must
    /// name the same one.
    ///
    /// `engine` is the server's name in logs and metrics.
    ///
    /// # Cancel safety
    /// Dropping it drops the connection.
    pub async fn serve_accepted<T, H, F>(
        &self,
        engine: &'static str,
        transport: T,
        request: HandshakeRequest,
        handler: H,
    ) -> CloseOutcome
    where
        T: Transport,
        H: FnOnce(WebSocketSession) -> F + Send + 'static,
        F: Future<Output = HandlerResult> + Send + 'static,
    {
        let strategy = Accepted {
            engine,
            transport: Mutex::new(Some(transport)),
        };
        let request = Mutex::new(Some(request));
        let error = match self.dispatch(&strategy, request, handler).await {
            Dispatch::Accepted((), session) => return session.await,
            Dispatch::Refused(error) => error,
            Dispatch::NotWebSocket(_) | Dispatch::Answered(_) => HandshakeError::Upgrade,
        };
        let Some(transport) = take(&strategy.transport) else {
            return CloseOutcome::Abnormal(Error::new(ErrorKind::Handshake));
        };
        let close = move |_session: WebSocketSession| {
            let status = close_status(&error);
            async move { Err(CloseWith(status).into()) }
        };
        let (head, ()) = http::Request::new(()).into_parts();
        let info = HandshakeRequest::from(head).into_info(None);
        let settings = self.settings().clone();
        serve_client_transport(transport, Arc::new(close), info, settings).await
    }
}

fn close_status(error: &HandshakeError) -> CloseStatus {
    let code = match error.status() {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            CloseCode::TRY_AGAIN_LATER
        }
        _ => CloseCode::POLICY_VIOLATION,
    };
    CloseStatus::new(code, error.to_string()).unwrap_or_else(|_| code.into())
}

/// A connection that is switched already.
struct Accepted<T> {
    engine: &'static str,
    transport: Mutex<Option<T>>,
}

impl<T: Transport> RequestUpgradeStrategy for Accepted<T> {
    type Request = Mutex<Option<HandshakeRequest>>;
    type Response = ();
    type Transport = T;
    type Upgrading = Ready<Result<T, Error>>;

    fn server(&self) -> &'static str {
        self.engine
    }

    fn handshake_request(&self, request: &Self::Request) -> HandshakeRequest {
        take(request).expect("the dispatcher asks once")
    }

    fn upgrade(
        &self,
        _request: Self::Request,
        _response: Response<()>,
        _parameters: &SessionParameters,
    ) -> Result<((), Self::Upgrading), HandshakeError> {
        let transport = take(&self.transport).expect("there is one request");
        Ok(((), ready(Ok(transport))))
    }
}

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}
