//! The session driver: one future per connection.

mod actions;
mod alarm;
mod handler;
mod memory;
mod rate;
mod reading;

mod turn;
mod writing;

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use switchwire_core::{
    CloseCode, CloseOutcome, Error, ErrorKind, WebSocketHandler, WebSocketSession,
    spi::{
        Clock, Duties, OutboundMessage, ReceiveBuffer, SessionCommand, SessionPort, Transport,
        discard,
    },
};

use self::{alarm::Alarm, handler::HandlerTask, rate::Rates, turn::Turn};
use crate::{
    clock::TokioClock,
    connection::{Connection, Event},
    foreign::{self, Panicked},
    memory::MemoryShare,
    stats::SessionStats,
};

/// Serves one session: a future that owns the connection and the handler, and resolves with the outcome
/// when both are done. When a registry told it to drop them first, the outcome is a timeout.
///
/// Each time the driver is woken, it reads the bytes that have arrived, lets the handler run until it
/// waits, and writes all sent messages with one flush. There is no task and no channel between the
/// connection and the handler. A state machine, the `Connection`, decides what the driver may read,
/// write, close and end. The driver does the I/O.
///
/// The driver is `Send` exactly when the transport is. Dropping it drops the connection and the handler,
/// and the session ends as disconnected.
pub struct SessionDriver<T, C = TokioClock> {
    port: SessionPort,
    duties: Duties,
    handler: HandlerTask,
    connection: Connection,
    has_started: bool,
    /// `None` once the connection is gone.
    transport: Option<T>,
    alarm: Alarm<C>,
    /// `None` when nothing limits them.
    rates: Option<Box<Rates>>,
    incoming: ReceiveBuffer,
    outbound: VecDeque<OutboundMessage>,
    pending_pong: Option<Bytes>,
    /// The transport has something to write.
    unflushed: bool,
    /// The session has more to send once that is written.
    has_more: bool,
    stats: SessionStats,
    /// None of a client's session, which has no registry.
    share: Option<MemoryShare>,
    /// What waited for the handler when it was last told, and what was buffered when the last poll
    /// ended.
    unread: usize,
    unwritten: usize,
}

impl<T: Transport> SessionDriver<T> {
    /// Serves `session` with `handler` over `transport`. `port` is the other end of `session`.
    #[must_use]
    pub fn new(
        transport: T,
        handler: Arc<dyn WebSocketHandler>,
        session: WebSocketSession,
        port: SessionPort,
    ) -> Self {
        Self::with_clock(transport, handler, session, port, TokioClock::default())
    }
}

impl<T: Transport, C: Clock> SessionDriver<T, C> {
    /// The same with another clock.
    #[must_use]
    pub fn with_clock(
        transport: T,
        handler: Arc<dyn WebSocketHandler>,
        session: WebSocketSession,
        port: SessionPort,
        clock: C,
    ) -> Self {
        let (now, duties) = (clock.now(), transport.duties());
        let connection = Connection::new(port.shared_settings(), duties, port.id(), now);
        let mut incoming = ReceiveBuffer::new(port.settings().control_frames());
        if let Some(tag) = connection.schedule.ping_tag() {
            incoming.set_ping_tag(tag);
        }
        Self {
            handler: HandlerTask::new(handler, session, port.handler_waker()),
            rates: Rates::new(port.settings(), now),
            port,
            duties,
            connection,
            has_started: false,
            transport: Some(transport),
            alarm: Alarm::new(clock),
            incoming,
            outbound: VecDeque::new(),
            pending_pong: None,
            unflushed: false,
            has_more: false,
            stats: SessionStats::default(),
            share: None,
            unread: 0,
            unwritten: 0,
        }
    }

    /// Tells there what the session holds.
    #[must_use]
    pub fn with_memory_share(mut self, share: MemoryShare) -> Self {
        self.share = Some(share);
        self
    }

    /// Counts there what the session carries.
    #[must_use]
    pub fn with_stats(mut self, stats: SessionStats) -> Self {
        self.stats = stats;
        self
    }

