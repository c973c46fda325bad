//! A session of the reference server.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    thread,
    time::Duration,
};

use super::{
    Fault, World, access, answers,
    around::{Kept, Ticket, admit},
    handlers, hoards,
    http::Head,
    inbound::{Event, Inbound, Limits},
    production::{self, Plan},
    slow,
};
use switchwire_conformance::internals::{Frame, opcode};

/// What a handler that does not read lets wait.
const UNREAD: usize = 64 << 10;

/// How long a hurried endpoint waits.
const SHORT: Duration = Duration::from_millis(100);

pub(super) struct Session<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) head: Head,
    pub(super) path: String,
    pub(super) subprotocol: Option<String>,
    pub(super) remote: String,
    pub(super) id: u64,
    pub(super) attribute: Option<String>,
    pub(super) out: Out,
    pub(super) ticket: Ticket,
    kept: Kept,
    pub(super) journal: Sender<String>,
    /// The status of our Close, once it was sent.
    pub(super) closing: Option<(u16, String)>,
    /// Whether the peer's Close was answered.
    answered: bool,
    /// What waits for a handler that does not read.
    unread: usize,
    /// Messages so far.
    messages: usize,
    /// What was sent and not written, by a server that needs to be told.
    unwritten: Vec<Frame>,
}

/// How a session ended.
#[derive(Debug)]
pub(super) enum End {
    ByPeer(Option<(u16, String)>),
    ByUs,
    TimedOut,
    Abnormal(&'static str),
}

impl<'a> Session<'a> {
    pub(super) fn new(
        stream: &TcpStream,
        world: &'a Arc<World>,
        head: Head,
        path: String,
        subprotocol: Option<String>,
        remote: String,
        is_control: bool,
    ) -> io::Result<Result<Self, u16>> {
        let parameter = |name| head.parameter(name).unwrap_or_default().to_owned();
        let id = world.sessions.fetch_add(1, Ordering::Relaxed);
        let out = Out::new(stream.try_clone()?, world);
        let kept = Kept {
            path: path.clone(),
            tag: parameter("tag"),
            key: parameter("key"),
            out: out.clone(),
            stream: Arc::new(stream.try_clone()?),
            closed: Arc::default(),
            unread: Arc::default(),
        };
        let client = access::Client::from_head(&head, &remote, world).address;
        let client = if world.has(Fault::CountsConnections) {
            &remote
        } else {
            &client
        };
        let ticket = match admit(world, id, client, kept.clone(), is_control) {
            Ok(ticket) => ticket,
            Err(status) => return Ok(Err(status)),
        };
        Ok(Ok(Self {
            journal: world.journals.writer(&kept.key),
            remote,
            id,
            out,
            ticket,
            kept,
            world,
            head,
            path,
            subprotocol,
            attribute: None,
            closing: None,
            answered: false,
            unread: 0,
            messages: 0,
            unwritten: Vec::new(),
        }))
    }

    /// Keeps a message for a handler that does not read yet.
    pub(super) fn store(&self, text: &str) {
        let mut unread = self
            .kept
            .unread
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unread.push(text.to_owned());
    }

    /// Learns of a Close that was sent from outside.
    fn hear(&mut self) {
        let closed = self
            .kept
            .closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.closing.is_none() {
            self.closing = closed.clone();
        }
    }

    pub(super) fn is_first_message(&self) -> bool {
        self.messages == 1
    }

    /// Begins the closing handshake, unless it has begun from outside.
    pub(super) fn close_as_known(&mut self, code: u16) {
        self.kept.close(code);
        self.hear();
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.world.has(fault)
    }

    pub(super) fn write(&self, entry: impl Into<String>) {
        // Nobody may be reading any more, and that is fine.
        let _ = self.journal.send(entry.into());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.send(Frame::text(text));
    }

    pub(super) fn send(&mut self, frame: Frame) {
        if self.closing.is_some() {
            return;
        }
        if self.has(Fault::CloseOvertakesSends)
            || self.has(Fault::NeedsFlush)
            || self.has(Fault::WritesBehindTheFlood)
        {
            self.unwritten.push(frame);
        } else {
            self.out.frame(frame);
        }
    }

