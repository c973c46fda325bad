use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use bytes::Bytes;
use switchwire_core::{SessionId, WebSocketSettings, spi::ReadSummary};

use super::after;

/// This many bytes of an incomplete frame are a sign of life. A large message may be slower than
/// the timeout. A peer that sends a few bytes at a time can gain no more than the time of the
/// largest frame.
const ALIVE_FROM: usize = 1 << 10;

/// Decides when to ping a peer, and whether the peer is alive.
#[derive(Debug)]
pub(super) struct Keepalive {
    /// The payload of each ping begins with it; the number of the ping follows.
    tag: [u8; 4],
    number: u32,
    next_ping: Instant,
    /// Set while a ping waits for a sign of life.
    judge_at: Option<Instant>,
    /// When the last ping was sent. `None` after its pong.
    sent_at: Option<Instant>,
    /// The bytes that arrived since the last ping, or enough of them.
    heard: usize,
}

/// What the driver must do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ping(Bytes),
    GiveUp,
}

impl Keepalive {
    pub(super) fn new(now: Instant, interval: Duration, id: SessionId) -> Self {
        // Not the id itself, which the peer need not know.
        let [t0, t1, t2, t3, j0, j1, ..] = RandomState::new().hash_one(id).to_ne_bytes();
        let jitter = f64::from(u16::from_ne_bytes([j0, j1])) / 65_536.0;
        Self {
            tag: [t0, t1, t2, t3],
            number: 0,
            next_ping: after(now, interval / 2 + (interval / 2).mul_f64(jitter)),
            judge_at: None,
            sent_at: None,
            heard: 0,
        }
    }

    pub(super) fn tag(&self) -> [u8; 4] {
        self.tag
    }

    /// Notes that the peer sent bytes.
    pub(super) fn note(&mut self, received: ReadSummary) {
        self.heard = self.heard.saturating_add(received.bytes);
        if received.is_whole_frame {
            self.note_life();
        }
    }

    /// Notes a sign of life.
    pub(super) fn note_life(&mut self) {
        self.heard = ALIVE_FROM;
    }

    /// Notes the pong of our ping with this number. Returns the round-trip time, unless the pong is
    /// an old one.
    pub(super) fn pong(&mut self, number: [u8; 4], now: Instant) -> Option<Duration> {
        if number != self.number.to_be_bytes() {
            return None;
        }
        self.sent_at.take().map(|sent_at| now - sent_at)
    }

    pub(super) fn next_ping(&self) -> Instant {
        self.next_ping
    }

    /// The time of the next step.
    pub(super) fn due(&self, now: Instant) -> Instant {
        match self.judge_at {
            None => self.next_ping,
            Some(judge_at) if self.next_ping <= now => judge_at,
            Some(judge_at) => judge_at.min(self.next_ping),
        }
    }

    /// The verdict on the peer at this time. `excused` says that the peer could not show a sign of
    /// life. `blocked` says that it does not take output.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        settings: &WebSocketSettings,
        excused: bool,
        blocked: bool,
    ) -> Option<Verdict> {
        if let Some(judge_at) = self.judge_at {
            if self.heard >= ALIVE_FROM || excused {
                self.judge_at = None;
            } else if now < judge_at {
                return None;
            } else if stood_still(now, judge_at, settings.pong_timeout()) {
                self.judge_at = Some(after(now, settings.pong_timeout()));
                return None;
            } else {
                return Some(Verdict::GiveUp);
            }
        }
        if now < self.next_ping {
            return None;
        }
        self.next_ping = after(now, settings.ping_interval()?);
        self.judge_at = Some(after(now, settings.pong_timeout()));
        self.heard = 0;
        if blocked {
            return None; // the waiting output will show it as well as a ping
        }
        self.number = self.number.wrapping_add(1);
        self.sent_at = Some(now);
        let payload = [self.tag, self.number.to_be_bytes()].concat();
        Some(Verdict::Ping(payload.into()))
    }
}

/// Whether this process seems to have been suspended, so that it noticed a timer of `period` much
/// too late. It may not have read what the peer sent meanwhile.
pub(super) fn stood_still(now: Instant, due: Instant, period: Duration) -> bool {
    now.saturating_duration_since(due) > (period / 2).max(LATE)
}

