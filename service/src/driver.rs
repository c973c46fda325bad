//! The session driver: one future per connection.

mod clock;
mod ending;
mod handler;
mod keepalive;
mod orders;
mod phase;
mod rate;
mod reading;
mod schedule;
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
    CloseCode, CloseOutcome, Inbox, SessionPort, Transport, WebSocketHandler, WebSocketMessage,
    WebSocketSession,
};

use self::{handler::HandlerTask, phase::Phase, rate::Rates, schedule::Schedule};
use crate::observe::Account;

/// How often one poll goes round before it lets other tasks run.
const ROUNDS: usize = 16;

/// With this much to write, it is written although there is more to read.
const FLUSH_FROM: usize = 64 << 10;

/// Serves one session: owns the connection and the handler, and resolves with the outcome when both are done; as timed
/// out when it was ordered to drop them before.
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
    schedule: Schedule,
    /// `None` when nothing limits them.
    rates: Option<Box<Rates>>,
    inbox: Inbox,
    outbound: VecDeque<WebSocketMessage>,
    pending_pong: Option<Bytes>,
    unflushed: bool,
    /// Written was what the port let go of, and it has more.
    more: bool,
    read_blocked: bool,
    write_blocked: bool,
    /// Whether what is received finds room.
    has_room: bool,
    /// Since output is blocked: how much waited when it was last looked at.
    stuck: Option<usize>,
    /// Less of it waits than before this poll.
    gets_further: bool,
    outcome: Option<CloseOutcome>,
    account: Account,
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
            schedule: Schedule::default(),
            rates: None,
            inbox,
            outbound: VecDeque::new(),
            pending_pong: None,
            unflushed: false,
            more: false,
            read_blocked: false,
            write_blocked: false,
            has_room: true,
            stuck: None,
            gets_further: false,
            outcome: None,
            account: Account::default(),
        }
    }

    /// Counts for the metrics of an endpoint.
    pub(crate) fn with_account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// Does what can be done now; false when nothing could.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let ordered = self.obey(cx);
        let read = self.read(cx);
        let ran = self.run_handler();
        let used = self.collect(ran);
        // While there is more to read, what is sent is gathered for one write.
        let wrote = (!read || self.buffered() >= FLUSH_FROM) && self.write(cx);
        // Last, and when nothing else is left to do: a peer is judged by what it has sent and taken.
        ordered || read || ran || used || wrote || self.tick()
    }

    /// Lets the handler run until it waits, if it has been woken.
    fn run_handler(&mut self) -> bool {
        let woken = self.port.take_handler_wake();
        if !woken && self.handler_started {
            return false;
        }
        self.handler_started = true;
        let port = &self.port;
        let returned = || match port.is_shutting_down() {
            true => CloseCode::GOING_AWAY,
            false => CloseCode::NORMAL,
        };
        if let Some(status) = self.handler.poll(returned) {
            port.request_close(status);
        }
        true
    }

    /// What needs the runtime, and so waits for the first poll.
    fn start(&mut self) {
        self.account.open();
        self.rates = Rates::new(self.port.settings());
        self.schedule.start(self.port.settings(), self.port.id());
        if let Some(tag) = self.schedule.ping_tag() {
            self.inbox.set_ping_tag(tag);
        }
    }
}

impl<T: Transport> Future for SessionDriver<T> {
    type Output = CloseOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        let this = &mut *self;
        this.read_blocked = false;
        this.write_blocked = false;
        this.gets_further = false;
        if this.port.enter(cx.waker()) {
            this.schedule.forget_waker();
        }
        if !this.handler_started {
            this.start();
        }
        this.look_for_progress();
        for _ in 0..ROUNDS {
            let progressed = this.round(cx);
            if matches!(this.phase, Phase::Gone) && this.handler.is_done() {
                let outcome = this.outcome.clone();
                return Poll::Ready(outcome.expect("a connection is gone with an outcome"));
            }
            if !progressed && !this.schedule.register(cx) && this.port.leave() {
                this.account.settle(this.buffered());
                return Poll::Pending;
            }
        }
        this.tick();
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
