//! The state machine of a connection: events go in, actions come out. It does no I/O and has no clock.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, Error, ErrorKind, InboxEnd, Outgoing, SessionId,
    WebSocketMessage, WebSocketSettings,
};

use super::{
    phase::{Cause, Draining, Phase},
    reason::Reason,
    schedule::{Condition, Due, Schedule},
};

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    /// Nothing more comes from the peer: it sent Close, broke a rule, left, or the network failed.
    PeerEnded(InboxEnd),
    /// The handler has run until it waits, or had nothing to run for.
    HandlerWaits(Waiting),
    /// The handler has returned.
    HandlerEnded,
    /// A close was asked for, and all that was sent before it was handed to the transport.
    CloseAsked(CloseStatus),
    /// All that was handed to the transport is written.
    Flushed,
    /// Output is blocked, and the session holds so many bytes, which is over its high-water mark. So many bytes that were
    /// written the peer's TCP has not acknowledged.
    OverMark { held: usize, unacknowledged: usize },
    /// The network failed.
    Failed(Error),
    /// Time has passed.
    Timer(Condition),
    /// The application shuts down.
    ShutDown,
    /// The application drops the session.
    Abort,
    /// The peer closed its half of TCP after both Close frames.
    PeerFinished,
}

/// What a handler that waits has left to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// It has just run.
    pub(super) has_run: bool,
    /// Output is blocked, or not written yet: no answer could leave, and it may be waiting for room.
    pub(super) is_blocked: bool,
    /// It took a message and has not come back to `receive`.
    pub(super) owes: bool,
    /// So many messages it has not taken.
    pub(super) unread: usize,
}

/// What the driver has to do, in this order.
#[derive(Debug)]
pub(super) enum Action {
    /// Hand this to the transport.
    Send(Outgoing),
    /// Ask the session for a close. What it has accepted goes out before [`Event::CloseAsked`].
    AskForClose(CloseStatus),
    /// Write what can be written at once.
    TryFlush,
    /// The session is over like this; the first time counts.
    Finish(CloseOutcome),
    /// Say in logs and metrics why the driver ends the session.
    Report(Reason),
    /// Say in the log that the handler does not read.
    WarnNotReading,
    DropTransport,
    DropHandler,
}

/// Several actions; most often none.
pub(super) type Actions = Vec<Action>;

/// A connection from its opening to the end of its handler. From [`Gone`] nothing leads back.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most of its life it is live")]
pub(super) enum Connection {
    Live(Live),
    Gone(Gone),
}

/// A connection with a transport.
#[derive(Debug)]
pub(super) struct Live {
    phase: Phase,
    /// When the phase ends, if it is not open.
    deadline: Option<Instant>,
    pub(super) schedule: Schedule,
    settings: Arc<WebSocketSettings>,
    handler_ended: bool,
}

/// The transport is dropped; the handler may still run.
#[derive(Debug)]
pub(super) struct Gone {
    outcome: CloseOutcome,
    handler_until: Option<Instant>,
}

impl Connection {
    /// A connection that opens now.
    pub(super) fn new(settings: Arc<WebSocketSettings>, id: SessionId, now: Instant) -> Self {
        Self::Live(Live {
            phase: Phase::Open,
            deadline: None,
            schedule: Schedule::new(&settings, id, now),
            settings,
            handler_ended: false,
        })
    }

    /// Takes note of an event, and says what to do.
    pub(super) fn on(&mut self, event: Event, now: Instant) -> Actions {
        let mut actions = Actions::new();
        match self {
            Self::Live(live) => {
                if let Some(outcome) = live.on(event, now, &mut actions) {
                    *self = Self::Gone(live.end(outcome, now, &mut actions));
                }
            }
            Self::Gone(gone) => gone.on(&event, now, &mut actions),
        }
        actions
    }

