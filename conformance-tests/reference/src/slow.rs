//! Sessions that send more than their peer reads.

use std::{
    collections::VecDeque,
    io,
    net::{Shutdown, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc::Sender},
    thread,
    time::{Duration, Instant},
};

use super::{
    Fault, World, handlers,
    inbound::{Event, Inbound},
    production::read_some,
    session::{End, Out, Session, end_tcp},
};
use switchwire_conformance::{
    contract::{SLOW_LEN, SLOW_MESSAGES, STEADY_LEN},
    internals::{Frame, opcode},
};

const MARK: usize = 8 * SLOW_LEN;

/// How often it looks at what a peer took.
const TICK: Duration = Duration::from_millis(5);

/// With a queue full for this long, the peer is slow.
const BLOCKED: Duration = Duration::from_millis(50);

/// Frames that wait for a thread that writes them.
#[derive(Clone, Default)]
pub(super) struct Queue {
    shared: Arc<(Mutex<Waiting>, Condvar)>,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Frame>,
    /// With what is being written.
    bytes: usize,
    count: usize,
    /// So far.
    written: usize,
    ended: bool,
}

impl Queue {
    /// A queue whose frames are written.
    pub(super) fn start(out: Out) -> Self {
        let queue = Self::default();
        queue.write_to(out);
        queue
    }

