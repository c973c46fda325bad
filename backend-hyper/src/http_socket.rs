//! The I/O of a connection while it speaks HTTP. It tells whether the peer takes the output.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use switchwire_driver::Socket;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::io::HyperIo;

/// How many bytes of an answer a peer must take per second, on average over the write timeout.
const LEAST_RATE: u128 = 240;

/// Shared by a connection's socket, its service, and the future that serves it. All three run in
/// that one future.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// A request has arrived.
    asked: AtomicBool,
    /// Output waits for the peer to take earlier output.
    blocked: AtomicBool,
    /// How many bytes the peer had taken when output began to wait or was tried again, modulo the
    /// size of the counter.
    taken: AtomicUsize,
    given_up: AtomicBool,
}

impl Progress {
    pub(crate) fn ask(&self) {
        self.asked.store(true, Relaxed);
    }

    /// Whether no request has arrived, and there is nothing to write.
    pub(crate) fn is_unused(&self) -> bool {
        !self.asked.load(Relaxed) && !self.blocked.load(Relaxed)
    }

    /// Makes the next write fail and the connection end with a reset, so that the kernel also drops
    /// the bytes that it still holds for the peer.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Relaxed);
    }
}

/// I/O that records the progress of writing.
#[derive(Debug)]
pub(crate) struct HttpSocket {
    io: HyperIo,
    written: usize,
    progress: Arc<Progress>,
}

impl HttpSocket {
    pub(crate) fn new(io: HyperIo, progress: Arc<Progress>) -> Self {
        Self {
            io,
            written: 0,
            progress,
        }
    }

    pub(crate) fn into_inner(self) -> HyperIo {
        self.io
    }

    fn note_write(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.note_blocked(),
            Poll::Ready(Ok(count)) => self.written = self.written.wrapping_add(*count),
            Poll::Ready(Err(_)) => {}
        }
        written
    }

    /// TLS copies written bytes into a buffer of its own, so that a flush or a shutdown may wait for the peer, too.
    fn note_flush(&mut self, flushed: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        match flushed {
            Poll::Pending => self.note_blocked(),
            Poll::Ready(_) => self.progress.blocked.store(false, Relaxed),
        }
        flushed
    }

    fn note_blocked(&self) {
        let socket = self.io.socket();
        let left = socket.and_then(Socket::unacknowledged).unwrap_or(0);
        let taken = self.written.wrapping_sub(left);
        self.progress.taken.store(taken, Relaxed);
        self.progress.blocked.store(true, Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        if self.progress.given_up.load(Relaxed) {
            if let Some(socket) = self.io.socket() {
                socket.reset_when_closed()?;
            }
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl AsyncRead for HttpSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for HttpSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.note_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.note_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper flushes after everything was written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.note_flush(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let shut_down = Pin::new(&mut self.io).poll_shutdown(cx);
        self.note_flush(shut_down)
    }
}

/// Bounds how long a peer may leave an answer untaken.
#[derive(Debug)]
pub(crate) struct Patience {
    timeout: Duration,
    /// How many bytes the peer must take in that time.
    least: usize,
    /// While output waits: the end of the time, and how many bytes the peer had taken at its start.
    window: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Patience {
    pub(crate) fn new(timeout: Duration) -> Self {
        let least = timeout.as_millis() * LEAST_RATE / 1000;
        Self {
            timeout,
            least: usize::try_from(least).unwrap_or(usize::MAX).max(1),
            window: None,
        }
    }

    /// Ready when the peer has taken too little for too long. Call it after each attempt to write.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, progress: &Progress) -> Poll<()> {
        if !progress.blocked.load(Relaxed) {
            self.window = None;
            return Poll::Pending;
        }
        let taken = progress.taken.load(Relaxed);
        loop {
            let (end, before) = self
                .window
                .get_or_insert_with(|| (Box::pin(sleep(self.timeout)), taken));
            ready!(end.as_mut().poll(cx));
            if taken.wrapping_sub(*before) < self.least {
                return Poll::Ready(());
            }
            self.window = None;
        }
    }
}
