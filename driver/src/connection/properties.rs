//! The invariants of a [`Connection`] under random events, over thousands of steps.
//!
//! `SWITCHWIRE_SEED=N` runs one sequence, for example the one that failed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, Error, ErrorKind, SessionId, SlowConsumerPolicy,
    WebSocketSettings,
    spi::{Duties, OutgoingFrame, ReceiveEnd},
};

use super::{Action, Condition, Connection, Event, Waiting};

const SEQUENCES: u64 = 20_000;
const SECOND: Duration = Duration::from_secs(1);

/// A connection, the state around it, and the actions it has returned.
struct World {
    connection: Connection,
    now: Instant,
    random: Random,
    answers_close: bool,
    handler_ended: bool,
    /// A close that the session was asked for and has not reached.
    asked: Option<CloseStatus>,
    close_sent: bool,
    close_written: bool,
    peer_closed: bool,
    broken: bool,
    ended_by_timer: bool,
    finished: Option<CloseOutcome>,
    is_gone: bool,
    handler_dropped: bool,
}

/// splitmix64
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.next(times) == 0
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut settings = WebSocketSettings::builder()
            .with_answer_grace(SECOND * random.next(3) as u32)
            .with_answer_grace_after_close(SECOND * random.next(2) as u32)
            .with_outbound_buffer_size(1_000);
        if random.one_in(2) {
            settings = settings.with_idle_timeout(70 * SECOND);
        }
        if random.one_in(3) {
            settings = settings.with_ping_interval(None);
        }
        if random.one_in(3) {
            settings = settings.with_slow_consumer(SlowConsumerPolicy::Wait);
        }
        let settings = Arc::new(settings.build().unwrap());
        let now = Instant::now();
        let mut duties = Duties::default();
        duties.answers_close = !random.one_in(4);
        Self {
            connection: Connection::new(settings, duties, SessionId::from_bytes([1; 16]), now),
            now,
            random,
            answers_close: duties.answers_close,
            handler_ended: false,
            asked: None,
            close_sent: false,
            close_written: false,
            peer_closed: false,
            broken: false,
            ended_by_timer: false,
            finished: None,
            is_gone: false,
            handler_dropped: false,
        }
    }

    /// Sends an event that is possible in this phase.
    fn step(&mut self) {
        let event = match self.random.next(14) {
            0 | 1 if self.connection.may_read() => Event::PeerEnded(if self.random.one_in(2) {
                ReceiveEnd::Close(Some(CloseCode::NORMAL.into()))
            } else {
                let kinds = [ErrorKind::Protocol, ErrorKind::Io, ErrorKind::Disconnected];
                ReceiveEnd::Failed(Error::new(kinds[self.random.next(3) as usize]))
            }),
            2 | 3 => Event::HandlerWaits(Waiting {
                has_run: self.random.one_in(2),
                is_blocked: self.random.one_in(3),
                owes: self.random.one_in(2),
                unread: self.random.next(5) as usize,
            }),
            4 if !self.handler_ended => {
                self.ask(CloseCode::NORMAL.into());
                Event::HandlerEnded
            }
            5 => {
                self.ask(CloseCode::SERVICE_RESTART.into());
                return;
            }
            6 | 7 => Event::Flushed,
            8 => {
                let bytes = self.random.next(5_000) as usize;
                self.block(bytes);
                if self.random.one_in(2) {
                    return;
                }
                Event::OverMark {
                    held: 2_000,
                    unacknowledged: self.random.next(5_000) as usize,
                }
            }
            9 if self.random.one_in(4) => Event::Failed(Error::new(ErrorKind::Io)),
            10 => {
                self.now += SECOND * self.random.next(40) as u32;
                self.due();
                return;
            }
            11 if self.random.one_in(4) => Event::ShutDown,
            12 if self.random.one_in(12) => Event::Abort,
            13 if self.connection.is_half_closed() => Event::PeerFinished,
            _ => match self.asked.take() {
                Some(status) => Event::CloseAsked(status),
                None => return,
            },
        };
        self.happens(event);
    }

    fn block(&mut self, bytes: usize) {
        self.connection.schedule.block(bytes);
    }

    /// A session asks for a close once. Later requests have no effect.
    fn ask(&mut self, status: CloseStatus) {
        self.asked.get_or_insert(status);
    }

    /// Advances the time to the connection's deadline, if it has one.
    fn due(&mut self) {
        if self.connection.deadline().is_some_and(|at| at <= self.now) {
            let condition = Condition {
                has_room: self.random.one_in(2),
                unread: self.random.next(3) as usize,
                unfinished: self.random.one_in(2),
                peer_has_ended: self.random.one_in(2),
                unacknowledged: self.random.next(5_000) as usize,
            };
            self.happens(Event::Timer(condition));
            let next = self.connection.deadline();
            assert!(next.is_none_or(|at| at > self.now), "the driver would spin");
        }
    }

    fn happens(&mut self, event: Event) {
        match &event {
            Event::PeerEnded(ReceiveEnd::Close(_)) => self.peer_closed = true,
            Event::PeerEnded(ReceiveEnd::Failed(_)) | Event::Failed(_) => self.broken = true,
            Event::HandlerEnded => self.handler_ended = true,
            Event::Flushed if self.close_sent => self.close_written = true,
            Event::Timer(_) | Event::Abort => self.ended_by_timer = true,
            _ => {}
        }
        let what = format!("{event:?} in {:?}", self.connection);
        for action in self.connection.on(event, self.now) {
            let is_gone = self.is_gone;
            match action {
                Action::Send(outgoing) => {
                    assert!(!self.close_sent, "sent behind a Close: {what}");
                    assert!(!is_gone, "sent over nothing: {what}");
                    self.close_sent = matches!(outgoing, OutgoingFrame::Close(_));
                }
                Action::AskForClose(status) => {
                    assert!(self.connection.may_send(), "asks too late: {what}");
                    self.ask(status);
                }
                Action::Finish(outcome) => {
                    self.finished.get_or_insert(outcome);
                }
                Action::DropTransport => {
                    assert!(self.finished.is_some(), "gone without an outcome: {what}");
                    self.is_gone = true;
                }
                Action::DropHandler => self.handler_dropped = true,
                Action::TryFlush | Action::Report(_) | Action::WarnNotReading => {}
            }
        }
        assert_eq!(self.connection.outcome().is_some(), self.is_gone, "{what}");
    }

    /// The reported outcome is the real one.
    fn told_the_truth(&self) {
        let told = self.finished.as_ref().expect("there is always an outcome");
        let is_true = match told {
            // The transport writes the answer itself, when its duties say so.
            CloseOutcome::ByPeer(_) => {
                self.peer_closed && (self.close_written || self.broken || !self.answers_close)
            }
            CloseOutcome::ByUs(_) => self.peer_closed && self.close_sent && self.close_written,
            CloseOutcome::TimedOut => self.ended_by_timer,
            CloseOutcome::Abnormal(error) if error.kind() == ErrorKind::Timeout => {
                self.ended_by_timer
            }
            CloseOutcome::Abnormal(_) => self.broken,
        };
        assert!(is_true, "{told} is not what happened");
    }

    /// From now on, nothing happens except what the connection asks for, and time passes.
    fn ends_by_itself(&mut self) {
        let settings = WebSocketSettings::default();
        // A shutdown first drains. Each of three phases has a closing deadline. Then the handler may
        // run for its grace.
        let longest =
            settings.answer_grace() + 4 * settings.closing_deadline() + settings.handler_grace();
        let latest = self.now + longest;
        self.happens(Event::ShutDown);
        while !(self.is_gone && (self.handler_ended || self.handler_dropped)) {
            if let Some(status) = self.asked.take_if(|_| self.connection.may_send()) {
                self.happens(Event::CloseAsked(status));
            }
            self.now = self.connection.deadline().expect("there is an end");
            assert!(
                self.now <= latest,
                "it takes too long: {:?}",
                self.connection
            );
            self.due();
        }
        assert_eq!(self.connection.deadline(), None);
    }
}

