//! Handlers that answer later, and what happens to their answers when the session is to be closed.

use std::{
    collections::VecDeque,
    io,
    net::TcpStream,
    time::{Duration, Instant},
};

use super::{
    Fault,
    inbound::{Event, Inbound},
    production::read_some,
    session::{End, Session, end_tcp},
};
use switchwire_conformance::internals::Frame;

const SHORT: Duration = Duration::from_millis(200);
const WORK: Duration = Duration::from_millis(60);

/// A handler, and what asks for the end of its session.
struct Answering {
    queue: VecDeque<String>,
    /// What it has not answered yet, and since when.
    taken: Option<(String, Instant)>,
    peer_closed: Option<(Vec<u8>, Instant)>,
    shut_down: Option<Instant>,
}

/// Runs a session to its end.
pub(super) fn run(
    mut session: Session<'_>,
    mut stream: TcpStream,
    inbound: &mut Inbound<'_>,
) -> io::Result<()> {
    let world = session.world;
    let mut state = Answering {
        queue: VecDeque::new(),
        taken: None,
        peer_closed: None,
        shut_down: None,
    };
    let end = loop {
        if let Some(end) =
            read_some(&mut stream, inbound)?.or_else(|| state.take(&session, inbound))
        {
            break end;
        }
        state.work(&mut session);
        if let Some(end) = state.look_at_the_end(&mut session) {
            break end;
        }
    };
    session.ticket.end(&end);
    session.write("dropped");
    drop(session);
    end_tcp(stream, world)
}

impl Answering {
    /// Takes what came.
    fn take(&mut self, session: &Session<'_>, inbound: &mut Inbound<'_>) -> Option<End> {
        while let Some(event) = inbound.next() {
            match event {
                Event::Message { payload, .. } => {
                    let words = String::from_utf8_lossy(&payload).into_owned();
                    self.queue.push_back(words);
                }
                Event::Ping(payload) => session.out.frame(Frame::pong(payload)),
                Event::Close(_) if session.closing.is_some() => return Some(End::ByUs),
                Event::Close(payload) => self.peer_closed = Some((payload, Instant::now())),
                Event::Pong(_) | Event::Violation(_) => {}
            }
        }
        None
    }

    /// The handler does what it can.
    fn work(&mut self, session: &mut Session<'_>) {
        let parameter = |name| session.head.parameter(name).unwrap_or_default().to_owned();
        let (how, key) = (parameter("how"), parameter("key"));
        if how == "deaf" {
            return;
        }
        loop {
            if self.taken.is_none() {
                let Some(words) = self.queue.pop_front() else {
                    return;
                };
                session.write(format!("took {words}"));
                self.taken = Some((words, Instant::now()));
            }
            let since = self
                .taken
                .as_ref()
                .map_or(Duration::ZERO, |(_, at)| at.elapsed());
            let is_ready = match &*how {
                "subscription" => {
                    session.text("tick");
                    false
                }
                "lost" => false,
                "slow" => since >= WORK,
                _ => session.world.journals.is_started(&key),
            };
            match self.taken.take_if(|_| is_ready) {
                Some((words, _)) => session.text(&words),
                None => return,
            }
        }
    }

    /// Closes when nothing is owed, or its time is over.
    fn look_at_the_end(&mut self, session: &mut Session<'_>) -> Option<End> {
        let now = Instant::now();
        if self.shut_down.is_none() && session.world.around.is_ending() {
            self.shut_down = Some(now);
        }
        if session.closing.is_some() {
            return None;
        }
        let grace = match &*session.path {
            "/answers/hurried" if self.peer_closed.is_none() => SHORT,
            "/answers/soon-after-close" => SHORT,
            "/answers/patient" if self.peer_closed.is_some() => Duration::ZERO,
            _ => Duration::from_secs(60 * 60),
        };
        let begun = self
            .peer_closed
            .as_ref()
            .map(|(_, at)| *at)
            .or(self.shut_down)?;
        let from = match &self.taken {
            Some((_, at)) if !session.has(Fault::GivesOneGrace) => begun.max(*at),
            _ => begun,
        };
        let owes = self.taken.is_some() || session.has(Fault::WaitsForThoseWhoOweNothing);
        let is_over = now >= from + grace && !session.has(Fault::WaitsForEveryAnswer);
        if owes && !is_over && !session.has(Fault::CutsOffAnswers) {
            return None;
        }
        match self.peer_closed.take() {
            Some((payload, _)) => {
                session.out.frame(Frame::close(
                    payload
                        .first_chunk()
                        .map_or(1000, |code| u16::from_be_bytes(*code)),
                    "",
                ));
                Some(End::ByPeer(None))
            }
            None => {
                session.close_as_known(1001);
                None
            }
        }
    }
}