    /// When [`Event::Timer`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Live(live) if live.is_open() => live.schedule.due(),
            Self::Live(live) => live.deadline,
            Self::Gone(gone) => gone.handler_until,
        }
    }

    /// How the payload of each ping of ours begins.
    pub(super) fn ping_tag(&self) -> Option<[u8; 4]> {
        match self {
            Self::Live(live) => live.schedule.ping_tag(),
            Self::Gone(_) => None,
        }
    }

    pub(super) fn live(&mut self) -> Option<&mut Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Gone(_) => None,
        }
    }

    /// How the session ended, once its transport is gone.
    pub(super) fn outcome(&self) -> Option<&CloseOutcome> {
        match self {
            Self::Live(_) => None,
            Self::Gone(gone) => Some(&gone.outcome),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Live(live) if live.is_open())
    }

    /// Whether the handler may still answer before a Close is sent.
    pub(super) fn is_draining(&self) -> bool {
        matches!(self, Self::Live(live) if matches!(live.phase, Phase::Draining(_)))
    }

    /// Whether what the peer sends is to be read now.
    #[inline]
    pub(super) fn may_read(&self) -> bool {
        match self {
            Self::Live(live) => match live.phase {
                Phase::Open => live.schedule.may_read(),
                Phase::AwaitingClose(_) => true,
                Phase::Draining(_) | Phase::Flushing(_) | Phase::HalfClosed(_) => false,
            },
            Self::Gone(_) => false,
        }
    }

    /// Whether frames may be sent: no Close was.
    pub(super) fn may_send(&self) -> bool {
        self.is_open() || self.is_draining()
    }

    /// Whether our half of TCP is to be closed.
    pub(super) fn is_half_closed(&self) -> bool {
        matches!(self, Self::Live(live) if matches!(live.phase, Phase::HalfClosed(_)))
    }

    /// Whether [`Event::Flushed`] changes anything.
    pub(super) fn heeds_flushed(&self) -> bool {
        matches!(self, Self::Live(live) if live.schedule.is_blocked() || !live.is_open())
    }
}

impl Live {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// How the connection ended, when it has.
    fn on(&mut self, event: Event, now: Instant, actions: &mut Actions) -> Option<CloseOutcome> {
        match event {
            Event::PeerEnded(end) => return self.peer_ended(end, now),
            Event::HandlerWaits(waiting) => self.handler_waits(waiting, now, actions),
            Event::HandlerEnded => self.handler_ended = true,
            Event::CloseAsked(status) => self.close_asked(status, now, actions),
            Event::Flushed => self.flushed(now, actions),
            Event::OverMark {
                held,
                unacknowledged,
            } => {
                let settings = &self.settings;
                self.schedule
                    .start_slow(settings, held, unacknowledged, now);
            }
            Event::Failed(error) => return Some(self.take_phase().failed(error)),
            Event::Timer(condition) => return self.timer(condition, now, actions),
            Event::ShutDown => {
                if self.is_open() {
                    self.drain(Cause::ShutDown, self.settings.answer_grace(), now);
                }
            }
            Event::Abort => return Some(self.abort(actions)),
            Event::PeerFinished => {
                if matches!(self.phase, Phase::HalfClosed(_)) {
                    return Some(self.take_phase().timed_out());
                }
            }
        }
        None
    }

    fn peer_ended(&mut self, end: InboxEnd, now: Instant) -> Option<CloseOutcome> {
        if let InboxEnd::Failed(error) = &end
            && error.kind() == ErrorKind::Io
        {
            return Some(self.take_phase().failed(error.clone()));
        }
        match (&self.phase, end) {
            (Phase::Open, end) => {
                let grace = self.settings.answer_grace_after_close();
                self.drain(Cause::PeerEnded(end), grace, now);
            }
            (Phase::AwaitingClose(status), InboxEnd::Close(_)) => {
                self.phase = Phase::Flushing(CloseOutcome::ByUs(status.clone()));
            }
            (Phase::AwaitingClose(_), InboxEnd::Failed(error)) => {
                self.phase = Phase::Flushing(CloseOutcome::Abnormal(error));
            }
            (Phase::Draining(_) | Phase::Flushing(_) | Phase::HalfClosed(_), _) => {}
        }
        None
    }

