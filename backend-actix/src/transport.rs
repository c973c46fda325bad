use std::{
    cell::RefCell,
    fmt,
    io::{self, ErrorKind::BrokenPipe, IoSlice},
    mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use actix_web::{
    body::{BodySize, MessageBody},
    dev::Payload,
    error::PayloadError,
    web::Bytes,
};
use bytes::Buf;
use futures_core::Stream;
use switchwire_core::{
    Error, ErrorKind,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd, SessionParameters, Transport},
};
use switchwire_protocol::{Decoder, Encoder};

use crate::{ending::Ending, socket::Socket};

/// How many bytes the server's write buffer gets at once. With the bytes that may wait there, it
/// holds 128 KiB.
const CHUNK: usize = 96 << 10;

/// This much is copied, so that the encoder can reuse its memory.
const COPIED: usize = 1 << 10;

/// With this many unread bytes, the server stops reading.
const PAUSED_FROM: usize = 32 << 10;

/// A flush is complete when at most this many bytes are left to take.
const LITTLE: usize = 16 << 10;

/// One connection of actix-web after the switch.
///
/// Bytes arrive through the payload of the request, and leave through the body of the accepting
/// response (101). Both are on the worker's own thread.
pub struct ActixTransport {
    payload: Payload,
    decoder: Decoder,
    /// Bytes that were read but not decoded yet, when a wrapper of the server's payload takes
    /// nothing back.
    unread: Bytes,
    outbound: Rc<RefCell<Outbound>>,
    socket: Option<Socket>,
    /// The peer has ended its half, or the server has ended the connection.
    is_done: bool,
}

impl ActixTransport {
    /// Makes the two ends of a connection: the transport for the driver, and the body of the
    /// accepting response.
    pub(crate) fn new(
        payload: Payload,
        socket: Option<Socket>,
        parameters: &SessionParameters,
    ) -> (Self, UpgradedBody) {
        if let Some(socket) = socket {
            socket.limit_silence(parameters.settings());
        }
        let outbound = Rc::new(RefCell::new(Outbound {
            encoder: Encoder::for_session(parameters),
            ..Outbound::default()
        }));
        let transport = Self {
            payload,
            decoder: Decoder::for_session(parameters),
            unread: Bytes::new(),
            outbound: outbound.clone(),
            socket,
            is_done: false,
        };
        let ending = Ending::new(socket);
        (transport, UpgradedBody { outbound, ending })
    }

    /// Waits until the server has taken the accepting response. Fails when it sent something else
    /// instead.
    pub(crate) fn poll_switched(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut outbound = self.outbound.borrow_mut();
        match outbound.state {
            State::Waiting => outbound.wait(cx),
            State::Open | State::Ending | State::Ended => Poll::Ready(Ok(())),
            State::Dropped => Poll::Ready(Err(Error::with_source(
                ErrorKind::Handshake,
                "the 101 response was not sent",
            ))),
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if self.unread.is_empty() {
            Pin::new(&mut self.payload).poll_next(cx)
        } else {
            Poll::Ready(Some(Ok(mem::take(&mut self.unread))))
        }
    }

    /// Keeps bytes that found no room where the server sees them. When there are enough, the server
    /// stops reading.
    fn put_back(&mut self, mut bytes: Bytes, cx: &mut Context<'_>) {
        if bytes.len() < PAUSED_FROM {
            bytes = Bytes::copy_from_slice(&bytes); // so that the server can use its buffer again
        }
        let Payload::H1 { payload } = &mut self.payload else {
            self.unread = bytes;
            return;
        };
        payload.unread_data(bytes);
        // The server counts these bytes only when some are taken.
        payload.unread_data(Bytes::new());
        let _nothing = Pin::new(payload).poll_next(cx);
    }
}

impl Transport for ActixTransport {
    fn poll_receive(&mut self, cx: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()> {
        match ready!(self.poll_bytes(cx)) {
            Some(Ok(mut bytes)) => {
                let mut input = &bytes[..];
                self.decoder.decode(&mut input, incoming);
                let rest = input.len();
                if rest > 0 {
                    bytes.advance(bytes.len() - rest);
                    self.put_back(bytes, cx);
                }
            }
            // After a reset, the server drops the connection. After an orderly end, it continues to
            // write.
            Some(Err(_)) | None => {
                incoming.end(ReceiveEnd::Failed(match self.outbound.borrow().state {
                    State::Dropped => io::Error::from(io::ErrorKind::ConnectionReset).into(),
                    _ => Error::new(ErrorKind::Disconnected),
                }));
            }
        }
        Poll::Ready(())
    }

    fn has_unfinished(&self) -> bool {
        self.decoder.has_unfinished()
    }

    /// Without the bytes that were put back into the server's own buffers, which have their own
    /// limit.
    fn unread(&self) -> usize {
        self.decoder.held() + self.unread.len()
    }

    fn send(&mut self, outgoing: OutgoingFrame) {
        self.outbound.borrow_mut().encoder.encode(outgoing);
    }

    fn buffered(&self) -> usize {
        self.outbound.borrow().len()
    }

    /// Resolves when the server has taken everything except a small rest. It takes that rest when
    /// it is next polled. Waiting for it would cost one wake-up per message.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.borrow_mut().poll_taken(cx, LITTLE)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outbound = self.outbound.borrow_mut();
        if outbound.state == State::Open {
            ready!(outbound.poll_taken(cx, 0))?;
            outbound.state = State::Ending;
            outbound.wake_body();
        }
        drop(outbound);
        self.unread = Bytes::new();
        while let Some(Ok(_)) = ready!(Pin::new(&mut self.payload).poll_next(cx)) {}
        self.is_done = true;
        Poll::Ready(Ok(()))
    }

