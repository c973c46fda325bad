use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, Error, ErrorKind, Outgoing, Transport, WebSocketMessage,
};
use tokio::time::Instant;

use super::{
    SessionDriver,
    phase::Phase,
    schedule::{Condition, Due},
};
use crate::observe;

impl<T: Transport> SessionDriver<T> {
    /// Does what is due, if the clock went off.
    pub(super) fn tick(&mut self) -> bool {
        if !self.schedule.is_due() {
            return false;
        }
        if !matches!(self.phase, Phase::Open) {
            self.end_phase();
            return true;
        }
        let now = Instant::now();
        if let Some(rates) = &mut self.rates {
            rates.refill(now);
        }
        let condition = Condition {
            reading: self.has_room && self.schedule.may_read(),
            blocked: self.stuck.is_some(),
        };
        while let Some(due) = self.schedule.next(now, self.port.settings(), condition) {
            match due {
                Due::Ping(payload) => {
                    self.send(Outgoing::Message(WebSocketMessage::Ping(payload)));
                }
                Due::Close(status) => self.port.request_close(status),
                Due::GiveUp => {
                    self.give_up();
                    return true;
                }
            }
        }
        self.schedule.wait_for_next(now);
        self.port.shrink(&mut self.inbox);
        self.outbound.shrink_to_fit();
        true
    }

    /// The peer is silent. The handler need not wait until that is certain; the peer is told in case it hears.
    fn give_up(&mut self) {
        let error = Error::with_source(ErrorKind::Timeout, "the peer was silent after a ping");
        tracing::debug!("the peer was silent after a ping; it is given up");
        let status = CloseStatus::new(CloseCode::INTERNAL_ERROR, "silent after a ping");
        self.send(Outgoing::Close(Some(status.expect("the reason is short"))));
        let outcome = CloseOutcome::Abnormal(error);
        self.finish(outcome.clone());
        self.enter(Phase::Flushing(outcome));
    }

    /// The time of a phase is up.
    fn end_phase(&mut self) {
        self.schedule.stop();
        let phase = std::mem::replace(&mut self.phase, Phase::Gone);
        if let Phase::Gone = phase {
            tracing::warn!("the handler did not end after its connection; it is dropped");
            observe::handler_failed("overdue");
            self.handler.drop_future();
            return;
        }
        self.finish(phase.outcome().unwrap_or(CloseOutcome::TimedOut));
        self.disconnect();
    }

    /// The network failed.
    pub(super) fn fail(&mut self, error: Error) {
        tracing::debug!(error = %error, "the connection failed");
        let phase = std::mem::replace(&mut self.phase, Phase::Gone);
        let outcome = phase.outcome().unwrap_or(CloseOutcome::Abnormal(error));
        self.finish(outcome);
        self.disconnect();
    }

    pub(super) fn finish(&mut self, outcome: CloseOutcome) {
        self.port.finish(outcome.clone());
        let outcome = self.outcome.get_or_insert(outcome);
        self.account.close(outcome, self.port.dropped());
    }

    pub(super) fn disconnect(&mut self) {
        self.transport = None;
        self.unflushed = false;
        self.enter(Phase::Gone);
    }

    /// Goes to another phase and starts its time.
    pub(super) fn enter(&mut self, phase: Phase) {
        let settings = self.port.settings();
        let time = match (&self.phase, &phase) {
            (_, Phase::Gone) => Some(settings.handler_grace()),
            (_, Phase::ShuttingDown) | (Phase::Open, _) => Some(settings.closing_deadline()),
            // The closing deadline runs from when the closing began.
            _ => None,
        };
        self.phase = phase;
        match time {
            Some(_) if matches!(self.phase, Phase::Gone) && self.handler.is_done() => {
                self.schedule.stop();
            }
            Some(time) => self.schedule.only(time),
            None => {}
        }
    }
}
