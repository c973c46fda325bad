use std::task::Context;

use switchwire_core::{CloseCode, CloseOutcome, Order, Outgoing, Transport};

use super::{SessionDriver, phase::Phase};

impl<T: Transport> SessionDriver<T> {
    /// Does what whoever keeps the session ordered.
    pub(super) fn obey(&mut self, cx: &mut Context<'_>) -> bool {
        match self.port.take_order() {
            None => return false,
            Some(Order::ShutDown) => {
                if matches!(self.phase, Phase::Open) {
                    self.enter(Phase::Leaving(usize::MAX));
                }
            }
            Some(Order::Abort) => self.abort(cx),
        }
        true
    }

    /// Drops the connection and the handler; a peer that was not told yet is told if that can be done at once.
    fn abort(&mut self, cx: &mut Context<'_>) {
        if matches!(self.phase, Phase::Open | Phase::Leaving(_)) {
            self.send(Outgoing::Close(Some(CloseCode::GOING_AWAY.into())));
            self.flush(cx);
        }
        let was_over = self.handler.is_done() && matches!(self.phase, Phase::ShuttingDown);
        let phase = std::mem::replace(&mut self.phase, Phase::Gone);
        self.finish(phase.outcome().unwrap_or(CloseOutcome::TimedOut));
        if !was_over {
            self.outcome = Some(CloseOutcome::TimedOut);
        }
        self.handler.drop_future();
        self.disconnect();
    }
}
