//! A session of the reference client: one thread reads, one does the rest.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    pin::Pin,
    str,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    task::{Context, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use bytes::Bytes;
use switchwire_core::{
    ByteString, CloseCode, CloseOutcome, CloseStatus, Error, ErrorKind, WebSocketMessage,
    WebSocketSender,
    spi::{ReceiveBuffer, SessionPort},
};

use super::{super::World, Wrong, fault::ClientFault as Fault, open::random};
use switchwire_conformance::internals::{Frame, opcode};

use crate::inbound::{Event, Inbound, Limits};

/// Serves a session to its end.
pub(super) fn run(
    stream: TcpStream,
    early: Vec<u8>,
    port: SessionPort,
    abandoned: Option<WebSocketSender>,
    fault: Wrong,
) {
    let (to, chunks) = mpsc::sync_channel(4);
    let driver = thread::current();
    let Ok(reading) = stream.try_clone() else {
        return;
    };
    let most = if fault.is(Fault::ForgetsCutFrames) {
        1
    } else {
        64 << 10
    };
    thread::spawn(move || read(reading, most, &to, &driver));
    let world = World::new(fault.0.and_then(Fault::of_frames));
    let settings = port.settings();
    let limits = Limits {
        frame: settings.max_frame_size() as u64,
        message: settings.max_message_size() as u64,
        fragments: settings.max_fragments(),
    };
    let inbound = Inbound::of_server(&world, limits, early);
    let (pile, piled) = mpsc::channel::<Vec<u8>>();
    if let (true, Ok(mut writing)) = (fault.is(Fault::SendsWithoutBound), stream.try_clone()) {
        thread::spawn(move || piled.iter().try_for_each(|bytes| writing.write_all(&bytes)));
    }
    let session = Session {
        incoming: ReceiveBuffer::new(
            settings.control_frames() && !fault.is(Fault::HidesControlFrames),
        ),
        time: settings.closing_deadline(),
        stream,
        port,
        fault,
        phase: Phase::Open,
        keys: 0,
        messages: 0,
        pile: fault.is(Fault::SendsWithoutBound).then_some(pile),
    };
    session.run(inbound, &chunks, abandoned);
}

/// Hands over what comes; nothing stands for the end.
fn read(mut stream: TcpStream, most: usize, to: &SyncSender<io::Result<Vec<u8>>>, driver: &Thread) {
    loop {
        let mut chunk = vec![0; most];
        let chunk = stream.read(&mut chunk).map(|len| {
            chunk.truncate(len);
            chunk
        });
        let is_last = !matches!(&chunk, Ok(chunk) if !chunk.is_empty());
        let sent = to.send(chunk);
        driver.unpark();
        if is_last || sent.is_err() {
            return;
        }
    }
}

struct Session {
    stream: TcpStream,
    port: SessionPort,
    incoming: ReceiveBuffer,
    fault: Wrong,
    phase: Phase,
    time: Duration,
    /// Mask keys so far, for a client that counts them.
    keys: u32,
    /// How many messages came.
    messages: u32,
    /// Where a client without bounds puts what it sends.
    pile: Option<Sender<Vec<u8>>>,
}

enum Phase {
    Open,
    /// Our Close was sent; the other is awaited until the time.
    Closing(CloseStatus, Instant),
    /// All is said; the server is to close TCP until the time.
    Over(Instant),
    Gone,
}

impl Session {
    fn run(
        mut self,
        mut inbound: Inbound<'_>,
        chunks: &Receiver<io::Result<Vec<u8>>>,
        abandoned: Option<WebSocketSender>,
    ) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut abandoned: Option<Pin<Box<dyn Future<Output = ()>>>> = abandoned.map(|sender| {
            Box::pin(async move {
                sender.abandoned().await;
                drop(sender.close(CloseCode::GOING_AWAY));
            }) as _
        });
        loop {
            let _ = self.port.begin_poll(&waker);
            if let Some(wait) = &mut abandoned
                && wait
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
            {
                abandoned = None;
            }
            let wrote = self.write();
            let read = self.read(&mut inbound, chunks);
            let Some(wait) = self.left() else {
                break;
            };
            if self.port.end_poll() && !wrote && !read {
                thread::park_timeout(wait);
            }
        }
        drop(self.port);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// How long to wait at most; `None` when it is over.
    fn left(&mut self) -> Option<Duration> {
        const LONG: Duration = Duration::from_secs(60);
        let now = Instant::now();
        match &self.phase {
            Phase::Open => Some(LONG),
            Phase::Closing(_, until) | Phase::Over(until) if *until > now => Some(*until - now),
            Phase::Closing(..) => {
                self.port.finish(CloseOutcome::TimedOut);
                None
            }
            Phase::Over(_) | Phase::Gone => None,
        }
    }

    fn until(&self) -> Instant {
        let waits = !self.fault.is(Fault::WaitsForEver);
        Instant::now()
            + if waits {
                self.time
            } else {
                Duration::from_secs(60)
            }
    }

    /// Writes what was sent; whether there was anything.
    fn write(&mut self) -> bool {
        let used = self.port.take_session_use();
        let Phase::Open = self.phase else {
            return used;
        };
        let mut messages = std::collections::VecDeque::new();
        let close = self.port.take_outbound(&mut messages).close;
        for message in messages {
            self.send(match message.message() {
                WebSocketMessage::Text(text) => Frame::text(text),
                WebSocketMessage::Binary(payload) => Frame::binary(payload),
                WebSocketMessage::Ping(payload) => Frame::ping(payload),
                WebSocketMessage::Pong(payload) => Frame::pong(payload),
            });
        }
        let _ = self.port.written();
        if let Some(status) = close {
            self.port.end_sending();
            let reason = match self.fault.is(Fault::ForgetsReasons) {
                true => "",
                false => status.reason(),
            };
            self.send(Frame::close(status.code().as_u16(), reason));
            self.phase = Phase::Closing(status, self.until());
            if self.fault.is(Fault::ClosesTcpFirst) {
                let _ = self.stream.shutdown(Shutdown::Write);
            }
            if self.fault.is(Fault::SendsAfterClose) {
                self.send(Frame::text("late"));
            }
        }
        used
    }

    fn send(&mut self, frame: Frame) {
        let key: [u8; 4] = match self.fault.0 {
            Some(Fault::RepeatsMasks) => [1, 2, 3, 4],
            Some(Fault::CountsMasks) => {
                self.keys += 1;
                self.keys.to_be_bytes()
            }
            _ => *random().first_chunk().expect("four of sixteen bytes"),
        };
        let bare = match self.fault.0 {
            Some(Fault::MasksNothing) => true,
            Some(Fault::MasksDataOnly) => frame.is_control(),
            Some(Fault::MasksNoEmptyFrames) => frame.payload.is_empty(),
            _ => false,
        };
        let frame = if bare {
            frame.unmasked()
        } else {
            frame.masked_with(key)
        };
        let sent = match &self.pile {
            Some(pile) => pile.send(frame.encode()).is_ok(),
            None => self.stream.write_all(&frame.encode()).is_ok(),
        };
        if !sent {
            let kind = ErrorKind::Io;
            self.port.finish(CloseOutcome::Abnormal(Error::new(kind)));
            self.phase = Phase::Gone;
        }
    }

    /// Takes one thing that came; whether there was one.
    fn read(&mut self, inbound: &mut Inbound<'_>, chunks: &Receiver<io::Result<Vec<u8>>>) -> bool {
        if let Phase::Over(_) = self.phase {
            return match chunks.try_recv() {
                Ok(Ok(chunk)) if !chunk.is_empty() => true,
                Ok(_) => {
                    self.phase = Phase::Gone;
                    true
                }
                Err(_) => false,
            };
        }
        let has_room = self
            .port
            .make_room(&mut self.incoming, usize::MAX, usize::MAX);
        if !has_room
            && matches!(self.phase, Phase::Open)
            && !self.fault.is(Fault::ReadsWithoutBound)
        {
            return false;
        }
        if let Some(event) = inbound.next() {
            self.handle(event);
        } else {
            match chunks.try_recv() {
                Err(_) => return false,
                Ok(Ok(chunk)) if !chunk.is_empty() => inbound.extend(&chunk),
                Ok(ended) => self.ended(ended.err()),
            }
        }
        self.port.deliver(&mut self.incoming);
        true
    }

    /// TCP ended without a Close of the server's.
    fn ended(&mut self, error: Option<io::Error>) {
        let error = match error {
            Some(error) => Error::from(error),
            None => Error::new(ErrorKind::Disconnected),
        };
        if self.fault.is(Fault::HidesErrors) {
            self.port.finish(CloseOutcome::ByPeer(None));
        } else {
            self.port.finish(CloseOutcome::Abnormal(error));
        }
        self.phase = Phase::Gone;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Message { text, mut payload } => {
                self.messages += 1;
                if self.messages.is_multiple_of(10) && self.fault.is(Fault::LosesMessages) {
                    return;
                }
                if self.fault.is(Fault::LosesLastByte) {
                    payload.pop();
                }
                if payload.is_empty() && self.fault.is(Fault::SkipsEmptyMessages) {
                    return;
                }
                let late = matches!(self.phase, Phase::Closing(..));
                if late && self.fault.is(Fault::DropsLateMessages) {
                    return;
                }
                self.incoming
                    .push(match (text, String::from_utf8(payload)) {
                        (true, Ok(text)) => WebSocketMessage::Text(ByteString::from(text)),
                        (_, Ok(payload)) => WebSocketMessage::Binary(payload.into_bytes().into()),
                        (_, Err(payload)) => WebSocketMessage::Binary(payload.into_bytes().into()),
                    });
            }
            Event::Ping(payload) => self.ping(payload),
            Event::Pong(payload) => {
                if self.fault.is(Fault::AnswersPongs) {
                    self.send(Frame::pong(&payload));
                }
                self.incoming.push(WebSocketMessage::Pong(payload.into()));
            }
            Event::Close(payload) => self.peer_closed(&payload),
            Event::Violation(code) => self.violation(code),
        }
    }

    fn ping(&mut self, payload: Vec<u8>) {
        match self.fault.0 {
            _ if !matches!(self.phase, Phase::Open) => {}
            Some(Fault::NeverPongs) => {}
            _ => self.send(Frame::pong(&payload)),
        }
        let bytes = Bytes::from(payload);
        self.incoming.push(WebSocketMessage::Ping(bytes));
    }

    fn violation(&mut self, code: u16) {
        if self.fault.is(Fault::GoesOnAfterViolation) {
            return;
        }
        if matches!(self.phase, Phase::Open) && !self.fault.is(Fault::FailsSilently) {
            self.send(Frame::close(code, ""));
        }
        let error = Error::new(match code {
            1007 => ErrorKind::InvalidPayload,
            1008 => ErrorKind::Policy,
            1009 => ErrorKind::TooBig,
            _ => ErrorKind::Protocol,
        });
        if self.fault.is(Fault::HidesErrors) {
            self.port.finish(CloseOutcome::ByPeer(None));
        } else {
            self.port.end_receiving(Err(error.clone()));
            self.port.finish(CloseOutcome::Abnormal(error));
        }
        self.phase = Phase::Over(self.until());
    }

    fn peer_closed(&mut self, payload: &[u8]) {
        if let Phase::Closing(status, _) = &self.phase {
            self.port.finish(CloseOutcome::ByUs(status.clone()));
            if self.fault.is(Fault::AnswersTheAnswer) {
                self.send(Frame::new(opcode::CLOSE, payload));
            }
            self.phase = Phase::Over(self.until());
            return;
        }
        let status = match payload {
            [] if self.fault.is(Fault::TakesEmptyFor1000) => Some(CloseCode::NORMAL.into()),
            [] => None,
            [_] if self.fault.is(Fault::AcceptsAnyClose) => None,
            [_] => return self.violation(1002),
            [high, low, reason @ ..] => {
                let code = CloseCode::new(u16::from_be_bytes([*high, *low]));
                let Ok(reason) = str::from_utf8(reason) else {
                    if self.fault.is(Fault::AcceptsAnyClose) {
                        self.send(Frame::close(1000, ""));
                    }
                    return self.violation(1007);
                };
                let status = code.and_then(|code| CloseStatus::new(code, reason.to_owned()));
                match status {
                    Ok(status) => Some(status),
                    Err(_) if self.fault.is(Fault::AcceptsAnyClose) => None,
                    Err(_) => return self.violation(1002),
                }
            }
        };
        self.port.end_sending();
        if !self.fault.is(Fault::NeverAnswersClose) {
            self.send(match &status {
                Some(_) if self.fault.is(Fault::AnswersWith1000) => Frame::close(1000, ""),
                Some(status) => Frame::close(status.code().as_u16(), ""),
                None => Frame::empty_close(),
            });
        }
        let status = status.map(|status| match self.fault.is(Fault::ForgetsReasons) {
            true => status.code().into(),
            false => status,
        });
        self.port.finish(CloseOutcome::ByPeer(status));
        self.phase = Phase::Over(self.until());
        if self.fault.is(Fault::SendsAfterClose) {
            self.send(Frame::text("late"));
        }
        if self.fault.is(Fault::ClosesTcpFirst) {
            self.phase = Phase::Gone;
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