    fn flush(&mut self) {
        if self.path == "/flooded" && self.has(Fault::WritesBehindTheFlood) {
            return; // which has no end that is seen
        }
        for frame in self.unwritten.drain(..) {
            self.out.frame(frame);
        }
    }

    /// Begins the closing handshake.
    pub(super) fn close(&mut self, code: u16, reason: &str) {
        if self.closing.is_some() {
            return;
        }
        if self.has(Fault::CloseOvertakesSends) {
            self.unwritten.clear();
        }
        let code = if self.has(Fault::ChangesCodes) {
            1000
        } else {
            code
        };
        self.flush();
        self.out.frame(Frame::close(code, reason));
        self.closing = Some((code, reason.to_owned()));
    }

    /// Runs it to its end.
    pub(super) fn run(mut self, mut stream: TcpStream, buffer: Vec<u8>) -> io::Result<()> {
        let world = self.world;
        let mut inbound = Inbound::new(world, self.limits(), buffer);
        if let Some(plan) = Plan::for_path(&self.path) {
            let end = production::run(&mut self, &plan, &mut stream, &mut inbound)?;
            handlers::ended(&mut self, &end);
            drop(self);
            return end_tcp(stream, world);
        }
        if self.path.starts_with("/slow/") {
            return slow::run(self, stream, &mut inbound);
        }
        if self.path.starts_with("/answers/") {
            return answers::run(self, stream, &mut inbound);
        }
        if self.path.starts_with("/hoard") {
            return hoards::run(self, stream, &mut inbound);
        }
        handlers::open(&mut self);
        if self.path == "/never-reads" && self.has(Fault::ServesOnlyReaders) {
            world.keep_stuck(stream);
            return Ok(());
        }
        let mut batch = Vec::new();
        let end = loop {
            self.take_events(&mut inbound, &mut batch);
            if !self.has(Fault::ForgetsLastMessages)
                && let Some(end) = batch
                    .drain(..)
                    .find_map(|event| self.handle(event, &mut inbound))
            {
                break end;
            }
            if self.unread > UNREAD && !self.has(Fault::ReadsWithoutBound) {
                world.keep_stuck(stream);
                return Ok(());
            }
            if self.has(Fault::CloseOvertakesSends) {
                self.flush();
            }
            match self.read(&mut stream, &mut inbound)? {
                None => {}
                Some(end) => break self.ended(end, &mut inbound),
            }
            if let Some(end) = batch
                .drain(..)
                .find_map(|event| self.handle(event, &mut inbound))
            {
                break end;
            }
        };
        if matches!(end, End::Abnormal(_)) && self.has(Fault::DiesOfBadEnds) {
            world.stopped.store(true, Ordering::Relaxed);
            // Wakes nobody: the next connection is the one that is not served.
        }
        self.hear();
        self.ticket.end(&end);
        if self.has(Fault::EndsBeforeHandlers) {
            let Self { ticket, .. } = &mut self;
            ticket.give_up(world);
        }
        if self.path.starts_with("/down/") || self.path == "/kept/late" {
            let _ = stream.shutdown(Shutdown::Write); // the handler may take its time
        }
        handlers::ended(&mut self, &end);
        drop(self);
        end_tcp(stream, world)
    }

    /// What has arrived, as events, with the overtaking that a fault does.
    fn take_events(&self, inbound: &mut Inbound<'_>, batch: &mut Vec<Event>) {
        while let Some(event) = inbound.next() {
            let last = matches!(event, Event::Close(_) | Event::Violation(_));
            batch.push(event);
            if last {
                break;
            }
        }
        let overtakes = match batch.last() {
            Some(Event::Close(_)) => {
                self.has(Fault::CloseOvertakesMessages) || self.has(Fault::ClosesReceivingEarly)
            }
            Some(Event::Violation(_)) => self.has(Fault::ErrorsOvertakeMessages),
            _ => false,
        };
        if overtakes {
            batch.drain(..batch.len() - 1);
        }
        if self.has(Fault::ForgetsPingsAtClose) && matches!(batch.last(), Some(Event::Close(_))) {
            batch.retain(|event| !matches!(event, Event::Ping(_)));
        }
        if self.has(Fault::AnswersOnePing) {
            let pings = batch
                .iter()
                .filter(|event| matches!(event, Event::Ping(_)))
                .count();
            let mut before = pings.saturating_sub(1);
            batch.retain(|event| {
                let drop = matches!(event, Event::Ping(_)) && before > 0;
                before -= usize::from(drop);
                !drop
            });
        }
    }

