//! One connection of a case.

mod expect;
mod http;

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    Answer, Asked, Frame, Length, Reply, Request, Transcript, accept_value, frame::Excerpt, opcode,
};
use crate::{
    Timing,
    case::{Failure, Verdict, ensure},
    requirements::{C26, C30, F3, F14, H29, H45, H51, K12, K15, K21},
};

/// A raw connection that says what a case wants and judges what comes back.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: TcpStream,
    role: Role,
    number: usize,
    transcript: Transcript,
    timing: Timing,
    /// What has arrived and not been looked at.
    arrived: Vec<u8>,
    pings: Pings,
    /// Whether the protocol is switched, so that frames are sent and no longer HTTP.
    is_switched: bool,
}

/// What the peer does with the server's pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pings {
    Answered,
    Ignored,
    Shown,
}

/// Which end the kit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A server is tested.
    Client,
    /// A client is tested.
    Server,
}

impl Role {
    /// What is tested.
    fn tested(self) -> &'static str {
        match self {
            Self::Client => "the server",
            Self::Server => "the client",
        }
    }
}

/// What came from the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Frame(Frame),
    End(End),
}

/// How TCP ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// In order, with a FIN.
    Finished,
    /// With a reset.
    Reset,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(frame) => frame.fmt(f),
            Self::End(End::Finished) => f.write_str("TCP closed"),
            Self::End(End::Reset) => f.write_str("TCP reset"),
        }
    }
}

impl Peer {
    pub(crate) fn new(
        stream: TcpStream,
        role: Role,
        number: usize,
        transcript: Transcript,
        timing: Timing,
    ) -> Self {
        Self {
            stream,
            role,
            number,
            transcript,
            timing,
            arrived: Vec::new(),
            pings: Pings::Answered,
            is_switched: false,
        }
    }

    /// Neither answers the server's pings nor shows them.
    pub(crate) fn ignoring_pings(mut self) -> Self {
        self.pings = Pings::Ignored;
        self
    }

    /// Does not answer the server's pings, but shows them as any other frame.
    pub(crate) fn showing_pings(mut self) -> Self {
        self.pings = Pings::Shown;
        self
    }

    // Saying something. Errors are not judged here: a server may rightly have gone already, and what it said
    // before is still to be read.

    pub(crate) fn send(&mut self, frame: &Frame) {
        let frame = self.as_sent(frame);
        self.transcript.sent(self.number, &frame);
        self.put(&frame.encode());
    }

    /// Sends several frames in one write.
    pub(crate) fn send_all(&mut self, frames: &[Frame]) {
        let bytes: Vec<u8> = frames.iter().flat_map(|it| self.encode(it)).collect();
        self.write(&bytes);
    }

    /// The bytes of a frame as this end sends it.
    pub(crate) fn encode(&self, frame: &Frame) -> Vec<u8> {
        self.as_sent(frame).encode()
    }

    /// A server takes off the mask that a frame has when nothing was said of one.
    fn as_sent(&self, frame: &Frame) -> Frame {
        let frame = frame.clone();
        match self.role {
            Role::Server if frame.mask == Some([0; 4]) => frame.unmasked(),
            _ => frame,
        }
    }

