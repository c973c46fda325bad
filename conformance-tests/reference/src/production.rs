//! Sessions that look at the time: keepalive, ages and rates.

use std::{
    io::{self, Read},
    net::{Shutdown, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Fault, handlers,
    inbound::{Event, Inbound},
    keeping,
    session::{End, Session},
    slow::Queue,
    topics,
};
use switchwire_conformance::internals::Frame;

/// How long it looks away.
const TICK: Duration = Duration::from_millis(5);

/// With so much to write, output counts as blocked.
const MARK: usize = 256 << 10;

/// The times of an endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    ping: Option<Duration>,
    silence: Duration,
    closing: Duration,
    idle: Option<Duration>,
    /// How long a message may take.
    message: Option<Duration>,
    age: Option<Duration>,
    messages: Option<f64>,
    bytes: Option<f64>,
    pings: Option<usize>,
    closes: bool,
}

impl Plan {
    pub(super) fn for_path(path: &str) -> Option<Self> {
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
            "/kept" | "/kept-control" | "/kept-deaf" | "/kept-stubborn" | "/kept-unread"
            | "/kept-sluggish" | "/kept-blocked" | "/topic/room" => kept(50),
            "/unfinished" | "/unfinished-deaf" => Self {
                message: millis(300),
                silence: Duration::from_secs(20),
                ..kept(50)
            },
            "/idle-deaf" => Self {
                idle: millis(300),
                silence: Duration::from_secs(20),
                ..kept(50)
            },
            "/idle-blocked" => Self {
                idle: millis(300),
                closing: Duration::from_millis(100),
                ..usual
            },
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
    /// A message to a room that not everybody in it has yet.
    publishing: Option<JoinHandle<()>>,
    /// When the message under way began.
    unfinished: Option<Instant>,
    /// When the peer ended TCP.
    ended: Option<Instant>,
    /// When a slow handler took its last message.
    took: Instant,
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
        publishing: None,
        unfinished: None,
        ended: None,
        took: now,
    };
    match &*session.path {
        "/kept-closing" => state.close(session, 1000),
        "/kept-stubborn" | "/aging-stubborn" => handlers::open(session),
        "/kept-pushing" => state.queue = Some(push(session)),
        "/kept-blocked" | "/idle-blocked" => state.queue = Some(Queue::start(session.out.clone())),
        "/topic/room" => keeping::open(session),
        _ => {}
    }
    let end = state.run(session, stream, inbound)?;
    if state.is_blocked(session) {
        // Whoever writes is freed.
        let _ = stream.shutdown(Shutdown::Both);
    }
    Ok(end)
}

fn read(
    stream: &mut TcpStream,
    inbound: &mut Inbound<'_>,
    state: &mut State<'_>,
) -> io::Result<Option<End>> {
    let before = inbound.received;
    let end = read_some(stream, inbound)?;
    let len = inbound.received - before;
    state.heard_bytes += len;
    state.bytes -= len as f64;
    state.bytes -= if state.strict && len > 0 {
        2_000.0
    } else {
        0.0
    };
    Ok(end)
}

