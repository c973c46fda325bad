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

/// What the server's write buffer holds at most when it asks for more (`h1_write_buffer_size`).
const WRITE_BUFFER: usize = 32 << 10;

/// The end of the sending direction, which must not come before the server has written what it took.
///
/// The server does not say when that is, but it writes whenever it has asked for more. That the socket is writable then
/// says nothing: the server may have had no room, and the peer has read since. So it is given turns with as much
/// room as its buffer may need. Each begins after the runtime has asked the system for events, because a socket that
/// was full is not tried before.
#[derive(Debug)]
pub(crate) struct Ending {
    socket: Option<Socket>,
    /// At most so much is not written.
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

    /// For the server's own turns. True when the sending direction is ended; false when that must be left to the server,
    /// which ends it later, or tried again.
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

/// A turn of the server that comes after the runtime has asked for events, with room for so many bytes.
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
