use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_sink::Sink;

use super::{
    OutboundMessage, WebSocketSession,
    state::{IfFull, Shared},
    waiting::Waiting,
    wakers::Place,
};
use crate::{error::Error, message::WebSocketMessage};

/// The messages of a session as a stream. It ends after the closing handshake. When anything else
/// ended the connection, it yields one error before it ends.
pub struct ReceiveStream {
    waiting: Waiting<Arc<Shared>>,
}

impl ReceiveStream {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.lock().receivers += 1;
        Self {
            waiting: Waiting::new(shared),
        }
    }
}

impl Drop for ReceiveStream {
    fn drop(&mut self) {
        self.waiting.shared.drop_receiver();
    }
}

impl Stream for ReceiveStream {
    type Item = Result<WebSocketMessage, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Waiting { shared, place } = &mut self.waiting;
        shared.poll_receive(cx, place).map(Result::transpose)
    }
}

impl fmt::Debug for ReceiveStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveStream")
            .field("id", &self.waiting.shared.id)
            .finish_non_exhaustive()
    }
}

/// Resolves with the next message of a session. When it is dropped before that, no message is lost.
#[must_use = "nothing is received before it is awaited"]
pub struct Receiving<'a> {
    pub(super) shared: &'a Shared,
    pub(super) place: &'a mut Place,
    pub(super) is_waiting: bool,
}

impl Future for Receiving<'_> {
    type Output = Result<Option<WebSocketMessage>, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = self.shared.poll_receive(cx, self.place);
        self.is_waiting = received.is_pending();
        received
    }
}

impl Drop for Receiving<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_waiting {
            self.shared.give_back(self.place);
        }
    }
}

impl fmt::Debug for Receiving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving")
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}

impl Stream for WebSocketSession {
    type Item = Result<WebSocketMessage, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { sender, input, .. } = &mut *self;
        sender.shared.poll_receive(cx, input).map(Result::transpose)
    }
}

/// `poll_flush` waits until all accepted messages are written. The driver flushes by itself, so
/// prefer `feed` over `send` of the `futures` crate. `poll_close` closes with 1000.
impl Sink<WebSocketMessage> for WebSocketSession {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { sender, output, .. } = &mut *self;
        sender.shared.poll_room(cx, output)
    }

    fn start_send(self: Pin<&mut Self>, message: WebSocketMessage) -> Result<(), Error> {
        let offered = self
            .shared()
            .offer(&mut Some(OutboundMessage::Single(message)), IfFull::Accept);
        offered.map(|_| ())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { sender, output, .. } = &mut *self;
        sender.shared.poll_written(cx, output, &mut None)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { sender, output, .. } = &mut *self;
        sender.shared.request_close(crate::CloseCode::NORMAL.into());
        sender.shared.poll_outcome(cx, output).map(|_| Ok(()))
    }
}

/// Runs input and output concurrently and completes when either completes. It drops the other:
/// Spring's "completes when either stream ends".
///
/// # Errors
/// The error of the future that completed.
///
/// # Cancel safety
/// Dropping it drops both futures.
pub async fn join_either<E>(
    input: impl Future<Output = Result<(), E>>,
    output: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let (mut input, mut output) = (pin!(input), pin!(output));
    poll_fn(|cx| match input.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => output.as_mut().poll(cx),
    })
    .await
}

/// Runs input and output concurrently and completes when both have completed, or when one fails.
///
/// # Errors
/// The first error. The other future is then dropped.
///
/// # Cancel safety
/// Dropping it drops both futures.
pub async fn join_both<E>(
    input: impl Future<Output = Result<(), E>>,
    output: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let (mut input, mut output) = (pin!(input), pin!(output));
    let (mut input_done, mut output_done) = (false, false);
    poll_fn(|cx| {
        if !input_done && let Poll::Ready(result) = input.as_mut().poll(cx) {
            result?;
            input_done = true;
        }
        if !output_done && let Poll::Ready(result) = output.as_mut().poll(cx) {
            result?;
            output_done = true;
        }
        if input_done && output_done {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    })
    .await
}
