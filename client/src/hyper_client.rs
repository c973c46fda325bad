use std::{error::Error as StdError, io, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, WebSocketClient, WebSocketHandler, WebSocketSession,
    client::HandshakeViolation,
};
use tokio::time::{Instant, timeout_at};

use crate::{
    answer::{MAX_BODY, MAX_HEAD, MAX_HEADERS},
    connect::ClientIo,
    engine::{self, Answer, Engine},
    options::ClientOptions,
};

/// The same client on hyper's HTTP. Cheap to clone.
///
/// It connects, checks the answer, encodes frames and runs sessions as
/// [`TokioClient`](crate::TokioClient) does.
#[derive(Debug, Clone, Default)]
pub struct HyperClient {
    options: Arc<ClientOptions>,
}

impl HyperClient {
    /// Makes a client with these options.
    #[must_use]
    pub fn new(options: impl Into<Arc<ClientOptions>>) -> Self {
        Self {
            options: options.into(),
        }
    }
}

#[async_trait]
impl WebSocketClient for HyperClient {
    async fn execute(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Result<CloseOutcome, ConnectError> {
        engine::execute::<OverHyper>(&self.options, request, handler).await
    }

    async fn connect(&self, request: ClientRequest) -> Result<WebSocketSession, ConnectError> {
        engine::connect::<OverHyper>(&self.options, request).await
    }
}

/// HTTP by hyper's connection. The client takes the connection apart after the switch.
struct OverHyper;

impl Engine for OverHyper {
    async fn exchange(
        io: ClientIo,
        request: &Request<()>,
        deadline: Instant,
    ) -> Result<Answer, ConnectError> {
        let request = request.clone().map(|()| Empty::<Bytes>::new());
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(io))
            .await
            .map_err(failed)?;
        // Polled here beside the future that is awaited. There is no task, so nothing is left when
        // this is dropped.
        let mut connection = connection.with_upgrades().map(drop).fuse();
        macro_rules! driven {
            ($wanted:expr) => {{
                let mut wanted = std::pin::pin!($wanted);
                loop {
                    tokio::select! {
                        biased;
                        done = &mut wanted => break done,
                        () = &mut connection => {}
                    }
                }
            }};
        }
        let answered = driven!(timeout_at(deadline, sender.send_request(request)));
        let answer = answered
            .map_err(|_| ConnectError::HandshakeTimedOut)?
            .map_err(failed)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let (head, mut body) = answer.into_parts();
            let mut kept = Vec::new();
            drop(driven!(timeout_at(deadline, keep(&mut body, &mut kept))));
            return Ok(Answer::Other(Response::from_parts(head, kept.into())));
        }
        let (head, body) = answer.into_parts();
        let mut answer = Response::from_parts(head, body);
        let upgraded = driven!(timeout_at(deadline, hyper::upgrade::on(&mut answer)));
        let upgraded = upgraded
            .map_err(|_| ConnectError::HandshakeTimedOut)?
            .map_err(failed)?;
        let parts = upgraded
            .downcast::<TokioIo<ClientIo>>()
            .expect("it is what the connection was made of");
        // hyper's read buffer has kilobytes. A session must not keep it alive for a few bytes.
        let early = Bytes::copy_from_slice(&parts.read_buf);
        Ok(Answer::Switched(
            answer.map(drop),
            parts.io.into_inner(),
            early,
        ))
    }
}

/// Keeps the bytes of a body that arrive, up to the limit.
async fn keep(body: &mut Incoming, kept: &mut Vec<u8>) {
    while kept.len() < MAX_BODY
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Ok(data) = frame.into_data() {
            kept.extend_from_slice(&data[..data.len().min(MAX_BODY - kept.len())]);
        }
    }
}

fn failed(error: hyper::Error) -> ConnectError {
    if error.is_parse_too_large() {
        ConnectError::Violation(HandshakeViolation::TooLong)
    } else if error.is_parse() {
        ConnectError::Violation(HandshakeViolation::Syntax)
    } else if error.is_incomplete_message() {
        ConnectError::Violation(HandshakeViolation::Truncated)
    } else {
        let cause = error.source().and_then(|it| it.downcast_ref::<io::Error>());
        let kind = cause.map_or(io::ErrorKind::Other, io::Error::kind);
        ConnectError::Io(io::Error::new(kind, error))
    }
}
