//! The transport: it carries messages between the driver and a connection.

use std::{
    io,
    task::{Context, Poll},
};

use crate::{
    close::CloseStatus,
    message::WebSocketMessage,
    session::{ReceiveBuffer, SharedMessage},
};

/// One connection after the protocol switch: messages in, messages out.
///
/// # For backend authors
/// When the server gives you a byte stream, use `StreamTransport` of `switchwire-driver`. When it
/// passes bytes in another way, implement this trait over the frames of `switchwire-protocol`. A
/// transport is mechanism only. It
/// - **must** check the peer's frames as RFC 6455 sections 5 and 8.1 ask, within the limits of the
///   settings, and end the receive buffer with the error when it finds a violation;
/// - **must not** answer pings, send Close frames or give up by itself: the driver does, except for
///   what [`duties`](Self::duties) says;
/// - **must not** hold memory for a length that was announced but has not arrived;
/// - **must** limit how long the peer's TCP may acknowledge nothing, when the server gives access
///   to the socket and the system can do it (`TCP_USER_TIMEOUT`, by `Socket::limit_silence` of
///   `switchwire-driver`). Without the limit, our kernel's buffer takes output for a host that is
///   gone.
///
/// It need not be `Send`. The driver polls it from one task; every poll method registers the waker.
pub trait Transport {
    /// Reads what has arrived and pushes whole messages to `incoming` until it is full or ended.
    ///
    /// `Ready` means that something happened and there may be more; `Pending` that nothing more has
    /// arrived and the waker is registered. The end of the stream and errors go to
    /// [`ReceiveBuffer::end`].
    fn poll_receive(&mut self, cx: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()>;

    /// How many bytes the transport has read and still holds: those of an incomplete message, and
    /// those that found no room.
    ///
    /// The driver adds them to the memory of its session, which counts towards the memory budget.
    fn unread(&self) -> usize {
        0
    }

    /// Whether a message has begun and is incomplete.
    fn has_unfinished(&self) -> bool {
        false
    }

    /// What the driver does for the peer. Default: everything. A transport over an engine that
    /// answers by itself says so here, and the driver then leaves it to the engine. The driver
    /// calls it once.
    fn duties(&self) -> Duties {
        Duties::default()
    }

    /// Takes a message or a Close to write, in order. The driver bounds how much it hands over.
    fn send(&mut self, outgoing: OutgoingFrame);

    /// How many bytes the transport has taken and not written yet.
    fn buffered(&self) -> usize;

    /// Writes everything that the transport has taken.
    ///
    /// # Errors
    /// When the connection failed; the driver then drops the transport.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ends the sending direction after everything is written. Then reads and discards until the
    /// peer ends its direction, so that no reset destroys bytes in flight. The driver bounds the
    /// time.
    ///
    /// # Errors
    /// When the connection failed; the driver then drops the transport.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether the peer has ended its half of the connection or the connection has failed, seen
    /// without reading.
    ///
    /// The driver asks while it does not read, because the end of the stream may be far behind
    /// unread bytes. It **must not** consume anything, and **must** be false where the transport
    /// cannot tell.
    fn peer_has_ended(&self) -> bool {
        false
    }

    /// How many written bytes the peer's system has not acknowledged; 0 where the transport cannot
    /// tell.
    ///
    /// The driver asks while output is blocked. A system reports new room late. Without this
    /// number, a peer that reads steadily but slowly would seem to read nothing.
    fn unacknowledged(&self) -> usize {
        0
    }
}

/// What the driver does for the peer of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duties {
    /// The driver answers pings. Default: true.
    pub answers_pings: bool,
    /// The driver answers the peer's Close, after the handler has had its time to answer messages.
    /// Default: true. When it is false, the transport **must** send its answer when `poll_shutdown` is first
    /// called, not before: until then the driver still sends messages of the handler.
    pub answers_close: bool,
}

impl Default for Duties {
    fn default() -> Self {
        Self {
            answers_pings: true,
            answers_close: true,
        }
    }
}

impl Duties {
    /// Leaves pings to the transport.
    #[must_use]
    pub fn without_pings(mut self) -> Self {
        self.answers_pings = false;
        self
    }

    /// Leaves the peer's Close to the transport.
    #[must_use]
    pub fn without_close(mut self) -> Self {
        self.answers_close = false;
        self
    }
}

/// A frame for a transport to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutgoingFrame {
    /// A message, as one frame.
    Message(WebSocketMessage),
    /// A message that other sessions write, too, as one frame.
    Shared(SharedMessage),
    /// A Close frame, with a status or empty.
    Close(Option<CloseStatus>),
}