    /// The handler may answer what it has taken.
    fn drain(&mut self, cause: Cause, grace: Duration, now: Instant) {
        let answer_by = after(now, grace);
        let ends_at = after(answer_by, self.settings.closing_deadline());
        self.deadline = Some(if grace.is_zero() { ends_at } else { answer_by });
        self.phase = Phase::Draining(Draining {
            cause,
            unread: usize::MAX,
            answer_by,
            ends_at,
        });
    }

    fn handler_waits(&mut self, waiting: Waiting, now: Instant, actions: &mut Actions) {
        let Phase::Draining(draining) = &mut self.phase else {
            return;
        };
        let before = std::mem::replace(&mut draining.unread, waiting.unread);
        let has_taken = waiting.unread < before;
        if has_taken && before != usize::MAX && matches!(draining.cause, Cause::ShutDown) {
            // Each message has a grace of its own.
            draining.answer_by = after(now, self.settings.answer_grace());
            draining.ends_at = after(draining.answer_by, self.settings.closing_deadline());
            self.deadline = Some(draining.answer_by);
        }
        // After the peer's Close a handler that waits for room is not asked what it owes: it answers while it can.
        let may_go_on = waiting.owes || matches!(draining.cause, Cause::PeerEnded(_));
        if (waiting.has_run && has_taken) || (waiting.is_blocked && may_go_on) {
            return;
        }
        if !waiting.owes || now >= draining.answer_by {
            actions.push(Action::AskForClose(draining.cause.status()));
        }
    }

    fn close_asked(&mut self, status: CloseStatus, now: Instant, actions: &mut Actions) {
        let phase = std::mem::replace(&mut self.phase, Phase::Open);
        self.phase = match phase {
            Phase::Draining(Draining {
                cause: Cause::PeerEnded(end),
                ends_at,
                ..
            }) => {
                self.deadline = Some(ends_at);
                answer(end, actions)
            }
            Phase::Open | Phase::Draining(_) => {
                self.deadline = Some(after(now, self.settings.closing_deadline()));
                actions.push(Action::Send(Outgoing::Close(Some(status.clone()))));
                Phase::AwaitingClose(status)
            }
            phase => phase,
        };
    }

    fn flushed(&mut self, now: Instant, actions: &mut Actions) {
        self.schedule.unblock(now);
        if let Phase::Flushing(outcome) = &self.phase {
            let outcome = outcome.clone();
            actions.push(Action::Finish(outcome.clone()));
            self.phase = Phase::HalfClosed(outcome);
            self.deadline = Some(after(now, self.settings.closing_deadline()));
        }
    }

