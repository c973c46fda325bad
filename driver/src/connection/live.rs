//! The transitions between the phases of a live connection.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, Error, ErrorKind, WebSocketMessage, WebSocketSettings,
    spi::{Duties, OutgoingFrame, ReceiveEnd},
};

use super::{
    Action, Actions, Condition, Event, Gone, Reason, Waiting, after,
    phase::{Cause, Draining, Phase},
    schedule::{Due, Schedule},
};

/// A connection with a transport.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) phase: Phase,
    /// When the phase ends. `None` in the open phase.
    pub(super) deadline: Option<Instant>,
    settings: Arc<WebSocketSettings>,
    handler_ended: bool,
    answers_close: bool,
}

impl Live {
    pub(super) fn new(settings: Arc<WebSocketSettings>, duties: Duties) -> Self {
        Self {
            phase: Phase::Open,
            deadline: None,
            settings,
            handler_ended: false,
            answers_close: duties.answers_close,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Handles an event. Returns the outcome when the connection ends.
    pub(super) fn on(
        &mut self,
        event: Event,
        now: Instant,
        schedule: &mut Schedule,
        actions: &mut Actions,
    ) -> Option<CloseOutcome> {
        match event {
            Event::PeerEnded(end) => return self.peer_ended(end, now),
            Event::HandlerWaits(waiting) => self.handler_waits(waiting, now, actions),
            Event::HandlerEnded => self.handler_ended = true,
            Event::CloseAsked(status) => self.close_asked(status, now, actions),
            Event::Flushed => {
                schedule.unblock(now);
                self.flushed(now, actions);
            }
            Event::OverMark {
                held,
                unacknowledged,
            } => {
                schedule.start_slow(&self.settings, held, unacknowledged, now);
            }
            Event::Failed(error) => return Some(self.take_phase().failed(error)),
            Event::Timer(condition) => return self.timer(condition, now, schedule, actions),
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

    fn peer_ended(&mut self, end: ReceiveEnd, now: Instant) -> Option<CloseOutcome> {
        if let ReceiveEnd::Failed(error) = &end
            && error.kind() == ErrorKind::Io
        {
            return Some(self.take_phase().failed(error.clone()));
        }
        match (&self.phase, end) {
            (Phase::Open, end) => {
                let grace = self.settings.answer_grace_after_close();
                self.drain(Cause::PeerEnded(end), grace, now);
            }
            (Phase::AwaitingClose(status), ReceiveEnd::Close(_)) => {
                self.phase = Phase::Flushing(CloseOutcome::ByUs(status.clone()));
            }
            (Phase::AwaitingClose(_), ReceiveEnd::Failed(error)) => {
                self.phase = Phase::Flushing(CloseOutcome::Abnormal(error));
            }
            (Phase::Draining(_) | Phase::Flushing(_) | Phase::HalfClosed(_), _) => {}
        }
        None
    }

    /// Lets the handler answer the messages that it has taken.
    fn drain(&mut self, cause: Cause, grace: Duration, now: Instant) {
        let answer_by = after(now, grace);
        let ends_at = after(answer_by, self.settings.closing_deadline());
        self.deadline = Some(if grace.is_zero() { ends_at } else { answer_by });
        self.phase = Phase::Draining(Box::new(Draining {
            cause,
            unread: usize::MAX,
            answer_by,
            ends_at,
        }));
    }

    fn handler_waits(&mut self, waiting: Waiting, now: Instant, actions: &mut Actions) {
        let Phase::Draining(draining) = &mut self.phase else {
            return;
        };
        let before = std::mem::replace(&mut draining.unread, waiting.unread);
        let has_taken = waiting.unread < before;
        if has_taken && before != usize::MAX && matches!(draining.cause, Cause::ShutDown) {
            // Each message has its own grace.
            draining.answer_by = after(now, self.settings.answer_grace());
            draining.ends_at = after(draining.answer_by, self.settings.closing_deadline());
            self.deadline = Some(draining.answer_by);
        }
        // After the peer's Close, a handler that waits for room may continue whatever it owes: it
        // answers while it can.
        let may_go_on = waiting.owes || matches!(draining.cause, Cause::PeerEnded(_));
        if (waiting.has_run && has_taken) || (waiting.is_blocked && may_go_on) {
            return;
        }
        if !waiting.owes || now >= draining.answer_by {
            actions.push(Action::AskForClose(draining.cause.status()));
        }
    }

    fn close_asked(&mut self, status: CloseStatus, now: Instant, actions: &mut Actions) {
        self.phase = match self.take_phase() {
            Phase::Draining(draining) if matches!(draining.cause, Cause::PeerEnded(_)) => {
                self.deadline = Some(draining.ends_at);
                answer(draining.cause, self.answers_close, actions)
            }
            Phase::Open | Phase::Draining(_) => {
                self.deadline = Some(after(now, self.settings.closing_deadline()));
                actions.push(Action::Send(OutgoingFrame::Close(Some(status.clone()))));
                Phase::AwaitingClose(status)
            }
            phase => phase,
        };
    }

    fn flushed(&mut self, now: Instant, actions: &mut Actions) {
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
        schedule: &mut Schedule,
        actions: &mut Actions,
    ) -> Option<CloseOutcome> {
        if self.is_open() {
            self.open_timer(condition, now, schedule, actions);
            return None;
        }
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return None;
        }
        if let Phase::Draining(draining) = &self.phase
            && now < draining.ends_at
        {
            // The grace is over. The Close follows the accepted messages.
            self.deadline = Some(draining.ends_at);
            actions.push(Action::AskForClose(draining.cause.status()));
            return None;
        }
        Some(self.take_phase().timed_out())
    }

    fn open_timer(
        &mut self,
        condition: Condition,
        now: Instant,
        schedule: &mut Schedule,
        actions: &mut Actions,
    ) {
        let mut is_closing = false;
        while let Some(due) = schedule.next(now, &self.settings, condition) {
            match due {
                Due::Ping(payload) => {
                    let ping = WebSocketMessage::Ping(payload);
                    actions.push(Action::Send(OutgoingFrame::Message(ping)));
                }
                Due::Close(code, reason) => {
                    let status = reason.status(code);
                    if !is_closing {
                        actions.extend([Action::Report(reason), Action::AskForClose(status)]);
                    }
                    is_closing = true; // one reason is enough
                }
                Due::WarnNotReading => actions.push(Action::WarnNotReading),
                Due::GiveUp(reason) => {
                    self.give_up(reason, now, actions);
                    return;
                }
            }
        }
        schedule.wait_for_next(now);
    }

    /// Gives up a silent peer. The handler learns of it at once. The driver still sends a Close, in
    /// case the peer reads it.
    fn give_up(&mut self, reason: Reason, now: Instant, actions: &mut Actions) {
        let status = reason.status(CloseCode::INTERNAL_ERROR);
        let error = Error::with_source(ErrorKind::Timeout, reason.text);
        let outcome = CloseOutcome::Abnormal(error);
        actions.clear(); // other timers no longer matter
        actions.extend([
            Action::Report(reason),
            Action::Send(OutgoingFrame::Close(Some(status))),
            Action::Finish(outcome.clone()),
        ]);
        self.phase = Phase::Flushing(outcome);
        self.deadline = Some(after(now, self.settings.closing_deadline()));
    }

    /// Ends at once. If the peer got no Close yet, it gets one if this can be written at once.
    fn abort(&mut self, actions: &mut Actions) -> CloseOutcome {
        let phase = self.take_phase();
        let is_untold = match &phase {
            Phase::Open => true,
            Phase::Draining(draining) => matches!(draining.cause, Cause::ShutDown),
            Phase::AwaitingClose(_) | Phase::Flushing(_) | Phase::HalfClosed(_) => false,
        };
        if is_untold {
            let close = OutgoingFrame::Close(Some(CloseCode::GOING_AWAY.into()));
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

    /// Drops the transport. The handler may run for its grace.
    pub(super) fn end(&self, outcome: CloseOutcome, now: Instant, actions: &mut Actions) -> Gone {
        actions.extend([Action::Finish(outcome.clone()), Action::DropTransport]);
        let handler_until =
            (!self.handler_ended).then(|| after(now, self.settings.handler_grace()));
        Gone {
            outcome,
            handler_until,
        }
    }

    /// Takes the phase, to enter another one or to end.
    fn take_phase(&mut self) -> Phase {
        std::mem::replace(&mut self.phase, Phase::Open)
    }
}

impl Cause {
    /// The status that the driver asks the session to close with. After the peer's end, that end
    /// counts: see [`answer`].
    fn status(&self) -> CloseStatus {
        match self {
            Self::ShutDown => CloseCode::GOING_AWAY.into(),
            Self::PeerEnded(_) => CloseCode::NORMAL.into(),
        }
    }
}

/// Answers the end of the peer's messages.
fn answer(cause: Cause, answers_close: bool, actions: &mut Actions) -> Phase {
    let (answer, outcome) = match cause {
        Cause::PeerEnded(ReceiveEnd::Close(status)) => {
            let answer = status.as_ref().map(|status| status.code().into());
            (
                answers_close.then_some(answer),
                CloseOutcome::ByPeer(status),
            )
        }
        Cause::PeerEnded(ReceiveEnd::Failed(error)) => {
            let code = error.close_code().map(|code| Some(code.into()));
            (code, CloseOutcome::Abnormal(error))
        }
        Cause::ShutDown => (None, CloseOutcome::TimedOut),
    };
    if let Some(answer) = answer {
        actions.push(Action::Send(OutgoingFrame::Close(answer)));
    }
    Phase::Flushing(outcome)
}
