//! The session driver: one future per connection.

mod handler;

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use switchwire_core::{
    CloseOutcome, CloseStatus, Error, ErrorKind, Inbox, InboxEnd, Outgoing, SessionPort, Transport,
    WebSocketHandler, WebSocketMessage, WebSocketSession,
};
use tokio::time::{Instant, Sleep, sleep_until};

use self::handler::HandlerTask;

/// How often one poll goes round before it lets other tasks run.
const ROUNDS: usize = 16;

/// With this much to write, it is written although there is more to read.
const FLUSH_FROM: usize = 64 << 10;

/// With this much unwritten, answers to pings wait, and the latest stands for all.
const PONGS_WAIT_FROM: usize = 16 << 10;

/// Serves one session: owns the connection and the handler, and resolves with the outcome when both are done.
///
/// Each time it is woken it reads what has arrived, lets the handler run until it waits, and writes everything
/// that was sent with one flush. There is no task and no channel between the connection and the handler.
///
/// It is `Send` exactly when the transport is. Dropping it drops the connection and the handler; whoever waits for
/// the session is told that it was disconnected.
pub struct SessionDriver<T> {
    port: SessionPort,
    handler: HandlerTask,
    handler_started: bool,
    /// `None` once the connection is gone.
    transport: Option<T>,
    phase: Phase,
    deadline: Option<Pin<Box<Sleep>>>,
    inbox: Inbox,
    outbound: VecDeque<WebSocketMessage>,
    pending_pong: Option<Bytes>,
    unflushed: bool,
    /// Written was what the port let go of, and it has more.
    more: bool,
    read_blocked: bool,
    write_blocked: bool,
    outcome: Option<CloseOutcome>,
}

/// How far the connection is from open to gone.
#[derive(Debug)]
enum Phase {
    /// Messages go both ways.
    Open,
    /// The peer sent a Close, broke the rules or left: the answer goes out once the handler has got no further with
    /// the messages before it. The number is of those that it had not received yet.
    Ending(InboxEnd, usize),
    /// Our Close is on its way; the peer's is awaited.
    AwaitingClose(CloseStatus),
    /// All is said; it has to be written.
    Flushing(CloseOutcome),
    /// All is written: our half of TCP is closed, the peer's is awaited.
    ShuttingDown,
    /// The connection is gone.
    Gone,
}

