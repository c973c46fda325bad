//! Sessions over any byte stream.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use switchwire_core::{
    Error, ErrorKind, WebSocketSettings,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd, Role, SessionParameters, Transport},
};
use switchwire_protocol::{Decoder, Encoder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::socket::Socket;

/// How many bytes a peer may still send after both sides closed, before the transport drops TCP.
const MAX_DISCARDED: u32 = 64 << 20;

/// A [`Transport`] over `AsyncRead + AsyncWrite`, for every server that gives a byte stream after
/// the switch.
///
/// All sessions of a thread share one read buffer. A session holds only an incomplete message, and
/// the bytes that found no room in a full receive buffer.
#[derive(Debug)]
pub struct StreamTransport<IO> {
    io: IO,
    socket: fn(&IO) -> Option<Socket<'_>>,
    decoder: Decoder,
    encoder: Encoder,
    /// Bytes that were read, but not decoded yet.
    unread: Bytes,
    read_size: usize,
    /// A client lets the server close TCP first.
    is_client: bool,
    shut_down: bool,
    discarded: u32,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> StreamTransport<IO> {
    /// Makes a transport over `io`. `already_read` are the bytes that arrived together with the
    /// other side's handshake.
    ///
    /// `client.30` A client's transport waits for the server to end its direction before it ends
    /// its own ([RFC 6455 section 7.1.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1)).
    /// The driver's deadline bounds that.
    #[must_use]
    pub fn new(io: IO, already_read: Bytes, parameters: &SessionParameters) -> Self {
        Self {
            io,
            socket: |_| None,
            decoder: Decoder::for_session(parameters),
            encoder: Encoder::for_session(parameters),
            unread: already_read,
            read_size: parameters.settings().read_buffer_size() + Decoder::MAX_HEADER_SIZE,
            is_client: parameters.role() == Role::Client,
            shut_down: false,
            discarded: 0,
        }
    }

    /// Sets how to find the socket under the stream, if there is one. The socket tells what a
    /// stream does not: that the peer has ended, and, by [`Socket::limit_silence`], that its host
    /// is gone.
    #[must_use]
    pub fn with_socket(
        mut self,
        socket: fn(&IO) -> Option<Socket<'_>>,
        settings: &WebSocketSettings,
    ) -> Self {
        self.socket = socket;
        if let Some(socket) = socket(&self.io) {
            socket.limit_silence(settings);
        }
        self
    }

    /// The stream that the transport runs over.
    #[must_use]
    pub fn io(&self) -> &IO {
        &self.io
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport for StreamTransport<IO> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()> {
        if !self.unread.is_empty() {
            let mut input = &self.unread[..];
            self.decoder.decode(&mut input, incoming);
            let rest = input.len();
            if rest == 0 {
                self.unread = Bytes::new();
            } else {
                self.unread.advance(self.unread.len() - rest);
            }
            return Poll::Ready(());
        }
        if let Some(mut room) = self.decoder.room() {
            match ready!(pin!(self.io.read_buf(&mut room)).poll(cx)) {
                Ok(0) => incoming.end(ReceiveEnd::Failed(Error::new(ErrorKind::Disconnected))),
                Ok(count) => self.decoder.filled(count, incoming),
                Err(error) => incoming.end(ReceiveEnd::Failed(error.into())),
            }
            return Poll::Ready(());
        }
        with_read_buffer(self.read_size, |buffer| {
            let mut buffer = ReadBuf::new(buffer);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => {
                    incoming.end(ReceiveEnd::Failed(Error::new(ErrorKind::Disconnected)));
                }
                Ok(()) => {
                    let mut input = buffer.filled();
                    self.decoder.decode(&mut input, incoming);
                    if !input.is_empty() {
                        self.unread = Bytes::copy_from_slice(input);
                    }
                }
                Err(error) => incoming.end(ReceiveEnd::Failed(error.into())),
            }
            Poll::Ready(())
        })
    }

    fn has_unfinished(&self) -> bool {
        self.decoder.has_unfinished()
    }

    fn unread(&self) -> usize {
        self.decoder.held() + self.unread.len()
    }

    fn send(&mut self, outgoing: OutgoingFrame) {
        self.encoder.encode(outgoing);
    }

    fn buffered(&self) -> usize {
        self.encoder.len()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.encoder.is_empty() {
            let io = Pin::new(&mut self.io);
            let written = if let Some(bytes) = self.encoder.as_slice() {
                ready!(io.poll_write(cx, bytes))?
            } else {
                let mut slices = [IoSlice::new(&[]); 16];
                let used = self.encoder.fill(&mut slices);
                ready!(io.poll_write_vectored(cx, &slices[..used]))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.encoder.advance(written);
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_client {
            ready!(self.poll_flush(cx))?;
            ready!(self.poll_discard(cx))?;
            return Pin::new(&mut self.io).poll_shutdown(cx);
        }
        if !self.shut_down {
            ready!(self.poll_flush(cx))?;
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.shut_down = true;
        }
        self.poll_discard(cx)
    }

    fn peer_has_ended(&self) -> bool {
        (self.socket)(&self.io).is_some_and(Socket::peer_has_ended)
    }

    fn unacknowledged(&self) -> usize {
        let socket = (self.socket)(&self.io);
        socket.and_then(Socket::unacknowledged).unwrap_or(0)
    }
}

impl<IO: AsyncRead + Unpin> StreamTransport<IO> {
    /// Reads and discards bytes until the peer ends its half.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_read_buffer(self.read_size, |buffer| {
            loop {
                let mut buffer = ReadBuf::new(buffer);
                ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
                let count = u32::try_from(buffer.filled().len()).unwrap_or(u32::MAX);
                self.discarded = self.discarded.saturating_add(count);
                if count == 0 || self.discarded > MAX_DISCARDED {
                    return Poll::Ready(Ok(()));
                }
            }
        })
    }
}

/// Lends this thread's read buffer.
fn with_read_buffer<R>(size: usize, read: impl FnOnce(&mut [u8]) -> R) -> R {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    BUFFER.with(|kept| {
        let mut buffer = kept.take();
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        let result = read(&mut buffer[..size]);
        kept.set(buffer);
        result
    })
}
