use std::{
    error::Error as StdError,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, WebSocketClient, WebSocketHandler, WebSocketSession,
    client::HandshakeViolation,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout_at},
};

use crate::{
    answer::{HeadReader, MAX_BODY, MAX_HEAD, MAX_HEADERS},
    connect::ClientIo,
    engine::{self, Answer, Engine, refusal},
    options::ClientOptions,
    redirect,
};

/// The same client on hyper's HTTP. Cheap to clone.
///
/// It connects, bounds and checks the answer, encodes frames and runs sessions as
/// [`TokioClient`](crate::TokioClient) does. The engines differ in these cases:
/// - When the head of an answer is malformed, this client reports
///   [`Syntax`](switchwire_core::client::HandshakeViolation::Syntax) at the first wrong line.
///   `TokioClient` reports it when the head is complete. When the rest never arrives, `TokioClient`
///   reports [`Truncated`](switchwire_core::client::HandshakeViolation::Truncated) or
///   [`HandshakeTimedOut`](ConnectError::HandshakeTimedOut).
/// - hyper decodes the body of a refusal, and has its own limits on the sizes and the trailers of
///   chunks. A body with malformed chunks may be cut at another byte.
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
        follows: bool,
    ) -> Result<Answer, ConnectError> {
        let request = request.clone().map(|()| Empty::<Bytes>::new());
        let (mut sender, mut connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(CheckedIo::new(io)))
            .await
            .map_err(failed)?;
        // Polled here beside the future that is awaited. There is no task, so nothing is left when
        // this is dropped.
        let mut is_done = false;
        macro_rules! driven {
            ($wanted:expr) => {{
                let mut wanted = std::pin::pin!($wanted);
                loop {
                    tokio::select! {
                        biased;
                        done = &mut wanted => break done,
                        _ = poll_fn(|cx| connection.poll_without_shutdown(cx)), if !is_done => {
                            is_done = true;
                        }
                    }
                }
            }};
        }
        let answered = driven!(timeout_at(deadline, sender.send_request(request)));
        let answer = match answered.map_err(|_| ConnectError::HandshakeTimedOut)? {
            Ok(answer) => answer,
            Err(error) => {
                let checked = connection.into_parts().io.into_inner();
                return checked.explain(error, deadline, follows).await;
            }
        };
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let (head, mut body) = answer.into_parts();
            let mut answer = Response::from_parts(head, Bytes::new());
            if !follows || redirect::location(&answer).is_none() {
                let mut kept = Vec::new();
                drop(driven!(timeout_at(deadline, keep(&mut body, &mut kept))));
                *answer.body_mut() = kept.into();
            }
            return Ok(Answer::Other(answer));
        }
        if !is_done {
            let switching = poll_fn(|cx| connection.poll_without_shutdown(cx));
            timeout_at(deadline, switching)
                .await
                .map_err(|_| ConnectError::HandshakeTimedOut)?
                .map_err(failed)?;
        }
        let parts = connection.into_parts();
        // hyper's read buffer has kilobytes. A session must not keep it alive for a few bytes.
        let early = Bytes::copy_from_slice(&parts.read_buf);
        let io = parts.io.into_inner().io;
        Ok(Answer::Switched(answer.map(drop), io, early))
    }
}

/// The stream that hyper reads. It reads each head before hyper does, so that a server cannot make
/// hyper read interim answers without end, and so that the client knows a head that hyper refuses.
#[derive(Debug)]
struct CheckedIo {
    io: ClientIo,
    heads: HeadReader,
    /// The head of the final answer, or the rule that the answer breaks.
    found: Option<Result<Response<()>, HandshakeViolation>>,
}

impl CheckedIo {
    fn new(io: ClientIo) -> Self {
        Self {
            io,
            heads: HeadReader::default(),
            found: None,
        }
    }

    /// Why hyper has failed before it returned an answer. hyper refuses an answer whose length is
    /// malformed. The client needs no length to know the status.
    async fn explain(
        self,
        error: hyper::Error,
        deadline: Instant,
        follows: bool,
    ) -> Result<Answer, ConnectError> {
        let Self {
            mut io,
            heads,
            found,
        } = self;
        match found {
            Some(Err(violation)) => Err(ConnectError::Violation(violation)),
            Some(Ok(head)) if head.status() != StatusCode::SWITCHING_PROTOCOLS => {
                let early = Bytes::copy_from_slice(&heads.buffer);
                Ok(refusal(&mut io, head, early, deadline, follows).await)
            }
            _ => Err(failed(error)),
        }
    }
}

impl AsyncRead for CheckedIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { io, heads, found } = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(io).poll_read(cx, buffer))?;
        if found.is_none() {
            heads.buffer.extend_from_slice(&buffer.filled()[before..]);
            *found = heads.next().transpose();
        }
        match found {
            Some(Err(_)) => Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            _ => Poll::Ready(Ok(())),
        }
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it can what the stream inside can"
)]
impl AsyncWrite for CheckedIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
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
