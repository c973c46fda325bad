//! A session as a byte stream.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;
use futures_sink::Sink;
use switchwire_core::{CloseCode, Error, ErrorKind, WebSocketMessage, WebSocketSession};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes of a message that the stream sends.
const MOST: usize = 64 << 10;

/// A session as a stream of bytes, for protocols that run inside it: a tunnel, MQTT, SSH.
///
/// - Reads join the binary messages of the peer. When the reader does not read, the
///   session does not receive, and the peer waits.
/// - A text message closes the session with 1003 (unsupported data), and the read
///   fails.
/// - The peer's Close is the end of the stream. When anything else ended the
///   connection, the read fails.
/// - Written bytes wait until a flush, or until there are 64 KiB of them. Then they
///   are sent as one binary message. When the peer does not take the session's output, writes wait.
/// - A shutdown sends the written bytes, and then a Close with 1000. A WebSocket
///   cannot be closed in one direction alone: the peer sends nothing after it has answered.
///
/// ```
/// use switchwire_core::{HandlerResult, WebSocketSession};
/// use switchwire_driver::SessionStream;
/// use tokio::{io::copy_bidirectional, net::TcpStream};
///
/// async fn tunnel(session: WebSocketSession) -> HandlerResult {
///     let mut inner = TcpStream::connect("127.0.0.1:1883").await?;
///     copy_bidirectional(&mut SessionStream::new(session), &mut inner).await?;
///     Ok(())
/// }
/// ```
pub struct SessionStream {
    session: WebSocketSession,
    /// The rest of a received message.
    received: Bytes,
    /// Bytes that are not sent yet.
    written: BytesMut,
}

impl SessionStream {
    /// Makes a stream of a session.
    #[must_use]
    pub fn new(session: WebSocketSession) -> Self {
        Self {
            session,
            received: Bytes::new(),
            written: BytesMut::new(),
        }
    }

    /// The session, for its handshake and its outcome.
    #[must_use]
    pub fn session(&self) -> &WebSocketSession {
        &self.session
    }

    /// Hands the written bytes to the session.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.written.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut session = Pin::new(&mut self.session);
        ready!(session.as_mut().poll_ready(cx)).map_err(to_io)?;
        let message = WebSocketMessage::Binary(self.written.split().freeze());
        Poll::Ready(session.start_send(message).map_err(to_io))
    }
}

impl From<WebSocketSession> for SessionStream {
    fn from(session: WebSocketSession) -> Self {
        Self::new(session)
    }
}

impl AsyncRead for SessionStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A message may be empty, and a read of nothing would be the end.
        while self.received.is_empty() {
            match ready!(Pin::new(&mut self.session).poll_next(cx)) {
                Some(Ok(WebSocketMessage::Binary(bytes))) => self.received = bytes,
                Some(Ok(WebSocketMessage::Text(_))) => {
                    drop(self.session.close(CloseCode::UNSUPPORTED_DATA));
                    let text = "the peer sent text into a stream of bytes";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, text)));
                }
                Some(Ok(_)) => {} // a ping or a pong
                Some(Err(error)) => return Poll::Ready(Err(to_io(error))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.received.len().min(buffer.remaining());
        buffer.put_slice(&self.received[..count]);
        self.received.advance(count);
        if self.received.is_empty() {
            self.received = Bytes::new(); // gives the message's memory back
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SessionStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.written.len() == MOST {
            ready!(self.poll_send(cx))?;
        }
        let count = bytes.len().min(MOST - self.written.len());
        self.written.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.session).poll_flush(cx).map_err(to_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It fails when the session is closed already and bytes are left: they are lost.
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.session).poll_close(cx).map_err(to_io)
    }
}

impl fmt::Debug for SessionStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStream")
            .field("session", &self.session.id())
            .finish_non_exhaustive()
    }
}

fn to_io(error: Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::Closed => io::ErrorKind::BrokenPipe,
        ErrorKind::Disconnected => io::ErrorKind::UnexpectedEof,
        ErrorKind::Timeout => io::ErrorKind::TimedOut,
        ErrorKind::Protocol | ErrorKind::InvalidPayload | ErrorKind::TooBig => {
            io::ErrorKind::InvalidData
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