#[test]
fn whatever_happens_a_connection_keeps_its_promises() {
    let seed = std::env::var("SWITCHWIRE_SEED").ok();
    let seeds = match seed.map(|seed| seed.parse::<u64>().expect("SWITCHWIRE_SEED is a number")) {
        Some(seed) => seed..seed + 1,
        None => 0..SEQUENCES,
    };
    for seed in seeds {
        let sequence = move || {
            let mut world = World::new(seed);
            for _ in 0..world.random.next(60) {
                world.step();
            }
            world.ends_by_itself();
            world.told_the_truth();
            // There is no transition back.
            for _ in 0..20 {
                world.step();
                assert!(world.connection.outcome().is_some());
            }
        };
        let result = std::panic::catch_unwind(sequence);
        assert!(result.is_ok(), "to see it again: SWITCHWIRE_SEED={seed}");
    }
}

#[test]
fn a_failure_with_a_close_behind_what_is_blocked_ends_at_once() {
    // 16 KiB are blocked, then `[Ping, Close]` arrive and the network fails. The phase once went
    // back from Gone to Ending, and the session ended a closing deadline late.
    let settings = Arc::new(WebSocketSettings::default());
    let now = Instant::now();
    let mut connection = Connection::new(
        settings,
        Duties::default(),
        SessionId::from_bytes([1; 16]),
        now,
    );
    connection.schedule.block(16 << 10);
    connection.on(Event::HandlerEnded, now);
    connection.on(Event::Failed(Error::new(ErrorKind::Io)), now);
    let actions = connection.on(Event::PeerEnded(ReceiveEnd::Close(None)), now);
    assert!(actions.is_empty(), "{actions:?}");
    assert_eq!(connection.deadline(), None);
    assert_eq!(connection.outcome().unwrap().code(), 1006);
}
