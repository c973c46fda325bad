use bytes::Bytes;
use switchwire_core::{
    Error, ErrorKind, WebSocketMessage,
    spi::{Clock, OutgoingFrame, ReadSummary, ReceiveEnd, Transport},
};

use super::{SessionDriver, rate::Rated, turn::Turn};
use crate::{connection::Event, stats::SessionStats};

/// With this much unwritten, answers to pings wait, and the latest replaces those before it.
const PONGS_WAIT_FROM: usize = 16 << 10;

impl<T: Transport, C: Clock> SessionDriver<T, C> {
    /// Reads once, if anything may still arrive and there is room for it.
    pub(super) fn read(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        if turn.read_blocked || !self.connection.may_read() {
            return false;
        }
        if !turn.has_room && !self.make_room(turn) {
            return false;
        }
        let Some(transport) = &mut self.transport else {
            return false;
        };
        if transport
            .poll_receive(turn.cx, &mut self.incoming)
            .is_pending()
        {
            turn.read_blocked = true;
            return false;
        }
        self.process(turn);
        true
    }

    /// Gives the receive buffer room. False when there is none and nothing may be discarded.
    fn make_room(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        let is_open = self.connection.is_open();
        let (messages, bytes) = match &self.rates {
            Some(rates) if is_open => rates.allowance(),
            _ => (usize::MAX, usize::MAX),
        };
        let has_room = self.port.make_room(&mut self.incoming, messages, bytes);
        // A rate limit, and permission to discard, are checked each time.
        turn.has_room = has_room && is_open && self.rates.is_none();
        if has_room {
            return true;
        }
        if !is_open {
            self.incoming.set_discard(true);
        } else {
            self.connection.schedule.pause_message();
        }
        !is_open
    }

    /// Passes on the messages that were read.
    fn process(&mut self, turn: &mut Turn<'_, '_>) {
        let received = self.incoming.take_summary();
        turn.read(received.messages, received.bytes);
        self.stats.receive(received.messages, received.bytes);
        let schedule = &mut self.connection.schedule;
        schedule.note_received(received);
        if self.transport.as_ref().is_some_and(T::has_unfinished) && !schedule.awaits_message() {
            schedule.start_message(self.port.settings(), self.alarm.clock.now());
        }
        if self.rates.is_none() && self.incoming.has_messages_only() {
            turn.has_room = self.port.deliver(&mut self.incoming);
        } else {
            turn.has_room = false;
            self.process_in_full(received, turn);
        }
    }

    fn process_in_full(&mut self, received: ReadSummary, turn: &mut Turn<'_, '_>) {
        let violation = self.charge(received);
        let pings = self.incoming.take_pings();
        self.port.deliver(&mut self.incoming);
        for payload in pings {
            self.answer_ping(payload, turn);
        }
        if let Some(number) = self.incoming.take_pong()
            && let Some(time) = self
                .connection
                .schedule
                .pong(number, self.alarm.clock.now())
        {
            self.port.set_round_trip_time(time);
            self.stats.round_trip(time);
        }
        let end = self.incoming.take_end();
        if let Some(rule) = violation {
            let error = Error::with_source(ErrorKind::Policy, rule);
            self.end_receiving(ReceiveEnd::Failed(error), turn);
        } else if let Some(end) = end {
            self.end_receiving(end, turn);
        }
    }

    /// Charges the rate limits for a read. Returns the rule that was broken.
    fn charge(&mut self, received: ReadSummary) -> Option<&'static str> {
        let rates = self.rates.as_mut()?;
        if !self.connection.is_open() {
            return None;
        }
        let rated = rates.charge(received, self.incoming.pings(), self.alarm.clock.now());
        match rated {
            Rated::Allowed => None,
            Rated::ReadFrom(at) => {
                self.connection.schedule.pause_reading(at);
                None
            }
            Rated::MessageOver => {
                drop(self.incoming.take_messages());
                Some("too many messages a second")
            }
            Rated::BytesOver => Some("too many bytes a second"),
            Rated::PingsOver(allowed) => {
                self.incoming.truncate_pings(allowed);
                Some("too many pings a second")
            }
        }
    }

    fn answer_ping(&mut self, payload: Bytes, turn: &mut Turn<'_, '_>) {
        // Nothing may follow our Close.
        if !self.duties.answers_pings || !self.connection.may_send() {
            return;
        }
        if self.buffered() >= PONGS_WAIT_FROM {
            self.flush(turn);
        }
        if self.pending_pong.is_some() || self.buffered() >= PONGS_WAIT_FROM {
            self.pending_pong = Some(payload); // never after a later one
        } else {
            self.send(OutgoingFrame::Message(WebSocketMessage::Pong(payload)));
        }
    }

    /// Handles the end of the peer's messages.
    fn end_receiving(&mut self, end: ReceiveEnd, turn: &mut Turn<'_, '_>) {
        self.port.end_receiving(match &end {
            ReceiveEnd::Close(_) => Ok(()),
            ReceiveEnd::Failed(error) => Err(error.clone()),
        });
        if let ReceiveEnd::Failed(error) = &end
            && error.close_code().is_some()
            && self.connection.may_send()
        {
            SessionStats::violation(error);
        }
        self.on(Event::PeerEnded(end), turn);
    }
}
