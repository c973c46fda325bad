use std::collections::VecDeque;

use super::OutboundMessage;
use crate::settings::WebSocketSettings;

/// The messages that were accepted for sending and are not written yet.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    /// The messages that wait for the driver, and their bytes.
    waiting: VecDeque<OutboundMessage>,
    waiting_bytes: usize,
    /// The messages that the driver has taken and not written yet.
    taken_messages: usize,
    taken_bytes: usize,
    accepted: u64,
    /// How many accepted messages are written, or were dropped after all messages before them were
    /// written.
    written: u64,
    dropped: Dropped,
}

/// The messages that a policy dropped because the peer was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// The number of messages.
    pub messages: u64,
    /// The bytes of their payloads.
    pub bytes: u64,
}

impl Outbound {
    /// How many bytes are accepted and not written yet.
    pub(super) fn bytes(&self) -> usize {
        self.waiting_bytes + self.taken_bytes
    }

    /// Whether fewer messages and bytes than the high-water mark are accepted and not written yet.
    pub(super) fn has_room(&self, settings: &WebSocketSettings) -> bool {
        self.bytes() < settings.outbound_buffer_size()
            && self.waiting.len() + self.taken_messages < settings.outbound_messages()
    }

    /// The number of the message that was accepted last.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    pub(super) fn is_written(&self, number: u64) -> bool {
        self.written >= number
    }

    pub(super) fn dropped(&self) -> Dropped {
        self.dropped
    }

    pub(super) fn push(&mut self, message: OutboundMessage) {
        let len = message.message().len();
        self.push_sized(message, len);
    }

    /// Adds a message of known payload length.
    #[inline]
    pub(super) fn push_sized(&mut self, message: OutboundMessage, len: usize) {
        self.waiting_bytes += len;
        self.accepted += 1;
        self.waiting.push_back(message);
    }

    /// Counts a dropped message.
    pub(super) fn count_dropped(&mut self, message: Option<&OutboundMessage>) {
        if let Some(message) = message {
            self.dropped.messages += 1;
            self.dropped.bytes += message.message().len() as u64;
        }
    }

    /// Takes out the message that has waited longest. The caller drops it when it holds no lock.
    pub(super) fn displace(&mut self) -> Option<OutboundMessage> {
        let message = self.waiting.pop_front()?;
        self.waiting_bytes -= message.message().len();
        self.count_dropped(Some(&message));
        Some(message)
    }

    /// Takes all messages that wait.
    pub(super) fn take_all(&mut self, into: &mut VecDeque<OutboundMessage>) {
        self.taken_messages += self.waiting.len();
        self.taken_bytes += std::mem::take(&mut self.waiting_bytes);
        if into.is_empty() {
            std::mem::swap(into, &mut self.waiting);
        } else {
            into.append(&mut self.waiting);
        }
    }

    /// Takes up to a quarter of the high-water mark, so that the other messages can be displaced.
    /// True when some are left.
    pub(super) fn take_share(
        &mut self,
        into: &mut VecDeque<OutboundMessage>,
        settings: &WebSocketSettings,
    ) -> bool {
        let messages = settings.outbound_messages().div_ceil(4);
        let bytes = settings.outbound_buffer_size().div_ceil(4);
        while self.taken_messages < messages
            && self.taken_bytes < bytes
            && let Some(message) = self.waiting.pop_front()
        {
            self.waiting_bytes -= message.message().len();
            self.taken_bytes += message.message().len();
            self.taken_messages += 1;
            into.push_back(message);
        }
        !self.waiting.is_empty()
    }

    /// Notes that all taken messages are written. True when more wait.
    pub(super) fn written(&mut self) -> bool {
        self.taken_messages = 0;
        self.taken_bytes = 0;
        // A message that neither waits nor is taken is written, or was dropped from the front of
        // the queue.
        self.written = self.accepted - self.waiting.len() as u64;
        if self.waiting.is_empty() {
            shrink(&mut self.waiting);
        }
        !self.waiting.is_empty()
    }

    pub(super) fn shrink(&mut self) {
        self.waiting.shrink_to_fit();
    }

    /// Takes out the messages that will never be written. The caller drops them when it holds no
    /// lock.
    pub(super) fn abandon(&mut self) -> VecDeque<OutboundMessage> {
        self.waiting_bytes = 0;
        self.taken_bytes = 0;
        self.taken_messages = 0;
        std::mem::take(&mut self.waiting)
    }
}

/// How many messages an empty queue keeps memory for.
const KEPT: usize = 32;

/// Releases the memory that a burst made an empty queue allocate.
#[inline]
pub(super) fn shrink<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > KEPT {
        queue.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::WebSocketMessage;

    fn message(payload: impl Into<WebSocketMessage>) -> OutboundMessage {
        OutboundMessage::Single(payload.into())
    }

    fn outbound(lengths: &[usize]) -> Outbound {
        let mut outbound = Outbound::default();
        for length in lengths {
            outbound.push(message(vec![0; *length]));
        }
        outbound
    }

    fn settings(bytes: usize) -> WebSocketSettings {
        let settings = WebSocketSettings::builder().with_outbound_buffer_size(bytes);
        settings.build().unwrap()
    }

    #[test]
    fn a_share_leaves_messages_where_they_can_be_displaced() {
        let mut outbound = outbound(&[10, 20, 30]);
        let mut taken = VecDeque::new();
        assert!(outbound.take_share(&mut taken, &settings(44)));
        assert_eq!(taken.len(), 2, "one more than fits");
        assert!(outbound.take_share(&mut taken, &settings(44)));
        assert_eq!((taken.len(), outbound.bytes()), (2, 60));
        assert!(outbound.displace().is_some());
        assert!(outbound.displace().is_none());
        assert_eq!(
            outbound.dropped(),
            Dropped {
                messages: 1,
                bytes: 30
            }
        );
        assert_eq!(outbound.bytes(), 30);
        assert!(!outbound.is_written(1));
        assert!(!outbound.written());
        assert!(outbound.is_written(3), "nobody waits for what was dropped");
        assert_eq!(outbound.bytes(), 0);
    }

    #[test]
    fn what_is_accepted_while_others_are_written_is_not_written_yet() {
        let mut outbound = outbound(&[1, 1]);
        let mut taken = VecDeque::new();
        outbound.take_all(&mut taken);
        outbound.push(message("x"));
        assert!(outbound.written());
        assert!(outbound.is_written(2));
        assert!(!outbound.is_written(3));
    }

    #[test]
    fn a_burst_leaves_no_memory_behind() {
        let mut outbound = outbound(&[0; 1_000]);
        let mut taken = VecDeque::new();
        while outbound.take_share(&mut taken, &settings(1)) {
            outbound.written();
        }
        outbound.written();
        assert!(outbound.waiting.capacity() < 100);
    }
}
