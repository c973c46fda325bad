use std::task::Poll;

use switchwire_core::{
    WebSocketMessage,
    spi::{Clock, OutboundMessage, OutgoingFrame, Transport},
};

use super::{SessionDriver, turn::Turn};
use crate::connection::{Event, Waiting};

/// How many messages an empty queue keeps memory for.
const KEPT: usize = 32;

impl<T: Transport, C: Clock> SessionDriver<T, C> {
    /// Hands the sent messages, and a close after them, to the transport. False when there was
    /// nothing. `used` says whether the session was used.
    #[inline(never)]
    pub(super) fn take_outbound(
        &mut self,
        used: bool,
        handler_ran: bool,
        turn: &mut Turn<'_, '_>,
    ) -> bool {
        self.has_more = false;
        let is_draining = self.connection.is_draining();
        if !is_draining && !self.connection.is_open() {
            return used;
        }
        if is_draining {
            let waiting = Waiting {
                has_run: handler_ran,
                is_blocked: self.unflushed,
                owes: self.port.owes_answer(),
                unread: self.port.unread(),
            };
            self.on(Event::HandlerWaits(waiting), turn);
        }
        let taken = self.port.take_outbound(&mut self.outbound);
        if taken.is_left || !self.outbound.is_empty() {
            self.connection.schedule.note_message();
        }
        while let Some(message) = self.outbound.pop_front() {
            match message {
                OutboundMessage::Single(message) => {
                    self.count_sent(&message);
                    self.send(OutgoingFrame::Message(message));
                }
                OutboundMessage::Shared(shared) => {
                    self.count_sent(shared.message());
                    self.send(OutgoingFrame::Shared(shared));
                }
            }
        }
        if self.outbound.capacity() > KEPT {
            self.outbound.shrink_to(KEPT);
        }
        let is_closing = taken.close.is_some();
        if let Some(status) = taken.close {
            self.send_pending_pong();
            self.on(Event::CloseAsked(status), turn);
        }
        used || is_closing
    }

    fn count_sent(&mut self, message: &WebSocketMessage) {
        if !message.is_control() {
            self.stats.send(message.len());
        }
    }

    /// Writes. When everything is written, takes the next step. True when the driver must look at
    /// the handler again.
    #[inline]
    pub(super) fn write(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        if !self.unflushed && !self.connection.heeds_flushed() {
            return self.has_more;
        }
        self.write_all(turn)
    }

    fn write_all(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let had_to_flush = self.unflushed;
        self.flush(turn);
        if self.connection.is_half_closed()
            && let Some(transport) = &mut self.transport
            && transport.poll_shutdown(turn.cx).is_ready()
        {
            self.on(Event::PeerFinished, turn);
        }
        let may_now_answer = had_to_flush && !self.unflushed && self.connection.is_draining();
        self.has_more || may_now_answer
    }

    /// Writes until everything is written or the connection takes no more.
    pub(super) fn flush(&mut self, turn: &mut Turn<'_, '_>) {
        if self.unflushed && turn.write_blocked {
            return self.let_drop(true, turn); // messages sent since may exceed the mark
        }
        while self.unflushed && !turn.write_blocked {
            self.try_flush(turn);
        }
        if !self.unflushed && self.connection.heeds_flushed() {
            self.on(Event::Flushed, turn);
        }
    }

    /// Writes the bytes that can be written at once.
    pub(super) fn try_flush(&mut self, turn: &mut Turn<'_, '_>) {
        let before = self.buffered();
        let Some(transport) = &mut self.transport else {
            self.unflushed = false;
            return;
        };
        let flushed = transport.poll_flush(turn.cx);
        let after = transport.buffered();
        turn.taken += before.saturating_sub(after);
        self.connection
            .schedule
            .take_output(before.saturating_sub(after));
        match flushed {
            Poll::Pending => {
                turn.write_blocked = true;
                turn.made_progress |= after < before;
                self.blocked(after, turn);
            }
            Poll::Ready(Err(error)) => {
                let error = error.into();
                tracing::debug!(%error, "the connection failed");
                self.on(Event::Failed(error), turn);
            }
            Poll::Ready(Ok(())) => {
                self.unflushed = false;
                turn.written();
                self.has_more |= self.port.written();
                self.send_pending_pong();
            }
        }
    }

    /// Handles blocked output. It may be less than before.
    fn blocked(&mut self, bytes: usize, turn: &mut Turn<'_, '_>) {
        let schedule = &mut self.connection.schedule;
        let was_blocked = schedule.is_blocked();
        schedule.block(bytes);
        let is_measured = schedule.measures_slow();
        if self
            .port
            .settings()
            .slow_consumer()
            .closes_after()
            .is_some()
            && let Some(held) = self.port.over_mark()
        {
            let unacknowledged = match is_measured {
                true => 0, // it was read when the measurement began
                false => self.unacknowledged(),
            };
            self.on(
                Event::OverMark {
                    held,
                    unacknowledged,
                },
                turn,
            );
        }
        self.let_drop(was_blocked, turn);
    }

    /// Lets a policy that drops do so, once it is certain that output is blocked.
    fn let_drop(&mut self, was_blocked: bool, turn: &mut Turn<'_, '_>) {
        if !self.port.settings().slow_consumer().drops() || self.port.over_mark().is_none() {
            return;
        }
        if self.port.may_drop() {
            return;
        }
        if was_blocked && !turn.made_progress && !turn.has_let_drop {
            turn.has_let_drop = true;
            self.port.output_blocked();
        } else {
            // Other tasks run before more is dropped. When the server writes on a task of its own,
            // that task runs.
            turn.cx.waker().wake_by_ref();
        }
    }

    /// Notes a sign of life when the peer has taken some of the blocked output.
    pub(super) fn look_for_progress(&mut self, turn: &mut Turn<'_, '_>) {
        let bytes = self.buffered();
        turn.made_progress |= self.connection.schedule.look_at_output(bytes);
    }

    /// Sends the answer to a ping that arrived while output was blocked.
    pub(super) fn send_pending_pong(&mut self) {
        if let Some(payload) = self.pending_pong.take()
            && self.connection.may_send()
        {
            self.send(OutgoingFrame::Message(WebSocketMessage::Pong(payload)));
        }
    }

    pub(super) fn send(&mut self, outgoing: OutgoingFrame) {
        if let Some(transport) = &mut self.transport {
            transport.send(outgoing);
            self.unflushed = true;
        }
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.transport.as_ref().map_or(0, T::unacknowledged)
    }

    pub(super) fn buffered(&self) -> usize {
        self.transport.as_ref().map_or(0, T::buffered)
    }
}
