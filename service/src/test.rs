//! Tests handlers without a socket, in milliseconds.
//!
//! A [`TestServer`] is a server in memory. Requests go through the real dispatcher and the real
//! opening handshake. Client and server speak the real framing over a pipe. A handler behaves here
//! as on every server. Only the clock is external, so with Tokio's paused time every timeout passes
//! at once.
//!
//! ```
//! use switchwire_core::{ClientRequest, CloseCode, CloseOutcome, WebSocketClient, WebSocketSession};
//! use switchwire_service::{UrlHandlerMapping, test::TestServer};
//!
//! async fn shout(mut session: WebSocketSession) -> switchwire_core::HandlerResult {
//!     while let Some(message) = session.receive().await? {
//!         session.send(message.as_text().unwrap_or("?").to_uppercase()).await?;
//!     }
//!     Ok(())
//! }
//!
//! // In an application's tests this is a `#[tokio::test]`.
//! async fn shouting_is_loud() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = TestServer::new(UrlHandlerMapping::new().with("/shout", shout)?);
//!     let mut session = server.connect(ClientRequest::new("ws://test/shout")?).await?;
//!     session.send("hello").await?;
//!     assert_eq!(session.receive().await?.unwrap().as_text(), Some("HELLO"));
//!     assert_eq!(session.close(CloseCode::NORMAL).await.code(), 1000);
//!
//!     let error = server.connect(ClientRequest::new("ws://test/other")?).await.unwrap_err();
//!     assert_eq!(error.status().unwrap(), 404);
//!     Ok(())
//! }
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(shouting_is_loud())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{future::Ready, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, Error, HandshakeError, HandshakeInfo,
    HandshakeRequest, RequestUpgradeStrategy, WebSocketClient, WebSocketHandler, WebSocketSession,
    spi::SessionParameters,
};
use switchwire_driver::StreamTransport;
use tokio::io::{DuplexStream, duplex};

use crate::{
    client::{ClientHandshake, client_info, hand_over_transport, serve_client_transport},
    dispatcher::{Dispatch, WebSocketDispatcher},
};

/// How many bytes are in flight at most, in each direction. Then the writer waits, as over a
/// network.
const PIPE: usize = 64 << 10;

/// A server in memory, and its client. See the [module](self).
///
/// Each session of the server runs on a task of its own, which ends when the client's end does. The
/// host in a request's URL can be anything.
#[derive(Debug, Clone)]
pub struct TestServer {
    dispatcher: WebSocketDispatcher,
}

impl TestServer {
    /// Makes a server with these handlers. Pass what any other server takes, such as a mapping, a
    /// dispatcher or an endpoint.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>) -> Self {
        Self {
            dispatcher: dispatcher.into(),
        }
    }

    async fn open(&self, request: &ClientRequest) -> Result<Opened, ConnectError> {
        let handshake = ClientHandshake::new(request);
        let (ours, theirs) = duplex(PIPE);
        let asked = Asked {
            head: handshake.request().clone(),
            secure: request.is_secure(),
            io: theirs,
        };
        let refused = |answer| Err(ConnectError::Refused(Box::new(answer)));
        let answer = match self.dispatcher.dispatch(&InMemory, asked).await {
            Dispatch::Accepted(answer, session) => {
                tokio::spawn(session);
                answer
            }
            Dispatch::Refused(error) => return refused(error.into_response()),
            Dispatch::Answered(answer) => return refused(answer),
            Dispatch::NotWebSocket(_) => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::NOT_FOUND;
                return refused(answer);
            }
        };
        let subprotocol = handshake.check(&answer).map_err(ConnectError::Violation)?;
        let parameters = SessionParameters::client(request.settings().clone());
        Ok(Opened {
            transport: StreamTransport::new(ours, Bytes::new(), &parameters),
            info: client_info(request, &answer, subprotocol, [None, None]),
        })
    }
}

struct Opened {
    transport: StreamTransport<DuplexStream>,
    info: Arc<HandshakeInfo>,
}

