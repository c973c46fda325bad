use std::{
    any::Any,
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_sink::Sink;
use switchwire_core::{
    WebSocketSettings,
    spi::{Duties, OutgoingFrame, ReceiveBuffer, ReceiveEnd, Transport, discard},
};
use switchwire_driver::Socket;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error, Message, error::ProtocolError, protocol::Role},
};

use crate::message::{failure, frame_len, outgoing, receive};

/// How many bytes a peer may still send after both sides closed, before the transport drops TCP.
const MAX_DISCARDED: usize = 64 << 20;

/// After this many pings, the transport reads on once the engine has written its pongs. The engine
/// itself would let a peer that reads nothing fill its memory with them.
const PINGS: usize = 64;

/// A [`Transport`] over a [`WebSocketStream`] on which the handshake is done.
///
/// The engine checks the peer's frames, answers its pings and answers its Close. The driver does the
/// rest: limits, timeouts, keepalive, back-pressure, shutdown.
#[derive(Debug)]
pub struct TungsteniteTransport<IO> {
    engine: WebSocketStream<IO>,
    socket: fn(&IO) -> Option<Socket<'_>>,
    role: Role,
    max_message_size: usize,
    /// What the engine has not taken.
    waiting: VecDeque<Message>,
    /// At most this many bytes are not written.
    unwritten: usize,
    /// How many pings the engine has answered since it had written everything.
    pings: usize,
    /// The peer's Close is read. The engine takes no more messages, and its next write is its answer.
    is_closed_by_peer: bool,
    shut_down: bool,
    discarded: usize,
}

impl<IO: AsyncRead + AsyncWrite + Unpin + 'static> TungsteniteTransport<IO> {
    /// Makes a transport over a stream of a server.
    ///
    /// The stream keeps its own configuration. [`config`](crate::config) makes one with the limits
    /// of an endpoint. Of the settings, the transport itself holds `max_message_size`.
    #[must_use]
    pub fn server(engine: WebSocketStream<IO>, settings: &WebSocketSettings) -> Self {
        Self::new(engine, Role::Server, settings)
    }

    /// Makes a transport over a stream of a client.
    #[must_use]
    pub fn client(engine: WebSocketStream<IO>, settings: &WebSocketSettings) -> Self {
        Self::new(engine, Role::Client, settings)
    }

    fn new(engine: WebSocketStream<IO>, role: Role, settings: &WebSocketSettings) -> Self {
        let transport = Self {
            engine,
            socket: find_socket,
            role,
            max_message_size: settings.max_message_size(),
            waiting: VecDeque::new(),
            unwritten: 0,
            pings: 0,
            is_closed_by_peer: false,
            shut_down: false,
            discarded: 0,
        };
        transport.with_socket(find_socket, settings)
    }

    /// Sets how to find the socket under a stream of your own, as
    /// [`StreamTransport::with_socket`](switchwire_driver::StreamTransport::with_socket) does. The
    /// transport finds Tokio's sockets and a [`MaybeTlsStream`] without TLS itself.
    #[must_use]
    pub fn with_socket(
        mut self,
        socket: fn(&IO) -> Option<Socket<'_>>,
        settings: &WebSocketSettings,
    ) -> Self {
        self.socket = socket;
        if let Some(socket) = socket(self.engine.get_ref()) {
            socket.limit_silence(settings);
        }
        self
    }

    /// Gives the engine what waits, as far as it has room. Says whether it took something.
    ///
    /// An engine without room for a Close would lose it. So with a limit on its buffer, it gets a
    /// Close only when it has written everything.
    fn hand_over(&mut self, is_empty: bool) -> Result<bool, Error> {
        let is_unlimited = self.engine.get_config().max_write_buffer_size == usize::MAX;
        let before = self.waiting.len();
        while let Some(message) = self.waiting.pop_front() {
            if message.is_close() && !is_unlimited && !is_empty {
                self.waiting.push_front(message);
                break;
            }
            match Pin::new(&mut self.engine).start_send(message) {
                Ok(()) => {}
                Err(Error::WriteBufferFull(message)) => {
                    self.waiting.push_front(*message);
                    break;
                }
                Err(Error::Protocol(ProtocolError::SendAfterClosing)) => self.waiting.clear(),
                Err(error) => return Err(error),
            }
        }
        Ok(self.waiting.len() < before)
    }

    /// Reads and discards bytes below the engine until the peer ends its half.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = [0; 4 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut buffer);
            ready!(Pin::new(self.engine.get_mut()).poll_read(cx, &mut buffer))?;
            self.discarded += buffer.filled().len();
            if buffer.filled().is_empty() || self.discarded > MAX_DISCARDED {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin + 'static> Transport for TungsteniteTransport<IO> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()> {
        if self.pings >= PINGS {
            let flushed = ready!(Pin::new(&mut self.engine).poll_flush(cx));
            if let Err(error) = flushed {
                incoming.end(ReceiveEnd::Failed(failure(error)));
                return Poll::Ready(());
            }
            self.pings = 0;
        }
        // After a Close, the engine would take nothing.
        if let Err(error) = self.hand_over(false) {
            incoming.end(ReceiveEnd::Failed(failure(error)));
            return Poll::Ready(());
        }
        let received = ready!(Pin::new(&mut self.engine).poll_next(cx));
        match received {
            Some(Ok(Message::Ping(_))) => self.pings += 1,
            Some(Ok(Message::Close(_))) => self.is_closed_by_peer = true,
            _ => {}
        }
        receive(received, self.max_message_size, incoming);
        Poll::Ready(())
    }

    fn duties(&self) -> Duties {
        Duties::default().without_pings().without_close()
    }

    fn send(&mut self, frame: OutgoingFrame) {
        let message = outgoing(&frame);
        self.unwritten += frame_len(message.len());
        self.waiting.push_back(message);
        discard(frame);
    }

    /// The engine does not tell how much it has written until it has written everything.
    fn buffered(&self) -> usize {
        self.unwritten
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut is_empty = false;
        while !self.is_closed_by_peer {
            let moved = self.hand_over(is_empty).map_err(io_error)?;
            if is_empty && !moved && !self.waiting.is_empty() {
                let error = "a message is larger than the engine's max_write_buffer_size";
                return Poll::Ready(Err(io::Error::other(error)));
            }
            ready!(Pin::new(&mut self.engine).poll_flush(cx)).map_err(io_error)?;
            is_empty = true;
            if self.waiting.is_empty() {
                break;
            }
        }
        self.waiting.clear();
        self.unwritten = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // With it, the engine answers the peer's Close.
        ready!(Pin::new(&mut self.engine).poll_flush(cx)).map_err(io_error)?;
        if self.role == Role::Client {
            ready!(self.poll_discard(cx))?;
        }
        if !self.shut_down {
            ready!(Pin::new(self.engine.get_mut()).poll_shutdown(cx))?;
            self.shut_down = true;
        }
        self.poll_discard(cx)
    }

    fn peer_has_ended(&self) -> bool {
        (self.socket)(self.engine.get_ref()).is_some_and(Socket::peer_has_ended)
    }

    fn unacknowledged(&self) -> usize {
        let socket = (self.socket)(self.engine.get_ref());
        socket.and_then(Socket::unacknowledged).unwrap_or(0)
    }
}

fn find_socket<IO: Any>(io: &IO) -> Option<Socket<'_>> {
    let any: &dyn Any = io;
    match any.downcast_ref::<MaybeTlsStream<TcpStream>>() {
        Some(MaybeTlsStream::Plain(tcp)) => Some(Socket::new(tcp)),
        _ => Socket::find(io),
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::other(error),
    }
}
