use std::task::Context;

use bytes::Bytes;
use switchwire_core::{
    CloseOutcome, Error, ErrorKind, InboxEnd, Outgoing, Transport, WebSocketMessage,
};
use tokio::time::Instant;

use super::{SessionDriver, phase::Phase, rate::Rated};

/// With this much unwritten, answers to pings wait, and the latest stands for all.
const PONGS_WAIT_FROM: usize = 16 << 10;

impl<T: Transport> SessionDriver<T> {
    /// Reads once, if anything may still come and there is room for it.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let awaiting_close = matches!(self.phase, Phase::AwaitingClose(_));
        let is_open = matches!(self.phase, Phase::Open);
        if self.read_blocked || !(awaiting_close || is_open && self.schedule.may_read()) {
            return false;
        }
        let Some(transport) = &mut self.transport else {
            return false;
        };
        let (messages, bytes) = match &self.rates {
            Some(rates) if is_open => rates.allowance(),
            _ => (usize::MAX, usize::MAX),
        };
        self.has_room = self.port.make_room(&mut self.inbox, messages, bytes);
        if !self.has_room {
            if !awaiting_close {
                return false;
            }
            self.inbox.set_discard(true);
        }
        if transport.poll_receive(cx, &mut self.inbox).is_pending() {
            self.read_blocked = true;
            return false;
        }
        self.take_in(cx);
        true
    }

    /// Does what comes of what was read.
    fn take_in(&mut self, cx: &mut Context<'_>) {
        let received = self.inbox.take_received();
        self.schedule.note_received(received);
        self.account.receive(received.messages, received.bytes);
        let mut pings = self.inbox.take_pings();
        let mut violation = None;
        if let Some(rates) = &mut self.rates
            && matches!(self.phase, Phase::Open)
        {
            match rates.charge(received, pings.len(), Instant::now()) {
                Rated::Allowed => {}
                Rated::ReadFrom(at) => self.schedule.pause_reading(at),
                Rated::MessageOver => {
                    drop(self.inbox.take_messages());
                    violation = Some("too many messages a second");
                }
                Rated::BytesOver => violation = Some("too many bytes a second"),
                Rated::PingsOver(allowed) => {
                    pings.truncate(allowed);
                    violation = Some("too many pings a second");
                }
            }
        }
        self.port.deliver(&mut self.inbox);
        for payload in pings {
            self.answer_ping(payload, cx);
        }
        if let Some(number) = self.inbox.take_pong()
            && let Some(time) = self.schedule.pong(number)
        {
            self.port.set_round_trip_time(time);
            self.account.round_trip(time);
        }
        let end = self.inbox.take_end();
        if let Some(rule) = violation {
            let error = Error::with_source(ErrorKind::Policy, rule);
            self.end_receiving(InboxEnd::Failed(error));
        } else if let Some(end) = end {
            self.end_receiving(end);
        }
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
}