    /// Reads once; `Some` when there is nothing more to come.
    fn read(&self, stream: &mut TcpStream, inbound: &mut Inbound<'_>) -> io::Result<Option<End>> {
        let hurried =
            self.closing.is_some() && self.path == "/impatient" && !self.has(Fault::WaitsForEver);
        stream.set_read_timeout(hurried.then_some(SHORT))?;
        let most = if self.has(Fault::ForgetsCutFrames) {
            1
        } else {
            64 << 10
        };
        let mut chunk = vec![0; most];
        Ok(match stream.read(&mut chunk) {
            Ok(0) => Some(End::Abnormal("Disconnected")),
            Ok(len) => {
                inbound.extend(&chunk[..len]);
                None
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => None,
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Some(End::TimedOut),
                _ => Some(End::Abnormal("Io")),
            },
        })
    }

    /// TCP ended without a Close of the peer's.
    fn ended(&mut self, end: End, inbound: &mut Inbound<'_>) -> End {
        if self.has(Fault::DeliversHalfMessages)
            && let Some(half) = inbound.half()
        {
            self.handle(half, inbound);
        }
        if self.closing.is_some() && self.has(Fault::TakesEndForAnswer) {
            return End::ByUs;
        }
        end
    }

    pub(super) fn handle(&mut self, event: Event, inbound: &mut Inbound<'_>) -> Option<End> {
        self.hear();
        match event {
            Event::Message { text, payload } => self.message(text, payload),
            Event::Ping(payload) => {
                handlers::control(self, "ping", &payload);
                if self.closing.is_none() {
                    self.pong(payload);
                }
            }
            Event::Pong(payload) => {
                handlers::control(self, "pong", &payload);
                if self.has(Fault::AnswersPongs) {
                    self.pong(payload);
                }
            }
            Event::Close(payload) => return self.peer_closed(&payload, inbound),
            Event::Violation(code) => return self.violation(code),
        }
        None
    }

    fn message(&mut self, text: bool, mut payload: Vec<u8>) {
        self.messages += 1;
        let lost = self.has(Fault::LosesMessages) && self.messages.is_multiple_of(10);
        if lost || (payload.is_empty() && self.has(Fault::SkipsEmptyMessages)) {
            return;
        }
        if self.has(Fault::LosesLastByte) {
            payload.pop();
        }
        if text && self.has(Fault::CleansText) {
            payload.retain(|byte| matches!(byte, 1..0x80));
        }
        if self.path == "/never-reads" {
            self.unread += payload.len();
            return;
        }
        handlers::message(self, text, payload);
        self.flush();
    }

    fn pong(&mut self, payload: Vec<u8>) {
        let payload = if self.has(Fault::PongsSomethingElse) {
            b"something else".to_vec()
        } else {
            payload
        };
        if !self.has(Fault::NeverPongs) {
            self.out.frame(Frame::pong(payload));
        }
    }

    pub(super) fn violation(&mut self, code: u16) -> Option<End> {
        if !self.has(Fault::FailsSilently) && self.closing.is_none() {
            self.out.frame(Frame::close(code, ""));
        }
        if self.has(Fault::GoesOnAfterViolation) {
            return None;
        }
        Some(End::Abnormal(match code {
            1007 => "InvalidPayload",
            1008 => "Policy",
            1009 => "TooBig",
            _ => "Protocol",
        }))
    }

