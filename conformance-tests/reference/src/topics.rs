//! Publishing, as the reference server does it: a thread and a short queue for each member.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Fault, World, session::Out};
use switchwire_conformance::internals::Frame;

/// How long a member of the brief endpoint holds up a publisher.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);

/// How many messages wait for a member, with the one that is being written: so that it has room only once that is.
const QUEUE: usize = 4;

#[derive(Default)]
pub(super) struct Topics(Mutex<HashMap<String, Vec<Member>>>);

#[derive(Clone)]
struct Member {
    session: u64,
    queue: Sender<Frame>,
    waiting: Arc<AtomicUsize>,
    /// Nothing more can be written.
    has_ended: Arc<AtomicBool>,
    has_left: Arc<AtomicBool>,
    /// For how long it is waited for; `None` for ever.
    patience: Option<Duration>,
}

/// What became of a frame.
enum Offered {
    Accepted,
    Full,
    Gone,
}

impl Member {
    fn offer(&self, frame: &Frame) -> Offered {
        let room = |waiting| (waiting < QUEUE).then_some(waiting + 1);
        let taken = self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, room);
        match taken {
            Err(_) if self.has_ended.load(Ordering::Acquire) => Offered::Gone,
            Err(_) => Offered::Full,
            Ok(_) => match self.queue.send(frame.clone()) {
                Ok(()) => Offered::Accepted,
                Err(_) => Offered::Gone,
            },
        }
    }
}

impl Topics {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Member>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self, topic: &str, session: u64, out: &Out, patience: Option<Duration>) {
        let (queue, queued) = channel();
        let waiting = Arc::<AtomicUsize>::default();
        let has_ended = Arc::<AtomicBool>::default();
        let (out, written, ended) = (out.clone(), waiting.clone(), has_ended.clone());
        // Ends with the first that cannot be written, so that nobody finds room where nothing is sent any more.
        thread::spawn(move || {
            for frame in queued {
                if out.try_frame(frame).is_err() {
                    ended.store(true, Ordering::Release);
                    return;
                }
                written.fetch_sub(1, Ordering::AcqRel);
            }
        });
        self.lock()
            .entry(topic.to_owned())
            .or_default()
            .push(Member {
                session,
                queue,
                waiting,
                has_ended,
                has_left: Arc::default(),
                patience,
            });
    }

    pub(super) fn leave(&self, topic: &str, session: u64) {
        if let Some(members) = self.lock().get_mut(topic) {
            members.retain(|member| {
                let leaves = member.session == session;
                if leaves {
                    member.has_left.store(true, Ordering::Release);
                }
                !leaves
            });
        }
    }

    pub(super) fn count(&self, topic: &str) -> usize {
        self.lock().get(topic).map_or(0, Vec::len)
    }
}

/// Publishes, and tells what became of the message.
pub(super) fn publish(world: &World, topic: &str, frame: &Frame, waits: bool) -> String {
    let mut members = world.topics.lock().get(topic).cloned().unwrap_or_default();
    if world.has(Fault::PublishesToOne) {
        members.truncate(1);
    }
    let (mut accepted, mut missed, mut gone) = (0, 0, 0);
    let mut full = Vec::new();
    for member in members {
        match member.offer(frame) {
            Offered::Accepted => accepted += 1,
            Offered::Gone => gone += 1,
            Offered::Full if world.has(Fault::MissesNobody) => accepted += 1,
            Offered::Full if waits && !world.has(Fault::WaitsForNobody) => {
                full.push(member);
                if world.has(Fault::WaitsInTurn) {
                    full.retain(|member| !wait(member, frame));
                    accepted += 1;
                }
            }
            Offered::Full => missed += 1,
        }
    }
    let kept = world.has(Fault::KeepsMembers);
    for member in full {
        if wait(&member, frame) || kept {
            accepted += 1;
        } else {
            gone += 1;
        }
    }
    format!("{accepted} accepted, {missed} missed, {gone} gone")
}

/// Whether the member takes the message at last.
fn wait(member: &Member, frame: &Frame) -> bool {
    let began = Instant::now();
    loop {
        if member.patience.is_some_and(|most| began.elapsed() > most) {
            member.has_left.store(true, Ordering::Release);
        }
        if member.has_left.load(Ordering::Acquire) {
            return false;
        }
        match member.offer(frame) {
            Offered::Accepted => return true,
            Offered::Gone => return false,
            Offered::Full => thread::sleep(Duration::from_millis(1)),
        }
    }
}
