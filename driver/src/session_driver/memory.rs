use switchwire_core::spi::{Clock, Transport};

use super::{SessionDriver, turn::Turn};
use crate::connection::Reason;

/// When an upper bound of the memory is below this, the driver does not count exactly.
const LITTLE: usize = 4 << 10;

impl<T: Transport, C: Clock> SessionDriver<T, C> {
    /// Reports the memory that the session holds, and how much of it left in this poll, for the
    /// memory budget.
    #[inline]
    pub(super) fn tell_share(&mut self, turn: &Turn<'_, '_>) {
        self.unwritten = self.buffered();
        let partial = self.transport.as_ref().map_or(0, T::unread);
        let seen = self.unread + turn.delivered;
        let holds = self.share.as_ref().is_some_and(|share| share.told() > 0);
        // Only the port sees the bytes that the transport's own buffers hold.
        if !holds && !self.unflushed && seen + self.unwritten + partial < LITTLE {
            self.unread = seen; // an upper bound: the driver counts when it is large
        } else {
            self.tell(seen, partial, turn.taken);
        }
    }

    fn tell(&mut self, seen: usize, partial: usize, taken: usize) {
        let Some(share) = &mut self.share else {
            return;
        };
        let (inbound, outbound) = self.port.held();
        self.unread = inbound;
        let held = inbound + partial + outbound.max(self.unwritten);
        let moved = taken + seen.saturating_sub(inbound);
        if share.report(held, moved, || self.alarm.clock.now()) {
            self.report(Reason::OVER_BUDGET);
        }
    }
}