/// Reads the bytes of a moment; `Some` when there is nothing more to come.
pub(super) fn read_some(
    stream: &mut TcpStream,
    inbound: &mut Inbound<'_>,
) -> io::Result<Option<End>> {
    stream.set_read_timeout(Some(TICK))?;
    let mut chunk = vec![0; 64 << 10];
    Ok(match stream.read(&mut chunk) {
        Ok(0) => Some(End::Abnormal("Disconnected")),
        Ok(len) => {
            inbound.extend(&chunk[..len]);
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
    fn run(
        &mut self,
        session: &mut Session<'_>,
        stream: &mut TcpStream,
        inbound: &mut Inbound<'_>,
    ) -> io::Result<End> {
        loop {
            if let Some(end) = self.tick(session) {
                return Ok(end);
            }
            if matches!(&*session.path, "/kept-unread" | "/kept-sluggish") {
                if let Some(end) = self.read_behind_a_queue(session, stream, inbound)? {
                    return Ok(end);
                }
                continue;
            }
            let is_held = self.is_held(session);
            let is_over_rate = (self.bytes < 1.0 || self.messages < 1.0)
                && !self.plan.closes
                && !session.has(Fault::IgnoresRates);
            if is_held || is_over_rate {
                self.excuse(session);
                thread::sleep(TICK);
            } else if let Some(end) = read(stream, inbound, self)? {
                return Ok(end);
            }
            if self.takes_too_long(is_held, session, inbound) {
                session.violation(1008);
                return Ok(End::Abnormal("Policy"));
            }
            if is_held {
                continue;
            }
            if let Some(end) = self.take(session, inbound) {
                return Ok(end);
            }
        }
    }

    fn is_deaf(&self, session: &Session<'_>) -> bool {
        let key = session.head.parameter("key").unwrap_or_default();
        session.path.ends_with("-deaf") && !session.world.journals.is_started(key)
    }

    /// Whether the handler takes nothing.
    fn is_held(&self, session: &Session<'_>) -> bool {
        let publishing = self.publishing.as_ref();
        let is_publishing = publishing.is_some_and(|publishing| !publishing.is_finished());
        is_publishing || self.is_deaf(session) || self.is_blocked(session)
    }

    /// Whether the peer takes nothing of what is written.
    fn is_blocked(&self, session: &Session<'_>) -> bool {
        match &*session.path {
            "/topic/room" => session.out.is_writing(),
            "/kept-blocked" | "/idle-blocked" => {
                let queue = self.queue.as_ref();
                queue.is_some_and(|queue| !queue.has_room(MARK))
            }
            _ => false,
        }
    }

    /// While it does not read, silence is no fault of a peer that takes what is written.
    fn excuse(&mut self, session: &Session<'_>) {
        if self.is_blocked(session) && !session.has(Fault::ExcusesTheBlocked) {
            return;
        }
        self.heard |= !session.has(Fault::JudgesWhatItDoesNotRead);
        if !session.has(Fault::JudgesWhatItDoesNotRead) {
            self.moved = Instant::now();
        }
    }

    /// Whether the message under way is for too long.
    fn takes_too_long(&mut self, held: bool, session: &Session<'_>, inbound: &Inbound<'_>) -> bool {
        if session.has(Fault::TimesAllMessages) {
            self.unfinished = Some(self.opened);
        } else if inbound.is_in_message() && !held {
            self.unfinished.get_or_insert_with(Instant::now);
        } else {
            self.unfinished = None;
        }
        let (Some(time), Some(since)) = (self.plan.message, self.unfinished) else {
            return false;
        };
        since.elapsed() > time && !session.has(Fault::WaitsForEveryMessage)
    }

    /// Reads for a handler that takes little or nothing of it, so as to notice the end of TCP.
    fn read_behind_a_queue(
        &mut self,
        session: &mut Session<'_>,
        stream: &mut TcpStream,
        inbound: &mut Inbound<'_>,
    ) -> io::Result<Option<End>> {
        self.heard = true;
        match self.ended {
            None => self.ended = read(stream, inbound, self)?.map(|_| Instant::now()),
            Some(_) => thread::sleep(TICK),
        }
        let takes = session.path == "/kept-sluggish" && !session.has(Fault::GivesUpTheUnread);
        if takes && self.took.elapsed() > Duration::from_millis(50) {
            self.took = Instant::now();
            match inbound.next() {
                Some(Event::Message { payload, .. }) => {
                    session.write(format!("took {}", payload.len()));
                }
                Some(_) => {}
                None if self.ended.is_some() => return Ok(Some(End::Abnormal("Disconnected"))),
                None => {}
            }
        }
        let grace = self.plan.silence + self.plan.ping.unwrap_or_default();
        let is_over = self.ended.is_some_and(|ended| ended.elapsed() > grace);
        let gives_up = is_over && !takes && !session.has(Fault::MissesUnreadEnds);
        Ok(gives_up.then_some(End::Abnormal("Timeout")))
    }

    /// Serves the timers that are due.
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
                if !self.is_blocked(session) {
                    session.out.frame(Frame::close(1011, "silent"));
                }
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
            None if self.is_blocked(session) => {}
            None if session.path == "/topic/room" => {
                // The member's own thread may begin to write at any time, and be blocked.
                let out = session.out.clone();
                thread::spawn(move || out.frame(ping));
            }
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
                    match &self.queue {
                        Some(queue) if session.path != "/kept-pushing" => {
                            queue.force(Frame::binary(payload));
                            if queue.has_room(MARK) {
                                continue;
                            }
                            return None;
                        }
                        _ => {}
                    }
                    if session.path == "/topic/room" {
                        self.publishing = Some(publish(session, Frame::binary(payload)));
                        return None;
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
        if !self.is_blocked(session) {
            session.close(code, "");
        }
        self.closing = Some(Instant::now());
    }
}

/// Sends to everybody in the room, beside the session.
fn publish(session: &Session<'_>, frame: Frame) -> JoinHandle<()> {
    let world = session.world.clone();
    let topic = session
        .head
        .parameter("topic")
        .unwrap_or_default()
        .to_owned();
    thread::spawn(move || {
        topics::publish(&world, &topic, &frame, true);
    })
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
