use std::{task::Context, time::Duration};

use bytes::Bytes;
use switchwire_core::{CloseCode, CloseStatus, Received, SessionId, WebSocketSettings};
use tokio::time::Instant;

use super::{
    clock::Clock,
    keepalive::{Keepalive, Verdict, stood_still},
};

/// In how many looks the idle timeout is divided.
const LOOKS: u8 = 4;

/// When a session has something to do though nobody wakes it.
///
/// What happens is only noted; the time is looked at when the clock goes off.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    clock: Clock,
    keepalive: Option<Keepalive>,
    idle: Option<Idle>,
    too_old_at: Option<Instant>,
    too_slow_at: Option<Instant>,
    /// Until then nothing is read.
    read_from: Option<Instant>,
}

#[derive(Debug)]
struct Idle {
    look_at: Instant,
    /// How many looks saw nothing.
    quiet: u8,
    has_moved: bool,
}

/// What is due.
#[derive(Debug)]
pub(super) enum Due {
    Ping(Bytes),
    /// The peer is dead.
    GiveUp,
    Close(CloseStatus),
}

/// What the session is like when something is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition {
    /// It would read what came.
    pub(super) reading: bool,
    /// It has something to write, and cannot.
    pub(super) blocked: bool,
}

impl Schedule {
    /// The session opens.
    pub(super) fn start(&mut self, settings: &WebSocketSettings, id: SessionId) {
        let now = Instant::now();
        self.keepalive = settings
            .ping_interval()
            .map(|interval| Keepalive::new(now, interval, id));
        self.idle = settings.idle_timeout().map(|timeout| Idle {
            look_at: now + timeout / u32::from(LOOKS),
            quiet: 0,
            has_moved: false,
        });
        self.too_old_at = settings.max_session_age().map(|age| now + age);
        self.wait_for_next(now);
    }

    /// From now on only this is due, in this time.
    pub(super) fn only(&mut self, time: Duration) {
        self.stop();
        self.clock.set(Instant::now() + time);
    }

    /// Nothing is due any more.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// The task has another waker.
    pub(super) fn forget_waker(&mut self) {
        self.clock.forget_waker();
    }

    /// Sees to it that the task is woken; true when something is due already.
    pub(super) fn register(&mut self, cx: &mut Context<'_>) -> bool {
        self.clock.register(cx)
    }

    /// Whether something may be due.
    pub(super) fn is_due(&self) -> bool {
        self.clock.has_gone_off()
    }

    /// How the payload of each ping begins.
    pub(super) fn ping_tag(&self) -> Option<[u8; 4]> {
        self.keepalive.as_ref().map(Keepalive::tag)
    }

    /// The peer sent something.
    pub(super) fn note_received(&mut self, received: Received) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.note(received);
        }
        if received.messages > 0 {
            self.note_message();
        }
    }

    /// A message went one way or the other.
    pub(super) fn note_message(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.has_moved = true;
        }
    }

    /// The peer reads again.
    pub(super) fn note_life(&mut self) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.note_life();
        }
    }

    /// The pong of a ping of ours came. How long it took, if that can be told.
    pub(super) fn pong(&mut self, number: [u8; 4]) -> Option<Duration> {
        self.keepalive.as_mut()?.pong(number, Instant::now())
    }

    /// Output is over the mark; for how long that may last.
    pub(super) fn start_slow(&mut self, after: Duration) {
        if self.too_slow_at.is_none() {
            let at = Instant::now() + after;
            self.too_slow_at = Some(at);
            self.clock.set_by(at);
        }
    }

    /// Output is below the mark.
    pub(super) fn end_slow(&mut self) {
        self.too_slow_at = None;
    }

    /// Nothing may be read before this.
    pub(super) fn pause_reading(&mut self, until: Instant) {
        self.read_from = Some(until);
        self.clock.set_by(until);
    }

    pub(super) fn may_read(&self) -> bool {
        self.read_from.is_none()
    }

    /// Something that is due, until there is nothing more.
    pub(super) fn next(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        condition: Condition,
    ) -> Option<Due> {
        let is_past = |at: &mut Instant| *at <= now;
        self.read_from.take_if(is_past);
        if self.too_old_at.take_if(is_past).is_some() {
            return Some(Due::Close(going_away("the session is too old")));
        }
        if self.is_too_slow(now, settings, condition) {
            let status = CloseStatus::new(CloseCode::POLICY_VIOLATION, "reads too slowly");
            return Some(Due::Close(status.expect("the reason is short")));
        }
        if self.is_idle(now, settings, condition) {
            return Some(Due::Close(going_away("no messages for too long")));
        }
        let keepalive = self.keepalive.as_mut()?;
        let verdict = keepalive.tick(now, settings, condition.reading, condition.blocked);
        verdict.map(|verdict| match verdict {
            Verdict::Ping(payload) => Due::Ping(payload),
            Verdict::GiveUp => Due::GiveUp,
        })
    }

    /// Sets the clock to what is due next.
    pub(super) fn wait_for_next(&mut self, now: Instant) {
        let keepalive = self.keepalive.as_ref().map(|keepalive| keepalive.due(now));
        let idle = self.idle.as_ref().map(|idle| idle.look_at);
        let all = [
            keepalive,
            idle,
            self.too_old_at,
            self.too_slow_at,
            self.read_from,
        ];
        match all.into_iter().flatten().min() {
            Some(next) => self.clock.set(next),
            None => self.clock.stop(),
        }
    }

    fn is_too_slow(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        condition: Condition,
    ) -> bool {
        let (Some(due), Some(after)) = (
            self.too_slow_at.take_if(|at| *at <= now),
            settings.slow_consumer().closes_after(),
        ) else {
            return false;
        };
        if stood_still(now, due, after) {
            self.too_slow_at = Some(now + after);
            return false;
        }
        condition.blocked
    }

    fn is_idle(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        condition: Condition,
    ) -> bool {
        let (Some(idle), Some(timeout)) = (&mut self.idle, settings.idle_timeout()) else {
            return false;
        };
        if now < idle.look_at {
            return false;
        }
        let look = timeout / u32::from(LOOKS);
        if std::mem::take(&mut idle.has_moved) || !condition.reading {
            idle.quiet = 0;
        } else if !stood_still(now, idle.look_at, look) {
            idle.quiet += 1;
        }
        idle.look_at = now + look;
        idle.quiet >= LOOKS
    }
}

fn going_away(reason: &'static str) -> CloseStatus {
    CloseStatus::new(CloseCode::GOING_AWAY, reason).expect("the reason is short")
}
