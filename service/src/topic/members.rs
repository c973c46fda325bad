use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use switchwire_core::{WebSocketMessage, WebSocketSender};
use tokio::sync::Notify;

/// How many members are taken out at a time to be sent to: the lock is held for so long.
const BATCH: usize = 256;

/// With this many members, those whose session has ended are looked for when one more joins.
const FIRST_SWEEP: usize = 64;

/// Who gets what is published, in the order they joined.
#[derive(Default)]
pub(super) struct Members {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    members: BTreeMap<u64, Arc<Member>>,
    next: u64,
    /// When there are so many, those whose session has ended are thrown out. They are, too, when they are sent to.
    sweep_at: usize,
}

/// A session that joined.
pub(super) struct Member {
    session: WebSocketSender,
    has_left: AtomicBool,
    leaving: Notify,
}

impl Members {
    pub(super) fn join(self: &Arc<Self>, session: WebSocketSender) -> Membership {
        let member = Arc::new(Member {
            session,
            has_left: AtomicBool::new(false),
            leaving: Notify::new(),
        });
        let mut state = self.lock();
        let ended = state.sweep();
        let number = state.next;
        state.next += 1;
        state.members.insert(number, member.clone());
        drop(state);
        drop(ended);
        Membership {
            members: Arc::downgrade(self),
            number,
            member,
        }
    }

    /// Calls `send` for each one that is a member now, without holding the lock meanwhile.
    pub(super) fn for_each(&self, mut send: impl FnMut(&Arc<Member>)) {
        let end = self.lock().next;
        let mut from = Bound::Unbounded;
        let mut batch = Vec::with_capacity(BATCH.min(self.lock().members.len()));
        loop {
            let state = self.lock();
            let next = state.members.range((from, Bound::Excluded(end)));
            batch.extend(
                next.take(BATCH)
                    .map(|(number, member)| (*number, member.clone())),
            );
            drop(state);
            let Some((last, _)) = batch.last() else {
                return;
            };
            from = Bound::Excluded(*last);
            for (number, member) in batch.drain(..) {
                if member.has_left.load(Ordering::Acquire) {
                    continue;
                }
                send(&member);
                if !member.session.is_open() {
                    self.remove(number);
                }
            }
        }
    }

    /// How many are members and open.
    pub(super) fn count(&self) -> usize {
        let mut count = 0;
        self.for_each(|member| count += usize::from(member.session.is_open()));
        count
    }

    /// How many are kept, ended or not.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.lock().members.len()
    }

    fn remove(&self, number: u64) {
        let mut state = self.lock();
        let member = state.members.remove(&number);
        drop(state);
        drop(member); // may be the last to know of the session
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out those whose session has ended, when there have come as many as there were.
    fn sweep(&mut self) -> Vec<Arc<Member>> {
        if self.members.len() < self.sweep_at.max(FIRST_SWEEP) {
            return Vec::new();
        }
        let members = self.members.iter();
        let ended: Vec<_> = members
            .filter_map(|(number, member)| (!member.session.is_open()).then_some(*number))
            .collect();
        // Dropped by the caller, without the lock: a session's attributes are foreign code.
        let ended = ended
            .iter()
            .filter_map(|number| self.members.remove(number));
        let ended = ended.collect();
        self.sweep_at = 2 * self.members.len();
        ended
    }
}

impl Member {
    pub(super) fn session(&self) -> &WebSocketSender {
        &self.session
    }

    /// Waits until the session takes the message; false when it left or ended before.
    pub(super) async fn send(&self, message: WebSocketMessage) -> bool {
        let leaving = self.leaving.notified(); // hears of all that comes after this
        if self.has_left.load(Ordering::Acquire) {
            return false;
        }
        tokio::select! {
            sent = self.session.send(message) => sent.is_ok(),
            () = leaving => false,
        }
    }
}

/// A session's membership of a [`Topic`](crate::Topic), which it leaves when this is dropped.
#[must_use = "the session leaves when this is dropped"]
pub struct Membership {
    members: Weak<Members>,
    number: u64,
    member: Arc<Member>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.member.has_left.store(true, Ordering::Release);
        self.member.leaving.notify_waiters();
        if let Some(members) = self.members.upgrade() {
            members.remove(self.number);
        }
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("session", &self.member.session.id())
            .finish_non_exhaustive()
    }
}
