//! Sessions that look at the time: keepalive, ages and rates.

use std::{
    io::{self, Read},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{
    Fault, handlers,
    inbound::{Event, Inbound},
    session::{End, Session},
    slow::Queue,
};
use crate::wire::Frame;

/// How long it looks away.
const TICK: Duration = Duration::from_millis(5);

/// When what is due on an endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    ping: Option<Duration>,
    silence: Duration,
    closing: Duration,
    idle: Option<Duration>,
    age: Option<Duration>,
    messages: Option<f64>,
    bytes: Option<f64>,
    pings: Option<usize>,
    closes: bool,
}

impl Plan {
    pub(super) fn of(path: &str) -> Option<Self> {
        let millis = |millis| Some(Duration::from_millis(millis));
        let usual = Self {
            silence: Duration::from_millis(300),
            closing: Duration::from_millis(300),
            ..Self::default()
        };
        let kept = |ping| Self {
            ping: millis(ping),
            ..usual
        };
        Some(match path {
            "/kept" | "/kept-control" | "/kept-deaf" | "/kept-stubborn" => kept(50),
            "/kept-pushing" => Self {
                silence: Duration::from_secs(5),
                ..kept(20)
            },
            "/kept-closing" => kept(20),
            "/idle" => Self {
                idle: millis(100),
                ..usual
            },
            "/idle-pinging" => Self {
                idle: millis(300),
                ..kept(50)
            },
            "/idle-ticking" => Self {
                idle: millis(400),
                ..usual
            },
            "/aging" => Self {
                age: millis(200),
                ..usual
            },
            "/aging-stubborn" => Self {
                age: millis(100),
                ..usual
            },
            "/rate-two" => Self {
                messages: Some(2.0),
                ..usual
            },
            "/rate-many" => Self {
                messages: Some(200.0),
                ..usual
            },
            "/rate-closing" => Self {
                messages: Some(5.0),
                closes: true,
                ..usual
            },
            "/rate-bytes" => Self {
                bytes: Some(65_536.0),
                ..usual
            },
            "/rate-bytes-closing" => Self {
                bytes: Some(4096.0),
                closes: true,
                ..usual
            },
            "/rate-pings" => Self {
                pings: Some(5),
                ..usual
            },
            _ => return None,
        })
    }
}

struct State<'p> {
    plan: &'p Plan,
    opened: Instant,
    next_ping: Instant,
    pinged: usize,
    payload: Vec<u8>,
    judge_at: Option<Instant>,
    heard: bool,
    heard_bytes: usize,
    rtt: bool,
    moved: Instant,
    closing: Option<Instant>,
    ticks: u32,
    /// What may come now.
    messages: f64,
    bytes: f64,
    pings: usize,
    refilled: Instant,
    /// Takes bytes at the rate for too many.
    strict: bool,
    queue: Option<Queue>,
}

/// Runs a session to its end.
pub(super) fn run(
    session: &mut Session<'_>,
    plan: &Plan,
    stream: &mut TcpStream,
    inbound: &mut Inbound<'_>,
) -> io::Result<End> {
    let now = Instant::now();
    let mut state = State {
        plan,
        opened: now,
        next_ping: now + plan.ping.unwrap_or_default(),
        pinged: 0,
        payload: Vec::new(),
        judge_at: None,
        heard: false,
        heard_bytes: 0,
        rtt: false,
        moved: now,
        closing: None,
        ticks: 0,
        messages: plan.messages.unwrap_or(f64::MAX),
        bytes: plan.bytes.unwrap_or(f64::MAX),
        pings: plan.pings.unwrap_or(usize::MAX),
        refilled: now,
        strict: session.has(Fault::RefusesTheLimit),
        queue: None,
    };
    match &*session.path {
        "/kept-closing" => state.close(session, 1000),
        "/kept-stubborn" | "/aging-stubborn" => handlers::open(session),
        "/kept-pushing" => state.queue = Some(push(session)),
        _ => {}
    }
    loop {
        if let Some(end) = state.tick(session) {
            return Ok(end);
        }
        let key = session.head.parameter("key").unwrap_or_default();
        let deaf = session.path == "/kept-deaf" && !session.world.journals.is_started(key);
        let waits = state.bytes < 1.0 || state.messages < 1.0;
        if deaf || (waits && !plan.closes && !session.has(Fault::IgnoresRates)) {
            state.heard |= !session.has(Fault::JudgesWhatItDoesNotRead);
            thread::sleep(TICK);
        } else if let Some(end) = read(stream, inbound, &mut state)? {
            return Ok(end);
        }
        if deaf {
            continue;
        }
        if let Some(end) = state.take(session, inbound) {
            return Ok(end);
        }
    }
}

fn read(
    stream: &mut TcpStream,
    inbound: &mut Inbound<'_>,
    state: &mut State<'_>,
) -> io::Result<Option<End>> {
    stream.set_read_timeout(Some(TICK))?;
    let mut chunk = vec![0; 64 << 10];
    Ok(match stream.read(&mut chunk) {
        Ok(0) => Some(End::Abnormal("Disconnected")),
        Ok(len) => {
            inbound.extend(&chunk[..len]);
            state.heard_bytes += len;
            state.bytes -= len as f64;
            state.bytes -= if state.strict { 2_000.0 } else { 0.0 };
            None
        }
        Err(error) => match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                None
            }
            _ => Some(End::Abnormal("Io")),
        },
    })
}