/// A timer may be this late on a busy machine.
const LATE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn keepalive() -> (Keepalive, Instant, WebSocketSettings) {
        let now = Instant::now();
        let id = SessionId::from_bytes([1; 16]);
        let mut keepalive = Keepalive::new(now, 30 * SECOND, id);
        keepalive.next_ping = now;
        (keepalive, now, WebSocketSettings::default())
    }

    #[test]
    fn a_timer_that_is_a_little_late_is_no_suspension() {
        let now = Instant::now();
        let millisecond = Duration::from_millis(1);
        assert!(!stood_still(now + 20 * millisecond, now, millisecond));
        assert!(stood_still(now + 60 * millisecond, now, millisecond));
        assert!(!stood_still(now + SECOND, now, 10 * SECOND));
        assert!(stood_still(now + 6 * SECOND, now, 10 * SECOND));
    }

    #[test]
    fn the_first_ping_comes_between_half_and_a_whole_interval() {
        let now = Instant::now();
        let mut seen = Vec::new();
        for number in 0..100 {
            let id = SessionId::from_bytes([number; 16]);
            let due = Keepalive::new(now, 30 * SECOND, id).due(now) - now;
            assert!((15 * SECOND..30 * SECOND).contains(&due), "{due:?}");
            seen.push(due);
        }
        seen.sort();
        seen.dedup();
        assert!(seen.len() > 90, "{}", seen.len());
    }

    #[test]
    fn silence_after_a_ping_is_judged_and_a_few_bytes_are_silence() {
        let (mut keepalive, start, settings) = keepalive();
        let ping = keepalive.tick(start, &settings, false, false);
        assert!(matches!(ping, Some(Verdict::Ping(_))));
        let mut few = ReadSummary::default();
        few.bytes = 100;
        keepalive.note(few);
        assert_eq!(keepalive.due(start), start + 20 * SECOND);
        assert_eq!(
            keepalive.tick(start + 19 * SECOND, &settings, false, false),
            None
        );
        let verdict = keepalive.tick(start + 20 * SECOND, &settings, false, false);
        assert_eq!(verdict, Some(Verdict::GiveUp));
    }

    #[test]
    fn after_a_long_stop_the_time_runs_anew() {
        let (mut keepalive, start, settings) = keepalive();
        let _ping = keepalive.tick(start, &settings, false, false);
        let late = start + 100 * SECOND;
        assert_eq!(keepalive.tick(late, &settings, false, false), None);
        assert_eq!(keepalive.due(late), late + 20 * SECOND);
        let verdict = keepalive.tick(late + 20 * SECOND, &settings, false, false);
        assert_eq!(verdict, Some(Verdict::GiveUp));
    }

    #[test]
    fn a_peer_that_cannot_show_that_it_lives_is_excused() {
        let (mut keepalive, start, settings) = keepalive();
        let _ping = keepalive.tick(start, &settings, false, false);
        let later = start + 20 * SECOND;
        assert_eq!(keepalive.tick(later, &settings, true, false), None);
        assert_eq!(keepalive.due(later), start + 30 * SECOND);
    }

    #[test]
    fn blocked_output_gets_no_ping_and_is_judged_all_the_same() {
        let (mut keepalive, start, settings) = keepalive();
        assert_eq!(keepalive.tick(start, &settings, false, true), None);
        let judged = keepalive.due(start);
        let verdict = keepalive.tick(judged, &settings, false, true);
        assert_eq!(verdict, Some(Verdict::GiveUp));
    }

    #[test]
    fn only_the_pong_of_the_last_ping_tells_the_round_trip_time_and_only_once() {
        let (mut keepalive, start, settings) = keepalive();
        let Some(Verdict::Ping(payload)) = keepalive.tick(start, &settings, false, false) else {
            panic!("a ping is due");
        };
        let number = payload[4..].try_into().unwrap();
        assert_eq!(keepalive.pong([9; 4], start + SECOND), None);
        assert_eq!(keepalive.pong(number, start + SECOND), Some(SECOND));
        assert_eq!(keepalive.pong(number, start + 2 * SECOND), None);
    }
}