    fn write_to(&self, out: Out) {
        let queue = self.clone();
        thread::spawn(move || {
            while let Some(frame) = queue.front() {
                let len = frame.payload.len();
                out.frame(frame);
                let mut waiting = queue.lock();
                waiting.bytes -= len;
                waiting.count -= 1;
                waiting.written += len;
                queue.shared.1.notify_all();
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn front(&self) -> Option<Frame> {
        let mut waiting = self.lock();
        loop {
            if waiting.ended {
                return None;
            }
            if let Some(frame) = waiting.frames.pop_front() {
                return Some(frame);
            }
            waiting = self.wait(waiting, None);
        }
    }

    fn wait<'a>(
        &self,
        waiting: MutexGuard<'a, Waiting>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, Waiting> {
        let time = time.unwrap_or(Duration::from_millis(500));
        let waited = self.shared.1.wait_timeout(waiting, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().count == 0
    }

    /// Waits until there is room, for this long; false when there is none.
    pub(super) fn wait_for_room(&self, time: Option<Duration>) -> bool {
        self.wait_until(time, |waiting| waiting.bytes < MARK)
    }

    /// Whether less than this waits.
    pub(super) fn has_room(&self, mark: usize) -> bool {
        self.lock().bytes < mark
    }

    fn wait_until(&self, time: Option<Duration>, holds: impl Fn(&Waiting) -> bool) -> bool {
        let until = time.map(|time| Instant::now() + time);
        let mut waiting = self.lock();
        while !holds(&waiting) && !waiting.ended {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            waiting = self.wait(waiting, left);
        }
        !waiting.ended
    }

    /// Puts in a frame, room or not.
    pub(super) fn force(&self, frame: Frame) {
        let mut waiting = self.lock();
        waiting.bytes += frame.payload.len();
        waiting.count += 1;
        waiting.frames.push_back(frame);
        self.shared.1.notify_all();
    }

    /// Takes out what has waited longest.
    fn displace(&self) -> bool {
        let mut waiting = self.lock();
        let Some(frame) = waiting.frames.pop_front() else {
            return false;
        };
        waiting.bytes -= frame.payload.len();
        waiting.count -= 1;
        true
    }

    fn end(&self) {
        self.lock().ended = true;
        self.shared.1.notify_all();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Wait,
    Close,
    Newest,
    Oldest,
}

/// The handler, on a thread of its own.
struct Sending {
    queue: Queue,
    journal: Sender<String>,
    world: Arc<World>,
    policy: Policy,
    /// How long a slow peer is borne with.
    after: Duration,
    dropped: u32,
    blocked: bool,
    /// The code of our Close, and when it was asked for.
    closing: Arc<Mutex<Option<(u16, Instant)>>>,
}

/// Runs a session to its end.
pub(super) fn run(
    mut session: Session<'_>,
    mut stream: TcpStream,
    inbound: &mut Inbound<'_>,
) -> io::Result<()> {
    let world = session.world.clone();
    let policy = match session.path.trim_start_matches("/slow/") {
        "wait" => Policy::Wait,
        "newest" | "loop-newest" => Policy::Newest,
        "oldest" | "loop-oldest" => Policy::Oldest,
        _ => Policy::Close,
    };
    let after = match &*session.path {
        "/slow/close-late" => 2_000,
        "/slow/steady" => 500,
        _ => 100,
    };
    let deadline = if session.path == "/slow/close-soon" {
        Duration::from_millis(100)
    } else {
        Duration::from_secs(5)
    };
    let queue = Queue::default();
    let closing = Arc::default();
    let sending = Sending {
        queue: queue.clone(),
        journal: session.journal.clone(),
        world: world.clone(),
        policy,
        after: Duration::from_millis(after),
        dropped: 0,
        blocked: false,
        closing: Arc::clone(&closing),
    };
    let how = match &*session.path {
        "/slow/steady" => "steady",
        "/slow/loop-newest" | "/slow/loop-oldest" => "loop",
        _ => session.head.parameter("how").unwrap_or_default(),
    };
    let (how, out) = (how.to_owned(), session.out.clone());
    thread::spawn(move || sending.run(&how, out));
    let end = loop {
        let read_end = read_some(&mut stream, inbound)?;
        // After it, as what was read may be the answer to our Close.
        let asked = *closing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((code, at)) = asked {
            session.closing = Some((code, String::new()));
            if at.elapsed() > deadline {
                break End::TimedOut;
            }
        }
        if let Some(end) = read_end {
            break end;
        }
        if let Some(end) = take(&session, inbound, &queue) {
            break end;
        }
    };
    if !matches!(end, End::TimedOut) {
        queue.wait_until(Some(deadline), |waiting| waiting.count == 0);
    }
    queue.end();
    if session
        .closing
        .as_ref()
        .is_some_and(|(code, _)| *code == 1008)
    {
        handlers::ended(&mut session, &end);
    }
    drop(session);
    if matches!(end, End::TimedOut) {
        return stream.shutdown(Shutdown::Both);
    }
    end_tcp(stream, &world)
}

fn take(session: &Session<'_>, inbound: &mut Inbound<'_>, queue: &Queue) -> Option<End> {
    while let Some(event) = inbound.next() {
        match event {
            Event::Ping(payload) if !session.has(Fault::DropsPongs) => {
                queue.force(Frame::pong(payload));
            }
            Event::Close(_) if session.closing.is_some() => return Some(End::ByUs),
            Event::Close(_) if session.has(Fault::SendsOnBehindAClose) => {
                return Some(End::Abnormal("Disconnected"));
            }
            Event::Close(payload) => {
                queue.force(Frame::new(opcode::CLOSE, &payload));
                return Some(End::ByPeer(None));
            }
            _ => {}
        }
    }
    None
}

impl Sending {
    fn has(&self, fault: Fault) -> bool {
        self.world.has(fault)
    }

    fn write(&self, entry: impl Into<String>) {
        // Nobody may be reading any more, and that is fine.
        let _ = self.journal.send(entry.into());
    }

    fn run(mut self, how: &str, out: Out) {
        if how == "try" {
            return self.try_send();
        }
        self.queue.write_to(out);
        if how == "steady" {
            return self.send_steadily();
        }
        if how == "loop" {
            return self.drop_without_end();
        }
        for n in 0..SLOW_MESSAGES {
            if !self.send(n) {
                self.write("send failed");
                return;
            }
            self.write(format!("sent {}", n + 1));
        }
        if self.has(Fault::MiscountsDrops) {
            self.dropped += 1;
        }
        self.write(format!("dropped {}", self.dropped));
        if how == "close" {
            if !self.has(Fault::DropsClose) {
                self.close(4001);
            }
            return;
        }
        if self.queue.wait_until(None, |waiting| waiting.count == 0) {
            self.queue.force(Frame::text("end"));
        }
    }

    /// Drops messages that nobody takes until the session ends.
    fn drop_without_end(&self) {
        self.write("dropping");
        while !self.queue.lock().ended {
            thread::sleep(TICK);
        }
        if !self.has(Fault::NeverStopsDropping) {
            self.write("send failed");
        }
    }

    /// Sends small messages without end, and judges the peer by how much of them it takes.
    fn send_steadily(&self) {
        let mut begun = None;
        while !self.queue.lock().ended {
            if self
                .queue
                .wait_until(Some(TICK), |waiting| waiting.bytes < STEADY_LEN)
            {
                self.queue.force(Frame::binary(vec![0; STEADY_LEN]));
            }
            let written = self.queue.lock().written;
            let (since, before) = *begun.get_or_insert((Instant::now(), written));
            if since.elapsed() < self.after {
                continue;
            }
            begun = None;
            let is_too_slow = match self.world.fault {
                Some(Fault::ClosesWhoeverLags | Fault::ClosesAtTheMark) => true,
                Some(Fault::SparesWhoTakesAnything | Fault::NeverClosesTheSlow) => false, // the peer takes something all along
                _ => written - before < STEADY_LEN,
            };
            if is_too_slow {
                self.write("send failed");
                return self.close(1008);
            }
        }
    }

    /// Sends as the policy says; false when it closed instead.
    fn send(&mut self, n: u32) -> bool {
        let frame = Frame::binary(n.to_be_bytes().repeat(SLOW_LEN / 4));
        let room = self.queue.wait_for_room(Some(Duration::ZERO));
        self.blocked &= !room;
        if room || self.has(Fault::AcceptsWithoutBound) {
            self.queue.force(frame);
            return true;
        }
        match self.policy {
            Policy::Wait if !self.has(Fault::DropsThoughItWaits) => {
                self.queue.wait_for_room(None);
            }
            Policy::Newest | Policy::Oldest if self.has(Fault::WaitsThoughItDrops) => {
                self.queue.wait_for_room(None);
            }
            Policy::Close => {
                let time = match self.world.fault {
                    Some(Fault::ClosesAtTheMark) => Some(Duration::ZERO),
                    Some(Fault::NeverClosesTheSlow) => None,
                    _ => Some(self.after),
                };
                if !self.queue.wait_for_room(time) {
                    self.close(1008);
                    return false;
                }
            }
            _ if self.blocked || !self.queue.wait_for_room(Some(BLOCKED)) => {
                return self.drop_one(frame);
            }
            _ => {}
        }
        self.queue.force(frame);
        true
    }

    fn drop_one(&mut self, frame: Frame) -> bool {
        self.blocked = true;
        if self.has(Fault::ClosesSlowDroppers) {
            self.close(1008);
            return false;
        }
        self.dropped += 1;
        let oldest = (self.policy == Policy::Oldest) != self.has(Fault::SwapsDropPolicies);
        if oldest && self.queue.displace() {
            self.queue.force(frame);
        }
        true
    }

    fn try_send(&self) {
        let waits = matches!(self.policy, Policy::Wait | Policy::Close);
        if self.has(Fault::TrySendWaits) {
            return;
        }
        if waits != self.has(Fault::SwapsTrySend) {
            self.write("full after 8, given back: true");
        } else {
            self.write(format!("dropped {}", SLOW_MESSAGES - 8));
        }
        self.close(1000);
    }

    fn close(&self, code: u16) {
        let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        *closing = Some((code, Instant::now()));
        drop(closing);
        self.queue.force(Frame::close(code, ""));
    }
}
