use std::{io::Write, sync::Arc};

use async_trait::async_trait;
use http::{Request, StatusCode};
use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, WebSocketClient, WebSocketHandler, WebSocketSession,
};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout_at},
};

use crate::{
    answer::read_head,
    connect::ClientIo,
    engine::{self, Answer, Engine, refusal},
    options::ClientOptions,
};

/// The client to use. It needs only tokio. Cheap to clone.
///
/// ```no_run
/// use switchwire_client::TokioClient;
/// use switchwire_core::{ClientRequest, CloseCode, WebSocketClient};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let request = ClientRequest::new("ws://127.0.0.1:9001/echo")?;
/// let mut session = TokioClient::default().connect(request).await?;
/// session.send("hello").await?;
/// assert_eq!(session.receive().await?.unwrap().as_text(), Some("hello"));
/// println!("{}", session.close(CloseCode::NORMAL).await);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct TokioClient {
    options: Arc<ClientOptions>,
}

impl TokioClient {
    /// Makes a client with these options.
    #[must_use]
    pub fn new(options: impl Into<Arc<ClientOptions>>) -> Self {
        Self {
            options: options.into(),
        }
    }
}

#[async_trait]
impl WebSocketClient for TokioClient {
    async fn execute(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError> {
        engine::execute::<OverTokio>(&self.options, request, handler).await
    }

    async fn connect(&self, request: ClientRequest) -> Result<WebSocketSession, ConnectError> {
        engine::connect::<OverTokio>(&self.options, request).await
    }
}

/// HTTP written by hand: one request, one answer.
pub(crate) struct OverTokio;

impl Engine for OverTokio {
    async fn exchange(
        mut io: ClientIo,
        request: &Request<()>,
        deadline: Instant,
        follows: bool,
    ) -> Result<Answer, ConnectError> {
        let asking = async {
            io.write_all(&to_bytes(request)).await?;
            io.flush().await?;
            Ok::<_, ConnectError>(read_head(&mut io).await?)
        };
        let answered = timeout_at(deadline, asking).await;
        let (head, early) = answered.map_err(|_| ConnectError::HandshakeTimedOut)??;
        if head.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Answer::Switched(head, io, early));
        }
        Ok(refusal(&mut io, head, early, deadline, follows).await)
    }
}

/// The bytes of the request.
fn to_bytes(request: &Request<()>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write!(bytes, "{} {} HTTP/1.1\r\n", request.method(), request.uri())
        .expect("a vector takes everything");
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_line_by_line() {
        let request = Request::get("/a?b")
            .header("Host", "h")
            .header("x-a", "1")
            .header("x-a", "2")
            .body(())
            .unwrap();
        let expected = b"GET /a?b HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nx-a: 2\r\n\r\n";
        assert_eq!(to_bytes(&request), expected);
    }
}
