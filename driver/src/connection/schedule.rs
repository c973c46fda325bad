//! The timers of an open session.

use std::time::{Duration, Instant};

use bytes::Bytes;
use switchwire_core::{CloseCode, SessionId, WebSocketSettings, spi::ReadSummary};

use super::{
    Reason, after,
    keepalive::{Keepalive, Verdict, stood_still},
};

/// Into how many checks the idle timeout is divided.
const LOOKS: u8 = 4;

/// The timers of an open session.
///
/// Events are only noted. The driver checks the time when the earliest timer is due.
#[derive(Debug)]
pub(crate) struct Schedule {
    due: Option<Instant>,
    keepalive: Option<Keepalive>,
    idle: Option<Idle>,
    too_old_at: Option<Instant>,
    /// The begun message must be complete by this time.
    message_by: Option<Instant>,
    /// The begun message could not continue for a while, because the driver did not read.
    message_paused: bool,
    /// The driver reads nothing until this time.
    read_from: Option<Instant>,
    output: Output,
    /// How many messages waited for the handler at the last check of the keepalive without reading.
    unread: Option<usize>,
    warning: bool,
    has_warned: bool,
}

#[derive(Debug)]
struct Idle {
    look_at: Instant,
    /// How many consecutive checks saw no message.
    quiet: u8,
    has_moved: bool,
}

/// The output that the peer does not take.
#[derive(Debug, Default)]
struct Output {
    /// How many bytes cannot be written.
    blocked: Option<usize>,
    /// How many written bytes were not acknowledged at the last check of the keepalive.
    unacknowledged: usize,
    slow: Option<Box<Slow>>,
}

/// Measures how fast a peer takes output above the mark. The time runs while output is blocked.
#[derive(Debug)]
struct Slow {
    /// `None` while output is not blocked.
    judge_at: Option<Instant>,
    /// The remaining time, while the timer does not run.
    left: Duration,
    /// How many bytes the peer must take in that time.
    wanted: usize,
    taken: usize,
    /// How many bytes were not acknowledged at the start.
    unacknowledged: usize,
}

/// A timer that is due.
#[derive(Debug)]
pub(super) enum Due {
    Ping(Bytes),
    /// The peer is silent.
    GiveUp(Reason),
    /// The driver must close the session.
    Close(CloseCode, Reason),
    /// The handler does not read, and the application should know.
    WarnNotReading,
}

/// The state of the session when a timer is due.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Condition {
    /// There is room for messages of the peer.
    pub(crate) has_room: bool,
    /// How many messages wait for the handler.
    pub(crate) unread: usize,
    /// A message has begun and is incomplete.
    pub(crate) unfinished: bool,
    /// The peer has ended its half of TCP, and the driver has not read the end yet.
    pub(crate) peer_has_ended: bool,
    /// While output is blocked: how many written bytes the peer's TCP has not acknowledged.
    pub(crate) unacknowledged: usize,
}

impl Schedule {
    /// Starts the timers of a session.
    pub(super) fn new(settings: &WebSocketSettings, id: SessionId, now: Instant) -> Self {
        let keepalive = settings.ping_interval();
        let mut schedule = Self {
            due: None,
            keepalive: keepalive.map(|interval| Keepalive::new(now, interval, id)),
            idle: settings.idle_timeout().map(|timeout| Idle {
                look_at: after(now, timeout / u32::from(LOOKS)),
                quiet: 0,
                has_moved: false,
            }),
            too_old_at: settings.max_session_age().map(|age| after(now, age)),
            message_by: None,
            message_paused: false,
            read_from: None,
            output: Output::default(),
            unread: None,
            warning: false,
            has_warned: false,
        };
        schedule.wait_for_next(now);
        schedule
    }

    /// The time of the earliest timer.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The tag with which the payload of each ping begins.
    pub(crate) fn ping_tag(&self) -> Option<[u8; 4]> {
        self.keepalive.as_ref().map(Keepalive::tag)
    }