impl Phase {
    /// How a connection ends that is dropped in this phase, if the peer has settled that.
    fn outcome(self) -> Option<CloseOutcome> {
        match self {
            Self::Ending(InboxEnd::Close(status), _) => Some(CloseOutcome::ByPeer(status)),
            Self::Ending(InboxEnd::Failed(error), _) => Some(CloseOutcome::Abnormal(error)),
            Self::Flushing(outcome) => Some(outcome),
            Self::Open | Self::AwaitingClose(_) | Self::ShuttingDown | Self::Gone => None,
        }
    }
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
        let inbox = Inbox::new(port.settings().control_frames());
        Self {
            handler: HandlerTask::new(handler, session, port.handler_waker()),
            port,
            handler_started: false,
            transport: Some(transport),
            phase: Phase::Open,
            deadline: None,
            inbox,
            outbound: VecDeque::new(),
            pending_pong: None,
            unflushed: false,
            more: false,
            read_blocked: false,
            write_blocked: false,
            outcome: None,
        }
    }

    /// Does what can be done now; false when nothing could.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let timed_out = self.check_deadline(cx);
        let read = self.read(cx);
        let ran = self.run_handler();
        let used = self.collect(ran);
        // While there is more to read, what is sent is gathered for one write.
        let wrote = (!read || self.buffered() >= FLUSH_FROM) && self.write(cx);
        timed_out || read || ran || used || wrote
    }

    /// Reads once, if anything may still come and there is room for it.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let awaiting_close = matches!(self.phase, Phase::AwaitingClose(_));
        if self.read_blocked || !(awaiting_close || matches!(self.phase, Phase::Open)) {
            return false;
        }
        let Some(transport) = &mut self.transport else {
            return false;
        };
        if !self.port.make_room(&mut self.inbox) {
            if !awaiting_close {
                return false;
            }
            self.inbox.set_discard(true);
        }
        if transport.poll_receive(cx, &mut self.inbox).is_pending() {
            self.read_blocked = true;
            return false;
        }
        self.port.deliver(&mut self.inbox);
        for payload in self.inbox.take_pings() {
            self.answer_ping(payload, cx);
        }
        if let Some(end) = self.inbox.take_end() {
            self.end_receiving(end);
        }
        true
    }

    fn answer_ping(&mut self, payload: Bytes, cx: &mut Context<'_>) {
        if !matches!(self.phase, Phase::Open) {
            return; // nothing follows our Close
        }
        if self.buffered() >= PONGS_WAIT_FROM {
            self.flush(cx);
        }
        if self.pending_pong.is_some() || self.buffered() >= PONGS_WAIT_FROM {
            self.pending_pong = Some(payload); // never behind a later one
        } else {
            self.send(Outgoing::Message(WebSocketMessage::Pong(payload)));
        }
    }

    /// Nothing more comes from the peer.
    fn end_receiving(&mut self, end: InboxEnd) {
        self.port.end_receiving(match &end {
            InboxEnd::Close(_) => Ok(()),
            InboxEnd::Failed(error) => Err(error.clone()),
        });
        match (&self.phase, end) {
            (_, InboxEnd::Failed(error)) if error.kind() == ErrorKind::Io => self.fail(error),
            (Phase::AwaitingClose(status), InboxEnd::Close(_)) => {
                let outcome = CloseOutcome::ByUs(status.clone());
                self.enter(Phase::Flushing(outcome));
            }
            (Phase::AwaitingClose(_), InboxEnd::Failed(error)) => {
                self.enter(Phase::Flushing(CloseOutcome::Abnormal(error)));
            }
            (_, end) => self.enter(Phase::Ending(end, usize::MAX)),
        }
    }

    /// Lets the handler run until it waits, if it has been woken.
    fn run_handler(&mut self) -> bool {
        let woken = self.port.take_handler_wake();
        if !woken && self.handler_started {
            return false;
        }
        self.handler_started = true;
        if let Some(status) = self.handler.poll() {
            self.port.request_close(status);
        }
        true
    }

    /// Hands to the transport what was sent, and what follows it; false when the session was not used.
    fn collect(&mut self, handler_ran: bool) -> bool {
        let more = std::mem::take(&mut self.more);
        let used = self.port.take_session_use() || more;
        let may_answer = match &mut self.phase {
            Phase::Open if used => false,
            Phase::Ending(..) if more => false,
            Phase::Ending(_, unread) => {
                // While output is blocked no answer could leave, and the handler may be waiting for room.
                let before = std::mem::replace(unread, self.port.unread());
                !self.unflushed && (!handler_ran || *unread >= before)
            }
            _ => return used,
        };
        if may_answer {
            self.port.end_sending();
        }
        let taken = self.port.take_outbound(&mut self.outbound);
        let close = taken.close;
        let mut outbound = std::mem::take(&mut self.outbound);
        for message in outbound.drain(..) {
            self.send(Outgoing::Message(message));
        }
        self.outbound = outbound;
        let ended = close.is_some() && matches!(self.phase, Phase::Ending(..));
        if may_answer || ended {
            self.answer_end();
        } else if let Some(status) = close {
            self.send(Outgoing::Close(Some(status.clone())));
            self.enter(Phase::AwaitingClose(status));
        }
        used || may_answer || ended
    }

    /// Answers the end of what the peer sent.
    fn answer_end(&mut self) {
        let outcome = match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Ending(InboxEnd::Close(status), _) => {
                let answer = status.as_ref().map(|status| status.code().into());
                self.send(Outgoing::Close(answer));
                CloseOutcome::ByPeer(status)
            }
            Phase::Ending(InboxEnd::Failed(error), _) => {
                tracing::debug!(%error, "the session ends");
                if let Some(code) = error.close_code() {
                    self.send(Outgoing::Close(Some(code.into())));
                }
                CloseOutcome::Abnormal(error)
            }
            phase => unreachable!("there is nothing to answer in {phase:?}"),
        };
        self.enter(Phase::Flushing(outcome));
    }

    /// Writes, and goes on to what comes after all is written.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let before = std::mem::discriminant(&self.phase);
        let had_to_flush = self.unflushed;
        self.flush(cx);
        let may_now_answer =
            had_to_flush && !self.unflushed && matches!(self.phase, Phase::Ending(..));
        if let Phase::Flushing(outcome) = &self.phase
            && !self.unflushed
        {
            let outcome = outcome.clone();
            self.finish(outcome);
            self.enter(Phase::ShuttingDown);
        }
        if let Phase::ShuttingDown = self.phase
            && let Some(transport) = &mut self.transport
            && transport.poll_shutdown(cx).is_ready()
        {
            self.disconnect();
        }
        self.more || may_now_answer || before != std::mem::discriminant(&self.phase)
    }

    fn flush(&mut self, cx: &mut Context<'_>) {
        while self.unflushed && !self.write_blocked {
            let Some(transport) = &mut self.transport else {
                return;
            };
            match transport.poll_flush(cx) {
                Poll::Pending => self.write_blocked = true,
                Poll::Ready(Err(error)) => self.fail(error.into()),
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    self.more |= self.port.written();
                    if let Some(payload) = self.pending_pong.take()
                        && matches!(self.phase, Phase::Open)
                    {
                        self.send(Outgoing::Message(WebSocketMessage::Pong(payload)));
                    }
                }
            }
        }
    }

    /// Goes on when the time of a phase is up.
    fn check_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = &mut self.deadline else {
            return false;
        };
        if deadline.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.deadline = None;
        let phase = std::mem::replace(&mut self.phase, Phase::Gone);
        if let Phase::Gone = phase {
            tracing::warn!("the handler did not end after its connection; it is dropped");
            self.handler.drop_future();
            return true;
        }
        self.finish(phase.outcome().unwrap_or(CloseOutcome::TimedOut));
        self.disconnect();
        true
    }

    /// The network failed.
    fn fail(&mut self, error: Error) {
        tracing::debug!(error = %error, "the connection failed");
        let phase = std::mem::replace(&mut self.phase, Phase::Gone);
        let outcome = phase.outcome().unwrap_or(CloseOutcome::Abnormal(error));
        self.finish(outcome);
        self.disconnect();
    }

    fn finish(&mut self, outcome: CloseOutcome) {
        self.port.finish(outcome.clone());
        self.outcome.get_or_insert(outcome);
    }

    fn disconnect(&mut self) {
        self.transport = None;
        self.unflushed = false;
        self.enter(Phase::Gone);
    }

    /// Goes to another phase and starts its time.
    fn enter(&mut self, phase: Phase) {
        let settings = self.port.settings();
        let time = match (&self.phase, &phase) {
            (_, Phase::Gone) => Some(settings.handler_grace()),
            (_, Phase::ShuttingDown) | (Phase::Open, _) => Some(settings.closing_deadline()),
            // The closing deadline runs from when the closing began.
            _ => None,
        };
        self.phase = phase;
        if let Some(time) = time {
            self.start(time);
        }
    }

    fn start(&mut self, time: Duration) {
        self.deadline = if matches!(self.phase, Phase::Gone) && self.handler.is_done() {
            None
        } else {
            Some(Box::pin(sleep_until(Instant::now() + time)))
        };
    }

    fn send(&mut self, outgoing: Outgoing) {
        if let Some(transport) = &mut self.transport {
            transport.send(outgoing);
            self.unflushed = true;
        }
    }

    fn buffered(&self) -> usize {
        self.transport.as_ref().map_or(0, T::buffered)
    }
}

impl<T: Transport> Future for SessionDriver<T> {
    type Output = CloseOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        let this = &mut *self;
        this.read_blocked = false;
        this.write_blocked = false;
        this.port.enter(cx.waker());
        for _ in 0..ROUNDS {
            let progressed = this.round(cx);
            if matches!(this.phase, Phase::Gone) && this.handler.is_done() {
                let outcome = this.outcome.clone();
                return Poll::Ready(outcome.expect("a connection is gone with an outcome"));
            }
            if !progressed && this.port.leave() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Nothing of it is pinned in place: transports are polled through `&mut`, the rest is boxed.
impl<T> Unpin for SessionDriver<T> {}

impl<T> fmt::Debug for SessionDriver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDriver")
            .field("id", &self.port.id())
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