    fn peer_has_ended(&self) -> bool {
        self.outbound.borrow().state == State::Dropped
            || self.socket.is_some_and(Socket::peer_has_ended)
    }

    fn unacknowledged(&self) -> usize {
        self.socket.map_or(0, Socket::unacknowledged)
    }
}

impl Drop for ActixTransport {
    fn drop(&mut self) {
        let mut outbound = self.outbound.borrow_mut();
        if self.is_done || outbound.state == State::Dropped {
            return; // the server does the rest
        }
        outbound.end();
        if let Some(socket) = self.socket {
            socket.abort();
        }
    }
}

impl fmt::Debug for ActixTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActixTransport")
            .field("outbound", &self.outbound)
            .finish_non_exhaustive()
    }
}

/// The body of the accepting response: the output of the session.
#[derive(Debug)]
pub(crate) struct UpgradedBody {
    outbound: Rc<RefCell<Outbound>>,
    ending: Ending,
}

impl MessageBody for UpgradedBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        let this = self.get_mut();
        let mut outbound = this.outbound.borrow_mut();
        if outbound.state == State::Waiting {
            outbound.state = State::Open;
            outbound.wake_driver();
        }
        if let Some(chunk) = outbound.take_chunk() {
            if outbound.len() == 0 {
                outbound.wake_driver();
            }
            return Poll::Ready(Some(Ok(chunk)));
        }
        if outbound.state == State::Ending && this.ending.poll(cx).is_ready() {
            outbound.state = State::Ended;
        }
        if outbound.state == State::Ended {
            return Poll::Ready(None);
        }
        match &mut outbound.body {
            Some(known) => known.clone_from(cx.waker()),
            body => *body = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for UpgradedBody {
    fn drop(&mut self) {
        let mut outbound = self.outbound.borrow_mut();
        outbound.state = State::Dropped;
        outbound.wake_driver();
    }
}

/// The state that the two ends share.
#[derive(Debug, Default)]
struct Outbound {
    encoder: Encoder,
    /// The rest of a chunk that was taken from the encoder.
    chunk: Bytes,
    state: State,
    /// Wakes the server's connection to take the output.
    body: Option<Waker>,
    /// Wakes the driver when the server has taken everything, or when the state changed.
    driver: Option<Waker>,
}

/// The state of the body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The server has not taken the response yet.
    #[default]
    Waiting,
    /// The server takes the output.
    Open,
    /// The server has taken everything.
    Ending,
    /// Nothing more will be written.
    Ended,
    /// The server dropped the body: the response was replaced, everything was sent, or the
    /// connection is gone.
    Dropped,
}

impl Outbound {
    fn len(&self) -> usize {
        self.chunk.len() + self.encoder.len()
    }

    fn take_chunk(&mut self) -> Option<Bytes> {
        if self.chunk.is_empty() {
            let mut next = [IoSlice::new(&[])];
            self.encoder.fill(&mut next);
            let [next] = next;
            if (1..=COPIED).contains(&next.len()) {
                let chunk = Bytes::copy_from_slice(&next);
                self.encoder.advance(chunk.len());
                return Some(chunk);
            }
            self.chunk = self.encoder.take_chunk()?;
        }
        if self.chunk.len() <= CHUNK {
            return Some(mem::take(&mut self.chunk)); // an empty rest would keep the whole memory alive
        }
        Some(self.chunk.split_to(CHUNK))
    }

    /// Wakes the server to take the output. Resolves when at most `rest` bytes of it are left.
    fn poll_taken(&mut self, cx: &Context<'_>, rest: usize) -> Poll<io::Result<()>> {
        if self.state == State::Dropped {
            return Poll::Ready(Err(BrokenPipe.into()));
        }
        let len = self.len();
        if len > 0 {
            self.wake_body();
        }
        if len <= rest {
            return Poll::Ready(Ok(()));
        }
        self.wait(cx)
    }

    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.driver {
            Some(known) => known.clone_from(cx.waker()),
            driver => *driver = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Writes nothing more, and drops the bytes that the server has not taken.
    fn end(&mut self) {
        self.encoder = Encoder::default();
        self.chunk = Bytes::new();
        if self.state != State::Dropped {
            self.state = State::Ended;
        }
        self.wake_body();
    }

    fn wake_body(&mut self) {
        if let Some(body) = self.body.take() {
            body.wake();
        }
    }

    fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}