    /// Does what can be done now; false when nothing could.
    fn round(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let commanded = self.take_command(turn);
        let read = self.read(turn);
        let ran = self.run_handler(turn);
        let used = self.port.take_session_use() || self.has_more;
        let used = (used || self.connection.is_draining()) && self.take_outbound(used, ran, turn);
        // While there is more to read, a little of what is sent is gathered for one write.
        let wrote = (!read || turn.has_gathered(self.buffered())) && self.write(turn);
        // Last, and when nothing else is left to do: a peer is judged by what it has sent and taken.
        commanded || read || ran || used || wrote || self.tick(turn)
    }

    /// Does what the application commands.
    fn take_command(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let event = match self.port.take_command() {
            None => return false,
            Some(SessionCommand::ShutDown) => Event::ShutDown,
            Some(SessionCommand::Abort) => Event::Abort,
        };
        self.on(event, turn);
        true
    }

    /// Lets the handler run until it waits, if it has been woken.
    fn run_handler(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        if !self.port.take_handler_wake() && self.has_started {
            return false;
        }
        self.has_started = true;
        let port = &self.port;
        let returned = || match port.is_shutting_down() {
            true => CloseCode::GOING_AWAY,
            false => CloseCode::NORMAL,
        };
        if let Some(status) = self.handler.poll(returned) {
            self.port.request_close(status);
            self.on(Event::HandlerEnded, turn);
        }
        true
    }

    /// How it ended, once the connection and the handler are gone.
    fn outcome(&self) -> Option<CloseOutcome> {
        let is_over = self.connection.is_gone() && self.handler.is_done();
        is_over
            .then(|| self.connection.outcome().cloned())
            .flatten()
    }

    /// Waits for whatever comes next; false when that is there already.
    fn sleep(&mut self, cx: &mut Context<'_>) -> bool {
        self.alarm.set(self.connection.deadline(), cx) && self.port.end_poll()
    }

    /// Takes a turn of the task.
    fn run(&mut self, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        if self.port.begin_poll(cx.waker()) {
            self.alarm.forget_waker();
        }
        if !self.has_started {
            self.stats.open();
        }
        let mut turn = Turn::new(cx);
        turn.taken = self.unwritten.saturating_sub(self.buffered());
        self.look_for_progress(&mut turn);
        while turn.goes_on() {
            let progressed = self.round(&mut turn);
            if let Some(outcome) = self.outcome() {
                return Poll::Ready(outcome);
            }
            if !progressed && self.sleep(turn.cx) {
                self.stats.settle(self.buffered());
                self.tell_share(&turn);
                return Poll::Pending;
            }
        }
        // Others have their turn. What is due does not wait for it, and neither does what was sent.
        self.tick(&mut turn);
        let used = self.port.take_session_use();
        self.take_outbound(used, true, &mut turn);
        self.write(&mut turn);
        self.tell_share(&turn);
        turn.cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What panics is the transport, or the driver itself: the application's code is called where a
    /// panic ends no more than the handler. Nothing is known of the connection any more, so it is
    /// dropped.
    #[cold]
    fn end_after_panic(&mut self) -> CloseOutcome {
        tracing::error!(target: "switchwire", "the connection's own code panicked; its session is dropped");
        self.handler.drop_future();
        let _ = foreign::run(|| drop(self.transport.take()));
        let outcome = CloseOutcome::Abnormal(Error::new(ErrorKind::Disconnected));
        let _ = foreign::run(|| self.finish(&outcome));
        outcome
    }
}

impl<T, C> Drop for SessionDriver<T, C> {
    fn drop(&mut self) {
        self.outbound.drain(..).for_each(discard);
    }
}

impl<T: Transport, C: Clock> Future for SessionDriver<T, C> {
    type Output = CloseOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        match foreign::run(|| self.run(cx)) {
            Ok(polled) => polled,
            Err(Panicked) => Poll::Ready(self.end_after_panic()),
        }
    }
}

/// Nothing of it is pinned in place: transports are polled through `&mut`, the rest is boxed.
impl<T, C> Unpin for SessionDriver<T, C> {}

impl<T, C> fmt::Debug for SessionDriver<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDriver")
            .field("id", &self.port.id())
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