    fn timer(
        &mut self,
        condition: Condition,
        now: Instant,
        actions: &mut Actions,
    ) -> Option<CloseOutcome> {
        if self.is_open() {
            self.open_timer(condition, now, actions);
            return None;
        }
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return None;
        }
        if let Phase::Draining(draining) = &self.phase
            && now < draining.ends_at
        {
            // The grace is over: the Close goes out behind what was accepted.
            self.deadline = Some(draining.ends_at);
            actions.push(Action::AskForClose(draining.cause.status()));
            return None;
        }
        Some(self.take_phase().timed_out())
    }

    fn open_timer(&mut self, condition: Condition, now: Instant, actions: &mut Actions) {
        while let Some(due) = self.schedule.next(now, &self.settings, condition) {
            match due {
                Due::Ping(payload) => {
                    let ping = WebSocketMessage::Ping(payload);
                    actions.push(Action::Send(Outgoing::Message(ping)));
                }
                Due::Close(code, reason) => {
                    let status = reason.status(code);
                    actions.extend([Action::Report(reason), Action::AskForClose(status)]);
                }
                Due::WarnNotReading => actions.push(Action::WarnNotReading),
                Due::GiveUp(reason) => {
                    self.give_up(reason, now, actions);
                    return;
                }
            }
        }
        self.schedule.wait_for_next(now);
    }

    /// The peer is silent. The handler need not wait until that is certain; the peer is told in case it hears.
    fn give_up(&mut self, reason: Reason, now: Instant, actions: &mut Actions) {
        let status = reason.status(CloseCode::INTERNAL_ERROR);
        let error = Error::with_source(ErrorKind::Timeout, reason.text);
        let outcome = CloseOutcome::Abnormal(error);
        actions.clear(); // what else was due no longer matters
        actions.extend([
            Action::Report(reason),
            Action::Send(Outgoing::Close(Some(status))),
            Action::Finish(outcome.clone()),
        ]);
        self.phase = Phase::Flushing(outcome);
        self.deadline = Some(after(now, self.settings.closing_deadline()));
    }

    /// A peer that was not told yet is told if that can be done at once.
    fn abort(&mut self, actions: &mut Actions) -> CloseOutcome {
        let phase = self.take_phase();
        let is_untold = matches!(
            phase,
            Phase::Open
                | Phase::Draining(Draining {
                    cause: Cause::ShutDown,
                    ..
                })
        );
        if is_untold {
            let close = Outgoing::Close(Some(CloseCode::GOING_AWAY.into()));
            actions.extend([Action::Send(close), Action::TryFlush]);
        }
        let is_over = self.handler_ended && matches!(phase, Phase::HalfClosed(_));
        let outcome = phase.timed_out();
        actions.extend([Action::Finish(outcome.clone()), Action::DropHandler]);
        self.handler_ended = true;
        match is_over {
            true => outcome,
            false => CloseOutcome::TimedOut,
        }
    }

    /// The transport goes, and the handler has its grace.
    fn end(&self, outcome: CloseOutcome, now: Instant, actions: &mut Actions) -> Gone {
        actions.extend([Action::Finish(outcome.clone()), Action::DropTransport]);
        let handler_until =
            (!self.handler_ended).then(|| after(now, self.settings.handler_grace()));
        Gone {
            outcome,
            handler_until,
        }
    }

    /// Of a connection that ends: no phase follows.
    fn take_phase(&mut self) -> Phase {
        std::mem::replace(&mut self.phase, Phase::Open)
    }
}

impl Gone {
    fn on(&mut self, event: &Event, now: Instant, actions: &mut Actions) {
        match event {
            Event::HandlerEnded => self.handler_until = None,
            Event::Abort => {
                self.outcome = CloseOutcome::TimedOut;
                self.handler_until = None;
                actions.push(Action::DropHandler);
            }
            Event::Timer(_) if self.handler_until.is_some_and(|until| now >= until) => {
                self.handler_until = None;
                actions.extend([Action::Report(Reason::OVERDUE), Action::DropHandler]);
            }
            _ => {}
        }
    }
}

impl Cause {
    /// What the session is asked to close with. After the peer's end that counts: see [`answer`].
    fn status(&self) -> CloseStatus {
        match self {
            Self::ShutDown => CloseCode::GOING_AWAY.into(),
            Self::PeerEnded(_) => CloseCode::NORMAL.into(),
        }
    }
}

/// Answers the end of what the peer sent.
fn answer(end: InboxEnd, actions: &mut Actions) -> Phase {
    match end {
        InboxEnd::Close(status) => {
            let answer = status.as_ref().map(|status| status.code().into());
            actions.push(Action::Send(Outgoing::Close(answer)));
            Phase::Flushing(CloseOutcome::ByPeer(status))
        }
        InboxEnd::Failed(error) => {
            if let Some(code) = error.close_code() {
                actions.push(Action::Send(Outgoing::Close(Some(code.into()))));
            }
            Phase::Flushing(CloseOutcome::Abnormal(error))
        }
    }
}

/// As much later as a clock can be set to.
pub(super) fn after(now: Instant, time: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    now + time.min(LONGEST)
}