    /// Sends bytes in one write.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.transcript
            .sent_bytes(self.number, bytes, self.is_switched);
        self.put(bytes);
    }

    /// Sends bytes in a write each.
    pub(crate) fn trickle(&mut self, bytes: &[u8]) {
        self.transcript
            .sent(self.number, format_args!("byte by byte {}", Excerpt(bytes)));
        for byte in bytes {
            self.put(&[*byte]);
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.write_all(bytes) {
            self.transcript
                .sent(self.number, format_args!("(not all written: {error})"));
        }
    }

    /// Writes as much of `bytes`, over and over, as the server takes before it stops reading for the silent
    /// time, at most `most` bytes. Returns how many it took.
    pub(crate) fn flood(&mut self, bytes: &[u8], most: usize) -> usize {
        let mut taken = 0;
        self.stream
            .set_write_timeout(Some(self.timing.silence * 4))
            .expect("a write timeout that is not zero can be set");
        while taken < most {
            match self.stream.write(&bytes[taken % bytes.len()..]) {
                Ok(len) => taken += len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.stream
            .set_write_timeout(Some(self.timing.deadline))
            .expect("a write timeout that is not zero can be set");
        self.transcript
            .sent(self.number, format_args!("a flood of {taken} bytes"));
        taken
    }

    /// Sends this frame again and again on a thread of its own, at most so often, until `read` is done with what comes
    /// meanwhile. How often it was sent.
    pub(crate) fn flood_while(
        &mut self,
        frame: &Frame,
        most: usize,
        read: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict<usize> {
        let bytes = self.encode(frame);
        let mut stream = self
            .stream
            .try_clone()
            .expect("a handle of a socket can be cloned");
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let flood = scope.spawn(|| {
                let mut sent = 0;
                while sent < most && !is_done.load(Ordering::Relaxed) {
                    if stream.write_all(&bytes).is_err() {
                        break;
                    }
                    sent += 1;
                }
                sent
            });
            let verdict = read(self);
            is_done.store(true, Ordering::Relaxed);
            let sent = flood.join().expect("writing does not panic");
            verdict.map(|()| sent)
        })
    }

    /// Takes at most this many bytes of what has arrived, if any comes this soon, and does not look at them yet.
    pub(crate) fn nibble(&mut self, most: usize, time: Duration) {
        let mut piece = vec![0; most];
        self.stream
            .set_read_timeout(Some(time))
            .expect("a read timeout that is not zero can be set");
        if let Ok(len) = self.stream.read(&mut piece) {
            self.arrived.extend_from_slice(&piece[..len]);
        }
    }

    /// Ends our direction of TCP in order.
    pub(crate) fn finish(&mut self) {
        self.transcript.sent(self.number, "TCP half closed");
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends TCP with a reset.
    pub(crate) fn reset(self) {
        self.transcript.sent(self.number, "TCP reset");
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    // HTTP.

    /// The next frame or the end. Checks what holds for every frame of the tested end, and answers its pings.
    pub(crate) fn next(&mut self) -> Verdict<Event> {
        self.next_within(self.timing.deadline)?.ok_or_else(|| {
            Failure::new(
                format!("something from {}", self.role.tested()),
                format_args!("silence for {:?}", self.timing.deadline),
            )
        })
    }

    fn next_within(&mut self, time: Duration) -> Verdict<Option<Event>> {
        let until = Instant::now() + time;
        loop {
            if let Some((frame, len)) = Frame::decode(&self.arrived) {
                self.arrived.drain(..len);
                self.transcript.seen(self.number, &frame);
                match self.role {
                    Role::Client => ensure(frame.mask.is_none(), "a frame without mask", &frame)
                        .map_err(|failure| failure.breaking(&F3))?,
                    Role::Server => ensure(frame.mask.is_some(), "a masked frame", &frame)
                        .map_err(|failure| failure.breaking(&C26))?,
                }
                ensure(
                    frame.length == Length::Shortest,
                    "the shortest form of the length",
                    &frame,
                )
                .map_err(|failure| failure.breaking(&F14))?;
                ensure(frame.rsv == 0, "no reserved bits", &frame)
                    .map_err(|failure| failure.breaking(&H45))?;
                match self.pings {
                    Pings::Answered if frame.opcode == opcode::PING => {
                        self.send(&Frame::pong(&frame.payload));
                        continue;
                    }
                    Pings::Ignored if frame.opcode == opcode::PING => continue,
                    _ => {}
                }
                return Ok(Some(Event::Frame(frame)));
            }
            match self.read_more(until) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    self.transcript.seen(self.number, Event::End(end));
                    return Ok(Some(Event::End(end)));
                }
                Err(TimedOut) => return Ok(None),
            }
        }
    }

    /// The next whole message or control frame; fragments are joined.
    pub(crate) fn message(&mut self) -> Verdict<Frame> {
        let mut whole: Option<Frame> = None;
        loop {
            let frame = match self.next()? {
                Event::Frame(frame) => frame,
                end @ Event::End(_) => return Err(Failure::new("a message", end)),
            };
            if frame.is_control() {
                return Ok(frame);
            }
            let fin = frame.fin;
            match &mut whole {
                None => whole = Some(frame),
                Some(whole) => whole.payload.extend(frame.payload),
            }
            if fin {
                let mut whole = whole.expect("a frame was just put in");
                whole.fin = true;
                return Ok(whole);
            }
        }
    }

    /// The next whole message or control frame, or `None` when nothing comes for the silent time or TCP ends.
    pub(crate) fn message_or_silence(&mut self) -> Verdict<Option<Frame>> {
        match self.next_within(self.timing.silence * 4)? {
            Some(Event::Frame(frame)) => Ok(Some(frame)),
            Some(Event::End(_)) | None => Ok(None),
        }
    }

    /// Whether TCP ended, after a pause.
    pub(crate) fn ended_after(&mut self, pause: Duration) -> Verdict<bool> {
        let event = self.next_within(pause)?;
        Ok(matches!(event, Some(Event::End(_))))
    }

    /// Reads frames until nothing comes for the silent time or TCP ends, and returns the bytes of their payloads.
    pub(crate) fn drain(&mut self) -> Verdict<usize> {
        let mut bytes = 0;
        while let Some(frame) = self.message_or_silence()? {
            bytes += frame.payload.len();
        }
        Ok(bytes)
    }

    /// Where this connection comes from.
    pub(crate) fn local_address(&self) -> Verdict<SocketAddr> {
        self.stream
            .local_addr()
            .map_err(|error| Failure::new("a connected socket", error))
    }

    /// Reads until something new arrived, `Some` at the end of TCP.
    fn read_more(&mut self, until: Instant) -> Result<Option<End>, TimedOut> {
        let mut buffer = [0; 64 << 10];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TimedOut);
            }
            self.stream
                .set_read_timeout(Some(left))
                .expect("a read timeout that is not zero can be set");
            return match self.stream.read(&mut buffer) {
                Ok(0) => Ok(Some(End::Finished)),
                Ok(len) => {
                    self.arrived.extend_from_slice(&buffer[..len]);
                    Ok(None)
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(TimedOut),
                    _ => Ok(Some(End::Reset)),
                },
            };
        }
    }
}

struct TimedOut;