#[async_trait]
impl WebSocketClient for TestServer {
    async fn execute(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError> {
        let request = request.for_handler(&*handler)?;
        let Opened { transport, info } = self.open(&request).await?;
        Ok(serve_client_transport(transport, handler, info, request.settings().clone()).await)
    }

    async fn connect(&self, request: ClientRequest) -> Result<WebSocketSession, ConnectError> {
        let Opened { transport, info } = self.open(&request).await?;
        let (session, driver) = hand_over_transport(transport, info, request.settings().clone());
        tokio::spawn(driver);
        let gone = || ConnectError::Io(std::io::ErrorKind::Interrupted.into());
        session.await.ok_or_else(gone)
    }
}

/// A request, and the server's end of its pipe.
struct Asked {
    head: Request<()>,
    secure: bool,
    io: DuplexStream,
}

/// Switches protocols on a pipe, which has spoken no other protocol.
struct InMemory;

impl RequestUpgradeStrategy for InMemory {
    type Request = Asked;
    type Response = Response<()>;
    type Transport = StreamTransport<DuplexStream>;
    type Upgrading = Ready<Result<Self::Transport, Error>>;

    fn handshake_request(&self, request: &Asked) -> HandshakeRequest {
        let (head, ()) = request.head.clone().into_parts();
        HandshakeRequest::from(head).with_secure(request.secure)
    }

    fn upgrade(
        &self,
        request: Asked,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        let transport = StreamTransport::new(request.io, Bytes::new(), parameters);
        Ok((response, std::future::ready(Ok(transport))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use switchwire_core::{CloseCode, Endpoint, HandlerResult, WebSocketMessage};

    use super::*;

    struct Echo;

    #[async_trait]
    impl WebSocketHandler for Echo {
        async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
            while let Some(message) = session.receive().await? {
                session.send(message).await?;
            }
            Ok(())
        }

        fn subprotocols(&self) -> &[&'static str] {
            &["echo"]
        }
    }

    fn request() -> ClientRequest {
        ClientRequest::new("ws://test/").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn messages_larger_than_the_pipe_come_back_in_order() {
        let server = TestServer::new(Endpoint::new(Echo));
        let request = request().with_subprotocols(["other", "echo"]).unwrap();
        let mut session = server.connect(request).await.unwrap();
        assert_eq!(session.handshake_info().subprotocol(), Some("echo"));
        for size in [0, 10, 70_000, 1 << 20] {
            let message = WebSocketMessage::from(vec![5; size]);
            session.send(message.clone()).await.unwrap();
            assert_eq!(session.receive().await.unwrap(), Some(message));
        }
        let outcome = session.close(CloseCode::NORMAL).await;
        assert!(matches!(outcome, CloseOutcome::ByUs(_)), "{outcome}");
    }

    #[tokio::test(start_paused = true)]
    async fn handlers_talk_to_each_other() {
        let server = TestServer::new(Endpoint::new(Echo));
        let client = |mut session: WebSocketSession| async move {
            session.send("hello").await?;
            assert!(session.receive().await?.is_some());
            Ok(())
        };
        let outcome = server.execute(request(), Arc::new(client)).await.unwrap();
        assert_eq!(outcome.code(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_session_tells_the_server_1001() {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let handler = move |mut session: WebSocketSession| {
            let tell = tell.clone();
            async move {
                while session.receive().await?.is_some() {}
                let closed = session.closed();
                tokio::spawn(async move { tell.send(closed.await.code()) });
                Ok(())
            }
        };
        let server = TestServer::new(Endpoint::new(handler));
        drop(server.connect(request()).await.unwrap());
        assert_eq!(told.recv().await, Some(1001));
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_pass_in_no_time() {
        let deaf = |session: WebSocketSession| async move {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            drop(session);
            Ok(())
        };
        let server = TestServer::new(Endpoint::new(deaf));
        let session = server.connect(request()).await.unwrap();
        // The server's driver answers although its handler sleeps.
        assert_eq!(session.close(CloseCode::NORMAL).await.code(), 1000);
    }
}
