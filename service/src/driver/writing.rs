use std::task::{Context, Poll};

use switchwire_core::{
    CloseCode, CloseOutcome, InboxEnd, Outgoing, SlowConsumerPolicy, Transport, WebSocketMessage,
};

use super::{SessionDriver, phase::Phase};
use crate::observe::Account;

/// How many messages an empty queue keeps memory for.
const KEPT: usize = 32;

impl<T: Transport> SessionDriver<T> {
    /// Hands to the transport what was sent, and what follows it; false when the session was not used.
    pub(super) fn collect(&mut self, handler_ran: bool) -> bool {
        let more = std::mem::take(&mut self.more);
        let used = self.port.take_session_use() || more;
        let may_answer = match &mut self.phase {
            Phase::Open if used => false,
            Phase::Ending(..) | Phase::Leaving(_) if more => false,
            Phase::Ending(_, unread) | Phase::Leaving(unread) => {
                // While output is blocked no answer could leave, and the handler may be waiting for room.
                let before = std::mem::replace(unread, self.port.unread());
                !self.unflushed && (!handler_ran || *unread >= before)
            }
            _ => return used,
        };
        let leaves = matches!(self.phase, Phase::Leaving(_));
        if may_answer && leaves {
            self.port.request_close(CloseCode::GOING_AWAY.into());
        } else if may_answer {
            self.port.end_sending();
        }
        let taken = self.port.take_outbound(&mut self.outbound);
        let close = taken.close;
        if taken.is_left || !self.outbound.is_empty() {
            self.schedule.note_message();
        }
        while let Some(message) = self.outbound.pop_front() {
            if !message.is_control() {
                self.account.send(message.len());
            }
            self.send(Outgoing::Message(message));
        }
        if self.outbound.capacity() > KEPT {
            self.outbound.shrink_to(KEPT);
        }
        let ended = close.is_some() && matches!(self.phase, Phase::Ending(..));
        if ended || (may_answer && !leaves) {
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
                if let Some(code) = error.close_code() {
                    Account::violation(&error);
                    self.send(Outgoing::Close(Some(code.into())));
                }
                CloseOutcome::Abnormal(error)
            }
            phase => unreachable!("there is nothing to answer in {phase:?}"),
        };
        self.enter(Phase::Flushing(outcome));
    }

    /// Writes, and goes on to what comes after all is written.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let before = std::mem::discriminant(&self.phase);
        let had_to_flush = self.unflushed;
        self.flush(cx);
        let may_now_answer = had_to_flush
            && !self.unflushed
            && matches!(self.phase, Phase::Ending(..) | Phase::Leaving(_));
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

    pub(super) fn flush(&mut self, cx: &mut Context<'_>) {
        while self.unflushed && !self.write_blocked {
            let Some(transport) = &mut self.transport else {
                return;
            };
            if self.stuck.is_some() {
                self.stuck = Some(transport.buffered()); // with what came since
            }
            match transport.poll_flush(cx) {
                Poll::Pending => {
                    self.write_blocked = true;
                    self.note_blocked(cx);
                }
                Poll::Ready(Err(error)) => self.fail(error.into()),
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    if self.stuck.take().is_some() {
                        self.schedule.note_life();
                        self.schedule.end_slow();
                    }
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

    /// Output is blocked, perhaps less than before.
    fn note_blocked(&mut self, cx: &Context<'_>) {
        self.look_for_progress();
        let is_stuck = self.stuck.replace(self.buffered()).is_some() && !self.gets_further;
        let policy = self.port.settings().slow_consumer();
        if policy == SlowConsumerPolicy::Wait || !self.port.is_over_mark() {
            return;
        }
        match policy.closes_after() {
            Some(after) if matches!(self.phase, Phase::Open) => self.schedule.start_slow(after),
            Some(_) => {}
            None if is_stuck => self.port.output_blocked(),
            // Where the server writes on a task of its own, it has not had its turn yet.
            None => cx.waker().wake_by_ref(),
        }
    }

    /// A peer that reads what was blocked lives.
    pub(super) fn look_for_progress(&mut self) {
        if let Some(before) = self.stuck
            && self.buffered() < before
        {
            self.gets_further = true;
            self.schedule.note_life();
        }
    }

    pub(super) fn send(&mut self, outgoing: Outgoing) {
        if let Some(transport) = &mut self.transport {
            transport.send(outgoing);
            self.unflushed = true;
        }
    }

    pub(super) fn buffered(&self) -> usize {
        self.transport.as_ref().map_or(0, T::buffered)
    }
}
