use switchwire_core::{
    CloseOutcome,
    spi::{Clock, Transport},
};
use switchwire_protocol::release_unused;

use super::{SessionDriver, turn::Turn};
use crate::{
    connection::{Action, Condition, Event, Reason},
    stats,
};

impl<T: Transport, C: Clock> SessionDriver<T, C> {
    /// Passes an event to the connection, and performs the actions it returns.
    pub(super) fn on(&mut self, event: Event, turn: &mut Turn<'_, '_>) {
        for action in self.connection.on(event, self.alarm.clock.now()) {
            self.perform(action, turn);
        }
    }

    fn perform(&mut self, action: Action, turn: &mut Turn<'_, '_>) {
        match action {
            Action::Send(outgoing) => self.send(outgoing),
            Action::AskForClose(status) => self.port.request_close(status),
            Action::TryFlush => self.try_flush(turn),
            Action::Finish(outcome) => self.finish(&outcome),
            Action::Report(reason) => self.report(reason),
            Action::WarnNotReading => tracing::warn!(
                target: "switchwire",
                "the handler does not read; pings and Close of the peer wait behind its full queue"
            ),
            Action::DropTransport => {
                self.transport = None;
                self.unflushed = false;
            }
            Action::DropHandler => {
                self.handler.drop_future();
            }
        }
    }

    pub(super) fn report(&mut self, reason: Reason) {
        if reason == Reason::OVERDUE {
            tracing::warn!(target: "switchwire", reason = reason.text, "the handler is dropped");
            stats::handler_failed(reason.label);
        } else {
            tracing::debug!(target: "switchwire", reason = reason.text, "the session is ended");
            self.stats.ended_for(reason.label);
        }
    }

    pub(super) fn finish(&mut self, outcome: &CloseOutcome) {
        self.port.finish(outcome.clone());
        let now = self.alarm.clock.now();
        self.stats.close(outcome, self.port.dropped(), now);
    }

    /// Serves the timers that are due, if the alarm went off.
    pub(super) fn tick(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        if !self.alarm.take_gone_off() {
            return false;
        }
        if let Some(rates) = &mut self.rates {
            rates.refill(self.alarm.clock.now());
        }
        let condition = self.condition();
        self.on(Event::Timer(condition), turn);
        self.port.shrink(&mut self.incoming);
        self.outbound.shrink_to_fit();
        release_unused(self.alarm.clock.now());
        true
    }

    fn condition(&self) -> Condition {
        let is_blocked = self.connection.schedule.is_blocked();
        let has_room = self.port.has_room();
        let transport = self.transport.as_ref();
        Condition {
            has_room,
            unread: self.port.unread(),
            unfinished: transport.is_some_and(T::has_unfinished),
            // A driver that reads learns of the end anyway.
            peer_has_ended: !has_room && transport.is_some_and(T::peer_has_ended),
            unacknowledged: if is_blocked { self.unacknowledged() } else { 0 },
        }
    }
}
