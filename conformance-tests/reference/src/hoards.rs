//! Sessions that hold much, and the budget for all of them.

use std::{
    io,
    net::TcpStream,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Fault, World,
    inbound::{Event, Inbound},
    production::read_some,
    session::{End, Out, Session, end_tcp},
};
use switchwire_conformance::{
    contract::HOARD_LEN,
    internals::{Frame, opcode},
};

/// What a handler takes when it is asked to.
const A_FEW: usize = 16 * HOARD_LEN;

#[derive(Default)]
pub(super) struct Hoards(Mutex<State>);

#[derive(Default)]
struct State {
    budget: usize,
    hoards: Vec<Hoard>,
}

struct Hoard {
    id: u64,
    out: Out,
    held: usize,
    progress: Instant,
    /// When the session was closed, if it was.
    closed: Option<Instant>,
}

impl Hoards {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_budget(&self, budget: usize) {
        self.lock().budget = budget;
    }

    /// What the sessions hold that were not closed.
    pub(super) fn held(&self) -> usize {
        let state = self.lock();
        state.open().map(|hoard| hoard.held).sum()
    }

    /// Adds what came, and closes sessions without progress until the rest fits.
    fn add(&self, world: &World, id: u64, bytes: usize) {
        let mut state = self.lock();
        if let Some(hoard) = state.hoards.iter_mut().find(|hoard| hoard.id == id) {
            hoard.held += bytes;
        }
        let total: usize = state.open().map(|hoard| hoard.held).sum();
        if total <= state.budget || world.has(Fault::NeverSheds) {
            return;
        }
        let open = state
            .hoards
            .iter_mut()
            .filter(|hoard| hoard.closed.is_none());
        let victim = if world.has(Fault::ShedsTheLatest) {
            open.max_by_key(|hoard| hoard.progress)
        } else {
            open.min_by_key(|hoard| hoard.progress)
        };
        let victim = victim.expect("those that hold something");
        // Before the Close that a case waits for, so that the case sees both.
        if world.has(Fault::ShedsTheIdle) {
            let all = world.around.all();
            let idle = all.iter().filter(|(_, kept)| kept.path == "/echo");
            idle.for_each(|(_, kept)| kept.close(1013));
        }
        victim.closed = Some(Instant::now());
        victim.out.frame(Frame::close(1013, ""));
    }

    /// The handler takes a few messages.
    fn take(&self, id: u64) {
        let mut state = self.lock();
        if let Some(hoard) = state.hoards.iter_mut().find(|hoard| hoard.id == id) {
            hoard.held = hoard.held.saturating_sub(A_FEW);
            hoard.progress = Instant::now();
        }
    }

    fn closed(&self, id: u64) -> Option<Instant> {
        let state = self.lock();
        let hoard = state.hoards.iter().find(|hoard| hoard.id == id);
        hoard.and_then(|hoard| hoard.closed)
    }
}

impl State {
    fn open(&self) -> impl Iterator<Item = &Hoard> {
        self.hoards.iter().filter(|hoard| hoard.closed.is_none())
    }
}

/// Runs a session to its end.
pub(super) fn run(
    mut session: Session<'_>,
    mut stream: TcpStream,
    inbound: &mut Inbound<'_>,
) -> io::Result<()> {
    let (world, id) = (session.world.clone(), session.id);
    let deadline = match &*session.path {
        "/hoard-briefly" => Duration::from_millis(100),
        _ => Duration::from_secs(5),
    };
    world.hoards.lock().hoards.push(Hoard {
        id,
        out: session.out.clone(),
        held: 0,
        progress: Instant::now(),
        closed: None,
    });
    let key = session.head.parameter("key").unwrap_or_default().to_owned();
    if !key.is_empty() {
        let (world, journal) = (Arc::clone(&world), session.journal.clone());
        thread::spawn(move || {
            world.journals.wait(&key);
            world.hoards.take(id);
            // Nobody may be reading any more, and that is fine.
            let _ = journal.send("took a few".to_owned());
        });
    }
    loop {
        let end = read_some(&mut stream, inbound)?;
        // After it, as what was read may be the answer to our Close.
        if let Some(at) = world.hoards.closed(id) {
            session.closing = Some((1013, String::new()));
            if at.elapsed() > deadline {
                break;
            }
        }
        if end.is_some() || take(&session, inbound).is_some() {
            break;
        }
    }
    drop(session);
    end_tcp(stream, &world)
}

fn take(session: &Session<'_>, inbound: &mut Inbound<'_>) -> Option<End> {
    while let Some(event) = inbound.next() {
        match event {
            Event::Message { payload, .. } => {
                let bytes = payload.len();
                session.world.hoards.add(session.world, session.id, bytes);
            }
            Event::Ping(payload) => session.out.frame(Frame::pong(payload)),
            Event::Close(_) if session.closing.is_some() => return Some(End::ByUs),
            Event::Close(payload) => {
                session.out.frame(Frame::new(opcode::CLOSE, &payload));
                return Some(End::ByPeer(None));
            }
            _ => {}
        }
    }
    None
}
