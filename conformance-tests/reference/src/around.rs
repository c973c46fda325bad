//! All sessions of the reference server: found, counted and ended.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Fault, World,
    session::{End, Out},
};
use switchwire_conformance::{contract::MOST, internals::Frame};

/// The sessions there are, and how they end.
#[derive(Default)]
pub(super) struct Around {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    sessions: HashMap<u64, Kept>,
    /// How many sessions the limited endpoints have.
    places: HashMap<String, usize>,
    ending: Option<Ending>,
}

struct Ending {
    deadline: Instant,
    is_past: bool,
    closed: usize,
    failed: usize,
    aborted: usize,
}

/// A session, as others know it.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) path: String,
    pub(super) tag: String,
    pub(super) key: String,
    pub(super) out: Out,
    pub(super) stream: Arc<TcpStream>,
    /// The status of a Close that was sent from outside.
    pub(super) closed: Arc<Mutex<Option<(u16, String)>>>,
    /// What it received and has not looked at.
    pub(super) unread: Arc<Mutex<Vec<String>>>,
}

impl Kept {
    pub(super) fn close(&self, code: u16) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.is_none() {
            self.out.frame(Frame::close(code, ""));
            *closed = Some((code, String::new()));
        }
    }
}

/// A session's place; it is gone from the server when this is dropped.
pub(super) struct Ticket {
    world: Arc<World>,
    id: u64,
    place: Option<String>,
    outcome: Outcome,
    is_kept: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Closed,
    Failed,
    Cut,
}

impl Ticket {
    pub(super) fn end(&mut self, end: &End) {
        self.outcome = match end {
            End::ByPeer(_) | End::ByUs => Outcome::Closed,
            End::TimedOut | End::Abnormal(_) => Outcome::Failed,
        };
    }

    /// Gives the place back before the handler has ended.
    pub(super) fn give_up(&mut self, world: &Arc<World>) {
        let ticket = Self {
            world: world.clone(),
            id: self.id,
            place: None,
            outcome: self.outcome,
            is_kept: std::mem::take(&mut self.is_kept),
        };
        drop(ticket);
    }

    /// Waits until the deadline of a shutdown.
    pub(super) fn wait_for_deadline(&mut self) {
        let around = &self.world.around;
        let mut state = around.lock();
        while !state.ending.as_ref().is_some_and(|ending| ending.is_past) {
            state = around
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.outcome = Outcome::Cut;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let around = &self.world.around;
        let mut state = around.lock();
        if let Some(place) = &self.place
            && !self.world.has(Fault::KeepsPlaces)
            && let Some(taken) = state.places.get_mut(place)
        {
            *taken -= 1;
        }
        if self.is_kept && !self.world.has(Fault::KeepsEndedSessions) {
            state.sessions.remove(&self.id);
        }
        if self.is_kept
            && let Some(ending) = &mut state.ending
        {
            *match self.outcome {
                Outcome::Closed => &mut ending.closed,
                Outcome::Failed if !ending.is_past => &mut ending.failed,
                Outcome::Failed | Outcome::Cut => &mut ending.aborted,
            } += 1;
        }
        drop(state);
        around.changed.notify_all();
    }
}

impl Around {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a handshake for this path may be answered with 101 as far as places go; the error is the status.
    pub(super) fn has_place(&self, path: &str, client: &str, world: &World) -> Result<(), u16> {
        let state = self.lock();
        match place(path, client, world) {
            Some((place, status))
                if state.places.get(&place).is_some_and(|taken| *taken >= MOST) =>
            {
                Err(status)
            }
            _ => Ok(()),
        }
    }

    /// Whether all sessions are being ended.
    pub(super) fn is_ending(&self) -> bool {
        self.lock().ending.is_some()
    }