impl State<'_> {
    /// Does what is due.
    fn tick(&mut self, session: &mut Session<'_>) -> Option<End> {
        let (now, plan) = (Instant::now(), self.plan);
        let passed = (now - self.refilled).as_secs_f64();
        self.refilled = now;
        let refill = |left: &mut f64, rate: Option<f64>| {
            if let Some(rate) = rate {
                *left = (*left + passed * rate).min(rate);
            }
        };
        refill(&mut self.messages, plan.messages);
        refill(&mut self.bytes, plan.bytes);
        if let Some(closing) = self.closing {
            if session.has(Fault::PingsAfterClose) {
                session.out.frame(Frame::ping("after"));
            }
            return (now > closing + plan.closing && !session.has(Fault::WaitsForEver))
                .then_some(End::TimedOut);
        }
        if session.path == "/idle-ticking"
            && self.ticks < 12
            && now >= self.opened + Duration::from_millis(50) * self.ticks
        {
            session.text(&format!("tick {}", self.ticks));
            self.ticks += 1;
            if !session.has(Fault::IdlesThoughSending) {
                self.moved = now;
            }
        }
        let past =
            |time: Option<Duration>, since: Instant| time.is_some_and(|time| now > since + time);
        if past(plan.age, self.opened) && !session.has(Fault::NeverAges)
            || past(plan.idle, self.moved) && !session.has(Fault::NeverIdles)
        {
            self.close(session, 1001);
            return None;
        }
        self.keep_alive(session, now)
    }

    fn keep_alive(&mut self, session: &Session<'_>, now: Instant) -> Option<End> {
        if self.heard_bytes >= 1024 && !session.has(Fault::HearsWholeMessagesOnly)
            || self.heard_bytes > 0 && session.has(Fault::HearsEveryByte)
        {
            self.heard = true;
        }
        if let Some(judge_at) = self.judge_at {
            if self.heard && !session.has(Fault::HearsNothing) {
                self.judge_at = None;
            } else if now > judge_at && !session.has(Fault::NeverGivesUp) {
                session.out.frame(Frame::close(1011, "silent"));
                return Some(End::Abnormal("Timeout"));
            }
        }
        let may_ping = match session.world.fault {
            Some(Fault::NeverPings) => false,
            Some(Fault::PingsTheIdleOnly) => now > self.moved + Duration::from_secs(1),
            _ => true,
        };
        let interval = self.plan.ping?;
        if now < self.next_ping || !may_ping {
            return None;
        }
        self.next_ping = now + interval;
        if self.judge_at.is_none() {
            self.judge_at = Some(now + self.plan.silence);
            (self.heard, self.heard_bytes) = (false, 0);
        }
        self.pinged += 1;
        self.payload = format!("keepalive {}", self.pinged).into_bytes();
        let ping = Frame::ping(&self.payload);
        match &self.queue {
            None => session.out.frame(ping),
            Some(queue) if queue.is_empty() || session.has(Fault::PingsBlockedOutput) => {
                queue.force(ping);
            }
            Some(_) => {}
        }
        None
    }

    /// Takes what came, as far as it may.
    fn take(&mut self, session: &mut Session<'_>, inbound: &mut Inbound<'_>) -> Option<End> {
        let limits = !session.has(Fault::IgnoresRates);
        while self.messages >= 1.0 || self.plan.closes || !limits {
            let frames = inbound.frames;
            let event = inbound.next();
            if inbound.frames > frames && !session.has(Fault::HearsWholeMessagesOnly) {
                self.heard |= !session.has(Fault::HearsItsOwnPongsOnly);
            }
            if self.plan.closes && limits && self.bytes < 0.0 {
                return session.violation(1008);
            }
            let event = event?;
            match &event {
                Event::Message { payload, .. } => {
                    self.heard |= !session.has(Fault::HearsItsOwnPongsOnly);
                    if !session.has(Fault::IdlesThoughReceiving) {
                        self.moved = Instant::now();
                    }
                    let refused = session.has(Fault::RefusesTheLimit) && self.messages < 2.0;
                    if self.plan.closes && limits && (self.messages < 1.0 || refused) {
                        return session.violation(1008);
                    }
                    self.messages -= 1.0;
                    let lost = session.has(Fault::LosesWhatWaited) && self.messages < 1.0;
                    if lost {
                        self.messages = 1.0;
                        continue;
                    }
                    if payload == b"rtt" {
                        session.text(if self.rtt { "known" } else { "unknown" });
                        continue;
                    }
                }
                Event::Ping(_) if limits => {
                    if session.has(Fault::PingsKeepFromIdling) {
                        self.moved = Instant::now();
                    }
                    let least = usize::from(session.has(Fault::RefusesTheLimit));
                    if self.pings <= least && self.plan.pings.is_some() {
                        return session.violation(1008);
                    }
                    self.pings -= 1;
                }
                Event::Pong(payload) => {
                    let ours = *payload == self.payload;
                    self.heard |= ours;
                    self.rtt |= (ours && !session.has(Fault::KnowsNoRoundTrip))
                        || session.has(Fault::TakesAnyPong);
                    if ours && !session.has(Fault::ShowsItsOwnPongs) {
                        continue;
                    }
                }
                Event::Ping(_) | Event::Close(_) | Event::Violation(_) => {}
            }
            if let Some(end) = session.handle(event, inbound) {
                return Some(end);
            }
        }
        None
    }

    fn close(&mut self, session: &mut Session<'_>, code: u16) {
        session.close(code, "");
        self.closing = Some(Instant::now());
    }
}

/// Sends much more than fits, beside the session.
fn push(session: &Session<'_>) -> Queue {
    let queue = Queue::start(session.out.clone());
    let (sending, journal) = (queue.clone(), session.journal.clone());
    thread::spawn(move || {
        for n in 0..512 {
            sending.wait_for_room(None);
            sending.force(Frame::binary(vec![0; 64 << 10]));
            // Nobody may be reading any more, and that is fine.
            let _ = journal.send(format!("accepted {}", n + 1));
        }
        sending.force(Frame::close(1000, ""));
    });
    queue
}
