use std::{
    collections::VecDeque,
    future::poll_fn,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use switchwire_core::{
    CloseStatus, Error, ErrorKind, SlowConsumerPolicy, WebSocketMessage, WebSocketSettings,
    spi::{OutgoingFrame, ReceiveBuffer, ReceiveEnd, Transport},
};
use tokio::time::Instant;

use super::properties::{Property, Violations};

/// What script, transport and handler share: both ends of the wire, and what happened.
#[derive(Debug, Clone)]
pub(super) struct World(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// What has arrived and was not read.
    pub(super) arrived: VecDeque<Arrival>,
    /// What of it ended the reading, once the driver has it.
    pub(super) end_read: Option<ReceiveEnd>,
    /// The peer ended its half.
    pub(super) peer_ended: bool,
    /// What the peer sends after it ended.
    pub(super) last_ping: Option<WebSocketMessage>,
    /// How many bytes the peer takes before it blocks.
    pub(super) window: usize,
    /// Every write fails from now on.
    pub(super) is_cut: bool,
    /// What was handed over and not written.
    pub(super) unwritten: usize,
    pub(super) close_sent: Option<Option<CloseStatus>>,
    /// Our Close was handed over before the peer's was read.
    pub(super) closed_first: bool,
    /// The driver was told that the network failed.
    pub(super) failed: bool,
    pub(super) aborted: bool,
    pub(super) shut_down: bool,
    /// When the first thing happened that must end the session.
    pub(super) ending_since: Option<Instant>,
    pub(super) transport_dropped: bool,
    pub(super) handler_dropped: bool,
    /// Numbers of messages: sent by the peer, received by the handler, taken, accepted and handed over of the handler.
    arrivals: u32,
    received: u32,
    numbered: u32,
    pub(super) accepted: u32,
    pub(super) handed_over: u32,
    loses: bool,
    gate: (bool, Option<Waker>),
    read_waker: Option<Waker>,
    write_waker: Option<Waker>,
    /// What the poll that is going on, or was the last, did.
    pub(super) work: Work,
    /// All of it so far.
    pub(super) total: Work,
    pub(super) violations: Violations,
    trace: DefaultHasher,
}

/// Work that costs time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Work {
    /// Reads that found something, and what they found.
    pub(super) reads: usize,
    pub(super) arrivals: usize,
    pub(super) sent: usize,
    pub(super) bytes_written: usize,
    pub(super) handler_polls: usize,
    /// Messages that the handler received.
    pub(super) received: usize,
}

#[derive(Debug)]
pub(super) enum Arrival {
    Message(WebSocketMessage),
    /// Bytes of a frame that is not whole.
    Part(usize),
    End(ReceiveEnd),
}

/// What the handler does, or how it ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'a> {
    Polled,
    Received(&'a WebSocketMessage),
    Sent,
    Dropped,
}