    /// Notes that the peer sent bytes.
    #[inline]
    pub(crate) fn note_received(&mut self, received: ReadSummary) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.note(received);
        }
        if received.messages > 0 {
            self.message_by = None;
            self.note_message();
        }
    }

    /// Notes a message in either direction.
    #[inline]
    pub(crate) fn note_message(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.has_moved = true;
        }
    }

    /// Whether the timeout of a begun message runs.
    pub(crate) fn awaits_message(&self) -> bool {
        self.message_by.is_some()
    }

    /// Notes that a message has begun and is incomplete.
    pub(crate) fn start_message(&mut self, settings: &WebSocketSettings, now: Instant) {
        let message_by = after(now, settings.message_timeout());
        self.message_by = Some(message_by);
        self.message_paused = false;
        self.wait_until(message_by);
    }

    /// Notes that the begun message cannot continue, because the driver does not read.
    pub(crate) fn pause_message(&mut self) {
        self.message_paused = true;
    }

    /// Notes the pong of a ping of ours. Returns the round-trip time, if it is known.
    pub(crate) fn pong(&mut self, number: [u8; 4], now: Instant) -> Option<Duration> {
        self.keepalive.as_mut()?.pong(number, now)
    }

    /// Notes that this many bytes cannot be written now.
    pub(crate) fn block(&mut self, bytes: usize) {
        self.output.blocked = Some(bytes);
    }

    /// Notes that output is blocked, that the session holds `held` bytes, which exceeds the mark,
    /// and that `unacknowledged` written bytes are not acknowledged.
    pub(super) fn start_slow(
        &mut self,
        settings: &WebSocketSettings,
        held: usize,
        unacknowledged: usize,
        now: Instant,
    ) {
        let Some(time) = settings.slow_consumer().closes_after() else {
            return;
        };
        let slow = self.output.slow.get_or_insert_with(|| {
            Box::new(Slow {
                judge_at: None,
                left: time,
                wanted: held.min(settings.outbound_buffer_size()),
                taken: 0,
                unacknowledged,
            })
        });
        if slow.judge_at.is_none() {
            let judge_at = after(now, slow.left);
            slow.judge_at = Some(judge_at);
            self.wait_until(judge_at);
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.output.blocked.is_some()
    }

    /// Whether the peer's speed is being measured.
    pub(crate) fn measures_slow(&self) -> bool {
        self.output.slow.is_some()
    }

    /// Notes that everything is written.
    pub(super) fn unblock(&mut self, now: Instant) {
        if self.output.blocked.take().is_none() {
            return;
        }
        if let Some(slow) = &mut self.output.slow
            && let Some(judge_at) = slow.judge_at.take()
        {
            slow.left = judge_at.saturating_duration_since(now);
        }
        self.note_life();
    }

    /// Notes that this many bytes wait to be written. The peer took the difference to the blocked
    /// bytes. True when it took any.
    pub(crate) fn look_at_output(&mut self, bytes: usize) -> bool {
        let taken = match self.output.blocked {
            Some(before) => before.saturating_sub(bytes),
            None => 0,
        };
        self.take_output(taken);
        if self.output.blocked.is_some() {
            self.output.blocked = Some(bytes);
        }
        taken > 0
    }

    /// Notes that the peer took this many bytes.
    #[inline]
    pub(crate) fn take_output(&mut self, bytes: usize) {
        if let Some(slow) = &mut self.output.slow {
            slow.taken = slow.taken.saturating_add(bytes);
        }
        if self.output.blocked.is_some() && bytes > 0 {
            self.note_life();
        }
    }

    /// Stops reading until this time.
    pub(crate) fn pause_reading(&mut self, until: Instant) {
        self.read_from = Some(until);
        self.message_paused = true;
        self.wait_until(until);
    }

    pub(super) fn may_read(&self) -> bool {
        self.read_from.is_none()
    }

    /// The next timer that is due, until there is none left.
    pub(super) fn next(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        condition: Condition,
    ) -> Option<Due> {
        if std::mem::take(&mut self.warning) {
            return Some(Due::WarnNotReading);
        }
        let is_past = |at: &mut Instant| *at <= now;
        let reads = condition.has_room && self.may_read();
        self.read_from.take_if(is_past);
        if self.too_old_at.take_if(is_past).is_some() {
            return Some(Due::Close(CloseCode::GOING_AWAY, Reason::TOO_OLD));
        }
        if self.is_too_slow(now, settings, condition) {
            return Some(Due::Close(CloseCode::POLICY_VIOLATION, Reason::TOO_SLOW));
        }
        if self.message_by.take_if(is_past).is_some() && condition.unfinished {
            if reads && !self.message_paused {
                return Some(Due::Close(CloseCode::POLICY_VIOLATION, Reason::UNFINISHED));
            }
            self.start_message(settings, now);
        }
        // A session that neither reads nor writes learns nothing about its peer.
        let excused = !reads && !self.is_blocked();
        if self.is_idle(now, settings, excused) {
            return Some(Due::Close(CloseCode::GOING_AWAY, Reason::IDLE));
        }
        self.keep_alive(now, settings, condition, excused)
    }

    fn keep_alive(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        condition: Condition,
        excused: bool,
    ) -> Option<Due> {
        let keepalive = self.keepalive.as_mut()?;
        let is_stuck = !condition.has_room && self.unread == Some(condition.unread);
        let has_left = is_stuck && condition.peer_has_ended;
        let blocked = self.output.blocked.is_some();
        if blocked && condition.unacknowledged < self.output.unacknowledged {
            keepalive.note_life();
        }
        let round = keepalive.next_ping();
        let verdict = keepalive.tick(now, settings, excused && !has_left, blocked);
        if keepalive.next_ping() != round {
            self.unread = (!condition.has_room).then_some(condition.unread);
            self.output.unacknowledged = condition.unacknowledged;
            self.warning = is_stuck && !std::mem::replace(&mut self.has_warned, true);
        }
        verdict.map(|verdict| match verdict {
            Verdict::Ping(payload) => Due::Ping(payload),
            Verdict::GiveUp if has_left => Due::GiveUp(Reason::LEFT),
            Verdict::GiveUp => Due::GiveUp(Reason::SILENT),
        })
    }

    /// Sets `due` to the time of the next timer.
    pub(super) fn wait_for_next(&mut self, now: Instant) {
        let keepalive = self.keepalive.as_ref().map(|keepalive| keepalive.due(now));
        let idle = self.idle.as_ref().map(|idle| idle.look_at);
        let slow = self.output.slow.as_ref().and_then(|slow| slow.judge_at);
        let all = [
            keepalive,
            idle,
            slow,
            self.too_old_at,
            self.message_by,
            self.read_from,
        ];
        self.due = all.into_iter().flatten().min();
    }

    fn wait_until(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Notes a sign of life.
    fn note_life(&mut self) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.note_life();
        }
    }

    fn is_too_slow(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        condition: Condition,
    ) -> bool {
        let is_over = |slow: &mut Box<Slow>| slow.judge_at.is_some_and(|at| at <= now);
        let Some(slow) = self.output.slow.take_if(is_over) else {
            return false;
        };
        let (Some(time), Some(judge_at)) = (settings.slow_consumer().closes_after(), slow.judge_at)
        else {
            return false;
        };
        // Bytes that our system has taken are not yet taken by the peer.
        let acknowledged = slow.taken.saturating_add(slow.unacknowledged);
        let taken = acknowledged.saturating_sub(condition.unacknowledged);
        let is_too_slow = taken < slow.wanted && !stood_still(now, judge_at, time);
        if !is_too_slow {
            self.start_slow(settings, slow.wanted, condition.unacknowledged, now);
        }
        is_too_slow
    }

    fn is_idle(&mut self, now: Instant, settings: &WebSocketSettings, excused: bool) -> bool {
        let (Some(idle), Some(timeout)) = (&mut self.idle, settings.idle_timeout()) else {
            return false;
        };
        if now < idle.look_at {
            return false;
        }
        let look = timeout / u32::from(LOOKS);
        if std::mem::take(&mut idle.has_moved) || excused {
            idle.quiet = 0;
        } else if !stood_still(now, idle.look_at, look) {
            idle.quiet += 1;
        }
        idle.look_at = after(now, look);
        idle.quiet >= LOOKS
    }
}