    fn peer_closed(&mut self, payload: &[u8], inbound: &mut Inbound<'_>) -> Option<End> {
        if self.has(Fault::DeliversHalfMessages)
            && inbound.is_in_message()
            && let Some(half) = inbound.half()
        {
            self.handle(half, inbound);
        }
        if self.closing.is_some() && !self.has(Fault::GoesOnAfterClose) {
            if self.has(Fault::AnswersTheAnswer) {
                self.out.frame(Frame::new(opcode::CLOSE, payload));
            }
            return Some(End::ByUs);
        }
        let (code, reason) = match payload {
            [] => (None, ""),
            [_] if self.has(Fault::AcceptsOneByteClose) => (Some(1000), ""),
            [_] => return self.violation(1002),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !may_be_sent(code) && !self.has(Fault::AcceptsAnyCode) {
                    return self.violation(1002);
                }
                match std::str::from_utf8(reason) {
                    Ok(reason) => (Some(code), reason),
                    Err(_) if self.has(Fault::AcceptsAnyReason) => (Some(code), ""),
                    Err(_) => return self.violation(1007),
                }
            }
        };
        if self.has(Fault::ParsesBehindClose) && inbound.has_more() {
            return self.violation(1002);
        }
        if self.has(Fault::NeverAnswersClose) {
            return None;
        }
        self.flush();
        let answer = match code {
            Some(_) if self.has(Fault::AnswersWith1000) => Frame::close(1000, ""),
            Some(code) => Frame::close(code, ""),
            None => Frame::empty_close(),
        };
        if !self.answered || self.has(Fault::GoesOnAfterClose) {
            self.out.frame(answer);
            self.answered = true;
        }
        if self.has(Fault::GoesOnAfterClose) {
            return None;
        }
        Some(End::ByPeer(code.map(|code| (code, reason.to_owned()))))
    }

    fn limits(&self) -> Limits {
        let (frame, message, fragments) = match &*self.path {
            "/small" => (1024, 4096, 8),
            "/large" => (16 << 20, 16 << 20, 16 << 10),
            _ => (1 << 20, 1 << 20, 16 << 10),
        };
        Limits {
            frame,
            message,
            fragments,
        }
    }
}

/// Whether a Close frame may carry this code.
pub(super) fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Ends the sending direction, then reads until the peer ends its own, so that no reset destroys a Close.
pub(super) fn end_tcp(mut stream: TcpStream, world: &World) -> io::Result<()> {
    if world.has(Fault::LeavesTcpOpen) {
        world.keep_stuck(stream);
        return Ok(());
    }
    if world.has(Fault::Resets) {
        return socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut discarded = vec![0; 64 << 10];
    while stream.read(&mut discarded)? > 0 {}
    Ok(())
}

/// The writing half, for any thread.
#[derive(Clone)]
pub(super) struct Out {
    stream: Arc<Mutex<TcpStream>>,
    /// Set while a frame is written.
    writing: Arc<AtomicBool>,
    masks: bool,
    /// The queue of [`Fault::QueuesPongs`].
    queue: Option<Sender<Frame>>,
}

impl Out {
    fn new(stream: TcpStream, world: &World) -> Self {
        let mut out = Self {
            stream: Arc::new(Mutex::new(stream)),
            writing: Arc::default(),
            masks: world.has(Fault::MasksItsFrames),
            queue: None,
        };
        if world.has(Fault::QueuesPongs) {
            let (queue, queued) = mpsc::channel();
            let writer = out.clone();
            thread::spawn(move || {
                for frame in queued {
                    let _ = writer.put(&frame);
                }
            });
            out.queue = Some(queue);
        }
        out
    }

    /// Sends a frame. A peer that has gone is noticed by reading.
    pub(super) fn frame(&self, frame: Frame) {
        let _ = self.try_frame(frame);
    }

    /// Sends a frame, and says when the peer has gone.
    pub(super) fn try_frame(&self, frame: Frame) -> io::Result<()> {
        let frame = if self.masks {
            frame.masked_with([1, 2, 3, 4])
        } else {
            frame.unmasked()
        };
        match &self.queue {
            Some(queue) => {
                let sent = queue.send(frame);
                sent.expect("the writer lives as long as the queue");
                Ok(())
            }
            None => self.put(&frame),
        }
    }

    fn put(&self, frame: &Frame) -> io::Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        self.writing.store(true, Ordering::Relaxed);
        let written = stream.write_all(&frame.encode());
        self.writing.store(false, Ordering::Relaxed);
        written
    }

    /// Whether a frame is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.writing.load(Ordering::Relaxed)
    }
}