impl World {
    pub(super) fn new(settings: &WebSocketSettings) -> Self {
        let loses = matches!(
            settings.slow_consumer(),
            SlowConsumerPolicy::DropNewest | SlowConsumerPolicy::DropOldest
        );
        Self(Arc::new(Mutex::new(State {
            loses,
            ..State::default()
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it is locked")
    }

    pub(super) fn note(&self, event: Event<'_>) {
        let mut state = self.lock();
        match event {
            Event::Polled => state.count(|work| &mut work.handler_polls, 1),
            Event::Sent => state.accepted += 1,
            Event::Received(message) => {
                state.count(|work| &mut work.received, 1);
                if let Some(number) = number(message) {
                    let expected = state.received;
                    state.received = number + 1;
                    // What crosses our Close may be discarded.
                    if number < expected || number > expected && state.close_sent.is_none() {
                        let text = format!("message {number} was received instead of {expected}");
                        state.violations.add(Property::Order, text);
                    }
                }
            }
            Event::Dropped => state.handler_dropped = true,
        }
    }

    /// The number of the handler's next message.
    pub(super) fn next_number(&self) -> u32 {
        let mut state = self.lock();
        state.numbered += 1;
        state.numbered - 1
    }

    pub(super) async fn gate(&self) {
        poll_fn(|cx| {
            let (is_open, waker) = &mut self.lock().gate;
            if std::mem::take(is_open) {
                return Poll::Ready(());
            }
            *waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Does something that may wake the driver, which is not woken while the world is locked.
    pub(super) fn change<W: IntoIterator<Item = Waker>>(
        &self,
        change: impl FnOnce(&mut State) -> W,
    ) {
        let wakers = change(&mut self.lock());
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl State {
    #[must_use]
    pub(super) fn open_gate(&mut self) -> Option<Waker> {
        self.gate.0 = true;
        self.gate.1.take()
    }

    #[must_use]
    pub(super) fn arrive(&mut self, arrival: Arrival) -> Option<Waker> {
        if !self.peer_ended {
            self.peer_ended = matches!(arrival, Arrival::End(ReceiveEnd::Failed(_)));
            self.arrived.push_back(arrival);
        }
        self.read_waker.take()
    }

    /// The peer sends a message that carries its number.
    #[must_use]
    pub(super) fn arrive_message(&mut self, size: usize) -> Option<Waker> {
        if self.peer_ended {
            return None;
        }
        let mut payload = vec![0; size.max(4)];
        payload[..4].copy_from_slice(&self.arrivals.to_be_bytes());
        self.arrivals += 1;
        self.arrive(Arrival::Message(payload.into()))
    }

    /// The peer reads so much more.
    #[must_use]
    pub(super) fn widen(&mut self, bytes: usize) -> Option<Waker> {
        self.window = self.window.saturating_add(bytes);
        self.write_waker.take()
    }

    /// Nothing can be written any more, of which a socket tells readers, too.
    #[must_use]
    pub(super) fn cut(&mut self) -> Vec<Waker> {
        self.is_cut = true;
        let wakers = [self.read_waker.take(), self.write_waker.take()];
        wakers.into_iter().flatten().collect()
    }

    pub(super) fn is_writable(&self) -> bool {
        !self.transport_dropped && !self.is_cut && self.window > 0
    }

    pub(super) fn begin_poll(&mut self) {
        self.work = Work::default();
    }

    pub(super) fn trace(&self) -> u64 {
        self.trace.finish()
    }

    pub(super) fn note_ending(&mut self) {
        self.ending_since.get_or_insert_with(Instant::now);
    }

    fn count(&mut self, field: impl Fn(&mut Work) -> &mut usize, by: usize) {
        *field(&mut self.work) += by;
        *field(&mut self.total) += by;
        (self.total.arrivals, self.total.sent, self.total.received).hash(&mut self.trace);
    }

    fn take_arrivals(&mut self, incoming: &mut ReceiveBuffer) {
        self.count(|work| &mut work.reads, 1);
        for _ in 0..READ {
            if incoming.is_full() {
                break;
            }
            let Some(arrival) = self.arrived.pop_front() else {
                break;
            };
            self.count(|work| &mut work.arrivals, 1);
            match arrival {
                Arrival::Message(message) => {
                    incoming.note_bytes(message.len() + 2, message.is_control());
                    incoming.push(message);
                }
                Arrival::Part(bytes) => incoming.note_bytes(bytes, false),
                Arrival::End(end) => {
                    self.note_ending();
                    self.failed |=
                        matches!(&end, ReceiveEnd::Failed(error) if error.kind() == ErrorKind::Io);
                    self.end_read.get_or_insert(end.clone());
                    incoming.end(end);
                }
            }
        }
    }

    fn take_over(&mut self, outgoing: &OutgoingFrame) {
        self.count(|work| &mut work.sent, 1);
        if self.close_sent.is_some() {
            let text = format!("{outgoing:.40?} was sent behind a Close");
            self.violations.add(Property::OneClose, text);
        }
        match outgoing {
            OutgoingFrame::Close(status) => {
                self.note_ending();
                self.closed_first = self.end_read.is_none();
                self.close_sent = Some(status.clone());
                self.unwritten += 2 + status.as_ref().map_or(0, |it| 2 + it.reason().len());
            }
            OutgoingFrame::Message(message) => self.take_over_message(message),
            OutgoingFrame::Shared(shared) => self.take_over_message(shared.message()),
        }
    }

    fn take_over_message(&mut self, message: &WebSocketMessage) {
        self.unwritten += 2 + message.len();
        if let WebSocketMessage::Ping(_) = message {
            self.last_ping = Some(message.clone());
        }
        if let Some(number) = number(message) {
            let expected = self.handed_over;
            self.handed_over = number + 1;
            if number != expected && !(self.loses && number > expected) {
                let text = format!("message {number} was sent instead of {expected}");
                self.violations.add(Property::Order, text);
            }
        }
    }

    fn poll_write(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.is_cut {
            self.failed = true;
            self.note_ending();
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = self.unwritten.min(self.window);
        self.unwritten -= written;
        self.window -= written;
        self.count(|work| &mut work.bytes_written, written);
        if self.unwritten == 0 {
            return Poll::Ready(Ok(()));
        }
        self.write_waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// How many messages one read finds at most, as a buffer holds only so much.
const READ: usize = 256;

/// Data messages of the peer and of the handler carry their number, others do not.
fn number(message: &WebSocketMessage) -> Option<u32> {
    match message {
        WebSocketMessage::Binary(payload) if payload.first() == Some(&0) => payload
            .first_chunk()
            .map(|number| u32::from_be_bytes(*number)),
        _ => None,
    }
}

/// The connection as the driver has it.
#[derive(Debug)]
pub(super) struct ScriptedTransport(pub(super) World);

impl Transport for ScriptedTransport {
    fn poll_receive(&mut self, cx: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()> {
        let mut state = self.0.lock();
        if state.arrived.is_empty() {
            state.read_waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.take_arrivals(incoming);
        Poll::Ready(())
    }

    fn send(&mut self, outgoing: OutgoingFrame) {
        self.0.lock().take_over(&outgoing);
    }

    fn buffered(&self) -> usize {
        self.0.lock().unwritten
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().poll_write(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        std::task::ready!(state.poll_write(cx))?;
        state.arrived.clear();
        if state.peer_ended {
            return Poll::Ready(Ok(()));
        }
        state.read_waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for ScriptedTransport {
    fn drop(&mut self) {
        self.0.lock().transport_dropped = true;
    }
}

/// The peer went away without a Close.
pub(super) fn disconnected() -> Arrival {
    Arrival::End(ReceiveEnd::Failed(Error::new(ErrorKind::Disconnected)))
}