    pub(super) fn all(&self) -> Vec<(u64, Kept)> {
        let state = self.lock();
        state
            .sessions
            .iter()
            .map(|(id, kept)| (*id, kept.clone()))
            .collect()
    }
}

/// The places of a limited endpoint, and the status of a handshake that finds none.
fn place(path: &str, client: &str, world: &World) -> Option<(String, u16)> {
    if path.starts_with("/few-each/") {
        let client = client.parse::<SocketAddr>().ok()?.ip();
        let client = match client.to_canonical() {
            IpAddr::V6(address) if !world.has(Fault::CountsSingleAddresses) => {
                Ipv6Addr::from_bits(address.to_bits() >> 64).into()
            }
            IpAddr::V4(_) if world.has(Fault::CountsSingleAddresses) => client,
            address => address,
        };
        return Some((format!("{path} {client}"), 429));
    }
    (path.starts_with("/few/") || path == "/access/noted-few").then(|| (path.to_owned(), 503))
}

/// Takes a session in; the error is the status to refuse it with.
/// Those of the control are not among those it controls.
pub(super) fn admit(
    world: &Arc<World>,
    id: u64,
    client: &str,
    kept: Kept,
    is_control: bool,
) -> Result<Ticket, u16> {
    let has = |fault| world.has(fault);
    let mut state = world.around.lock();
    if state.ending.is_some() && !is_control && !has(Fault::AcceptsWhileShuttingDown) {
        return Err(503);
    }
    let place = place(&kept.path, client, world).filter(|_| !has(Fault::CountsNoSessions));
    if let Some((place, status)) = &place {
        let taken = state.places.entry(place.clone()).or_default();
        if *taken >= MOST {
            return Err(*status);
        }
        *taken += 1;
    }
    let is_kept = !is_control && !has(Fault::RegistersNobody);
    if is_kept {
        state.sessions.insert(id, kept);
    }
    Ok(Ticket {
        world: world.clone(),
        id,
        place: place.map(|(place, _)| place),
        outcome: Outcome::Failed,
        is_kept,
    })
}

/// Takes a place for a handshake that is going to be refused.
pub(super) fn waste_place(world: &World, path: &str, client: &str) {
    if let Some((place, _)) = place(path, client, world) {
        *world.around.lock().places.entry(place).or_default() += 1; // for ever
    }
}

/// Begins to end all sessions.
pub(super) fn begin(world: &World, time: Duration) {
    let deadline = Instant::now() + time;
    let mut state = world.around.lock();
    if let Some(ending) = &mut state.ending {
        ending.deadline = ending.deadline.min(deadline);
        drop(state);
        world.around.changed.notify_all();
        return;
    }
    state.ending = Some(Ending {
        deadline,
        is_past: false,
        closed: 0,
        failed: 0,
        aborted: 0,
    });
    drop(state);
    let tells = !world.has(Fault::TellsNoHandlers);
    for (_, kept) in world.around.all() {
        let mut code = if world.has(Fault::ShutsDownWith1000) {
            1000
        } else {
            1001
        };
        match &*kept.path {
            "/down/farewell" if tells => kept.out.frame(Frame::text("bye")),
            "/down/restart" if tells => code = 1012,
            "/down/normal" if tells => code = 1000,
            "/down/told" if tells => {
                let journal = world.journals.writer(&kept.key);
                for entry in ["told", "told", "shutting down: true", "told"] {
                    let _ = journal.send(entry.to_owned());
                }
            }
            "/down/echo" if !world.has(Fault::ForgetsReceived) => {
                let unread = kept.unread.lock().unwrap_or_else(PoisonError::into_inner);
                unread
                    .iter()
                    .for_each(|text| kept.out.frame(Frame::text(text)));
            }
            // Its own thread looks at what it owes.
            path if path.starts_with("/answers/") => continue,
            _ => {}
        }
        kept.close(code);
    }
}

/// Waits until all sessions have ended, and tells how.
pub(super) fn wait(world: &World) -> String {
    let around = &world.around;
    let mut state = around.lock();
    loop {
        let is_empty = state.sessions.is_empty() && !world.has(Fault::WaitsForEver);
        let ending = state.ending.as_mut().expect("it has begun");
        if is_empty || (ending.is_past && Instant::now() > ending.deadline + Duration::from_secs(1))
        {
            let Ending {
                closed,
                failed,
                aborted,
                ..
            } = *ending;
            if world.has(Fault::CountsNothing) {
                return "nothing".to_owned();
            }
            return format!("{closed} closed, {failed} failed, {aborted} aborted, 0 remaining");
        }
        let left = ending.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() && !ending.is_past && !world.has(Fault::WaitsForEver) {
            ending.is_past = true;
            for kept in state.sessions.values() {
                kept.close(1001); // if it was not told yet
                let _ = kept.stream.shutdown(Shutdown::Both);
            }
            around.changed.notify_all();
        }
        let left = left.clamp(Duration::from_millis(10), Duration::from_secs(1));
        let waited = around.changed.wait_timeout(state, left);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}
