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

/// Serves one session: a future that owns the connection and the handler. It resolves with the
/// outcome when both have ended. When a registry told it to drop them before that, the outcome is a
/// timeout.
///
/// Each time the driver is woken, it reads the bytes that have arrived, lets the handler run until
/// it waits, and writes all sent messages with one flush. There is no task and no channel between
/// the connection and the handler. A state machine, the `Connection`, decides what the driver may
/// read, write, close and end. The driver does the I/O.
///
/// The driver is `Send` exactly when the transport and the clock are. Dropping it drops the
/// connection and the handler, and the session ends as disconnected.
pub struct SessionDriver<T, C = TokioClock> {
    port: SessionPort,
    duties: Duties,
    handler: HandlerTask,
    connection: Connection,
    has_started: bool,
    /// `None` once the connection is gone.
    transport: Option<T>,
    alarm: Alarm<C>,
    /// `None` when there is no rate limit.
    rates: Option<Box<Rates>>,
    incoming: ReceiveBuffer,
    outbound: VecDeque<OutboundMessage>,
    pending_pong: Option<Bytes>,
    /// The transport has something to write.
    unflushed: bool,
    /// The session has more to send once this is written.
    has_more: bool,
    stats: SessionStats,
    /// `None` for a client's session, which has no registry.
    share: Option<MemoryShare>,
    /// The messages that waited for the handler at the last report, and the bytes that were
    /// buffered at the end of the last poll.
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
    /// Does the same with another clock.
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

    /// Sets the share to which the driver reports the session's memory.
    #[must_use]
    pub fn with_memory_share(mut self, share: MemoryShare) -> Self {
        self.share = Some(share);
        self
    }

    /// Sets the statistics that count the session's traffic.
    #[must_use]
    pub fn with_stats(mut self, stats: SessionStats) -> Self {
        self.stats = stats;
        self
    }

    /// Does the work that is possible now. False when there was none.
    fn round(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let commanded = self.take_command(turn);
        let read = self.read(turn);
        let ran = self.run_handler(turn);
        let used = self.port.take_session_use() || self.has_more;
        let used = (used || self.connection.is_draining()) && self.take_outbound(used, ran, turn);
        // While there is more to read, some of the sent messages are gathered for one write.
        let wrote = (!read || turn.has_gathered(self.buffered())) && self.write(turn);
        // Timers come last, when there is no other work: the driver judges a peer by what it has
        // sent and taken.
        commanded || read || ran || used || wrote || self.tick(turn)
    }

    /// Performs a command of the application.
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

    /// The outcome, once the connection and the handler are gone.
    fn outcome(&self) -> Option<CloseOutcome> {
        let is_over = self.connection.is_gone() && self.handler.is_done();
        is_over
            .then(|| self.connection.outcome().cloned())
            .flatten()
    }

    /// Waits for the next event. False when there is one already.
    fn sleep(&mut self, cx: &mut Context<'_>) -> bool {
        self.alarm.set(self.connection.deadline(), cx) && self.port.end_poll()
    }

    /// Runs one turn of the task.
    fn run(&mut self, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        if self.port.begin_poll(cx.waker()) {
            self.alarm.forget_waker();
        }
        if !self.has_started {
            self.stats.open(self.alarm.clock.now());
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
        // Other tasks run now. Due timers and sent messages do not wait for that.
        self.tick(&mut turn);
        let used = self.port.take_session_use();
        self.take_outbound(used, true, &mut turn);
        self.write(&mut turn);
        self.tell_share(&turn);
        turn.cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Handles a panic of the transport, or of the driver itself. (A panic of the application's
    /// code ends only the handler.) The state of the connection is unknown, so it is dropped.
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

/// Nothing is pinned in place: transports are polled through `&mut`, everything else is boxed.
impl<T, C> Unpin for SessionDriver<T, C> {}

impl<T, C> fmt::Debug for SessionDriver<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDriver")
            .field("id", &self.port.id())
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
