use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::task::yield_now;

use crate::socket::Socket;

/// The most bytes in the server's write buffer when it asks for more (`h1_write_buffer_size`).
const WRITE_BUFFER: usize = 32 << 10;

/// Ends the sending direction, after the server has written the bytes that it took.
///
/// The server does not report when it has written them, but it writes whenever it has asked for
/// more. A writable socket proves nothing: the server may have had no room, and the peer may have
/// read since. So this gives the server turns with as much room as its buffer may need. Each turn
/// begins after the runtime has asked the system for events, because the server does not try a full
/// socket before.
#[derive(Debug)]
pub(crate) struct Ending {
    socket: Option<Socket>,
    /// At most this many bytes are not written.
    unwritten: usize,
    turn: Option<Turn>,
}

impl Ending {
    pub(crate) fn new(socket: Option<Socket>) -> Self {
        Self {
            socket,
            unwritten: WRITE_BUFFER,
            turn: None,
        }
    }

    /// Call it in the server's own turns. True when the sending direction is ended. False when the
    /// server must do that later, or when it must be tried again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(socket) = self.socket else {
            return Poll::Ready(false);
        };
        if let Some(turn) = self.turn.take_if(|turn| turn.has_come()) {
            self.unwritten = self.unwritten.saturating_sub(turn.room);
            cx.waker().wake_by_ref(); // the server writes before that
            return Poll::Pending;
        }
        if self.turn.is_some() {
            return Poll::Pending;
        }
        if self.unwritten == 0 {
            socket.end_writing();
            return Poll::Ready(true);
        }
        match socket.room() {
            0 => Poll::Ready(false),
            room => {
                self.turn = Some(Turn::new(room, cx.waker()));
                Poll::Pending
            }
        }
    }
}

/// A turn of the server after the runtime has asked for events, with room for this many bytes.
#[derive(Debug)]
struct Turn {
    room: usize,
    events: Arc<Events>,
}

#[derive(Debug)]
struct Events {
    have_come: AtomicBool,
    server: Waker,
}

impl Turn {
    fn new(room: usize, server: &Waker) -> Self {
        let events = Arc::new(Events {
            have_come: AtomicBool::new(false),
            server: server.clone(),
        });
        let waker = Waker::from(events.clone());
        // The runtime keeps the waker of a task that yields until it has asked for events.
        let _pending = pin!(yield_now()).poll(&mut Context::from_waker(&waker));
        Self { room, events }
    }

    fn has_come(&self) -> bool {
        self.events.have_come.load(Relaxed)
    }
}

impl Wake for Events {
    fn wake(self: Arc<Self>) {
        self.have_come.store(true, Relaxed);
        self.server.wake_by_ref();
    }
}
