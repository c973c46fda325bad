use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use event_listener::Event;
use futures_util::future::{Either, select};
use switchwire_core::{WebSocketSender, spi::SharedMessage};

use crate::gap::{Gap, Gaps, Heard};

/// How many members are served before other tasks run. For no longer than that, the lock is held
/// and a worker thread is kept.
///
/// A share is less than a millisecond of work. A session's driver comes back to a handler that has
/// woken itself up to 16 times before it lets other tasks run. When members run between two
/// messages, each message is written separately, where several messages could be written together.
/// A small share therefore costs most of a fan-out's speed.
pub(super) const SHARE: usize = 4 << 10;

/// How many members each `join` checks, to remove those whose session has ended.
const LOOKS: usize = 2;

/// The members of a topic, in the order in which they joined.
#[derive(Default)]
pub(super) struct Members {
    pub(super) gaps: Arc<Gaps>,
    state: Mutex<State>,
    /// How many members were served since a publisher let other tasks run.
    met: AtomicUsize,
}

#[derive(Default)]
struct State {
    members: BTreeMap<u64, Arc<Member>>,
    next: u64,
    /// The members before this one were recently checked for the end of their session.
    swept: u64,
}

/// A session that joined.
pub(super) struct Member {
    session: WebSocketSender,
    has_left: AtomicBool,
    leaving: Event,
}

impl Members {
    pub(super) fn join(self: &Arc<Self>, session: WebSocketSender) -> Membership {
        let member = Arc::new(Member {
            session,
            has_left: AtomicBool::new(false),
            leaving: Event::new(),
        });
        let heard = Heard::new(self.gaps.clone()); // before it is a member, so that it misses no gap
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
            heard,
        }
    }

    /// Walks through the current members.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk {
            members: self,
            from: Bound::Unbounded,
            end: self.lock().next,
        }
    }

    /// Notes that one message was sent to this many members. True when that completes a share. A
    /// count of 0 counts as 1.
    pub(super) fn has_met(&self, count: usize) -> bool {
        let met = self.met.fetch_add(count.max(1), Ordering::Relaxed) + count.max(1);
        let is_share = met >= SHARE;
        if is_share {
            self.met.store(0, Ordering::Relaxed);
        }
        is_share
    }

    /// How many members have an open session.
    pub(super) fn count(&self) -> usize {
        let (mut count, mut walk) = (0, self.walk());
        while walk.go_on(|member| count += usize::from(member.session.is_open())) {}
        count
    }

    /// How many members are kept, ended or not.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.lock().members.len()
    }

    fn remove(&self, number: u64) {
        let mut state = self.lock();
        let member = state.members.remove(&number);
        drop(state);
        drop(member); // may be the last reference to the session
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out the members whose session has ended among the next few. An ended member is
    /// therefore forgotten before as many sessions have joined as there are members. Publishing
    /// also takes out ended members.
    ///
    /// The caller drops them without the lock: a session's attributes are foreign code.
    fn sweep(&mut self) -> Vec<Arc<Member>> {
        let mut ended = Vec::new();
        for _ in 0..LOOKS {
            let Some((&number, member)) = self.members.range(self.swept..).next() else {
                self.swept = 0;
                break;
            };
            self.swept = number + 1;
            if !member.session.is_open() {
                ended.extend(self.members.remove(&number));
            }
        }
        ended
    }
}

/// A walk through the members, a share at a time.
pub(super) struct Walk<'a> {
    members: &'a Members,
    from: Bound<u64>,
    /// The walk does not visit sessions that joined later.
    end: u64,
}

impl Walk<'_> {
    /// Calls `meet` for the next share of members, without holding the lock. False when those were
    /// the last.
    pub(super) fn go_on(&mut self, mut meet: impl FnMut(&Arc<Member>)) -> bool {
        let state = self.members.lock();
        let rest = state.members.range((self.from, Bound::Excluded(self.end)));
        let share: Vec<_> = rest
            .take(SHARE)
            .map(|(number, member)| (*number, member.clone()))
            .collect();
        drop(state);
        let Some((last, _)) = share.last() else {
            return false;
        };
        self.from = Bound::Excluded(*last);
        let is_whole = share.len() == SHARE;
        for (number, member) in share {
            if member.has_left.load(Ordering::Acquire) {
                continue;
            }
            meet(&member);
            if !member.session.is_open() {
                self.members.remove(number);
            }
        }
        is_whole
    }
}

impl Member {
    pub(super) fn session(&self) -> &WebSocketSender {
        &self.session
    }

    /// Waits until the session takes the message. False when the session left or ended before.
    pub(super) async fn send(&self, message: SharedMessage) -> bool {
        let leaving = self.leaving.listen(); // from here on it misses no event
        if self.has_left.load(Ordering::Acquire) {
            return false;
        }
        match select(pin!(self.session.send_shared(message)), leaving).await {
            Either::Left((sent, _)) => sent.is_ok(),
            Either::Right(((), _)) => false,
        }
    }
}

/// A session's membership of a [`Topic`](crate::Topic). Dropping it leaves the topic.
#[must_use = "the session leaves when this is dropped"]
pub struct Membership {
    members: Weak<Members>,
    number: u64,
    member: Arc<Member>,
    heard: Heard,
}

impl Membership {
    /// Resolves when messages may be missing, with their number if it is known. Gaps that occur
    /// while no call waits are returned by the next call, as one gap. A [`Topic`](crate::Topic) of
    /// one process has no gaps.
    ///
    /// ```
    /// use switchwire_core::{HandlerResult, WebSocketSession, join_either};
    /// use switchwire_topics::{Broadcast, BroadcastError};
    ///
    /// async fn prices(mut session: WebSocketSession, prices: &dyn Broadcast) -> HandlerResult {
    ///     let sender = session.sender();
    ///     let Ok(mut membership) = prices.join(&sender).await else {
    ///         return Ok(session.send("no prices now, try again later").await?);
    ///     };
    ///     let gaps = async {
    ///         loop {
    ///             membership.gap().await;
    ///             sender.send("some prices are missing, load them anew").await?;
    ///         }
    ///     };
    ///     // It must receive, so that it learns when the session closes.
    ///     let closed = async {
    ///         while session.receive().await?.is_some() {}
    ///         Ok(())
    ///     };
    ///     join_either(closed, gaps).await
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// When the future is dropped before it is ready, no gap is lost.
    pub async fn gap(&mut self) -> Gap {
        self.heard.next().await
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.member.has_left.store(true, Ordering::Release);
        self.member.leaving.notify(usize::MAX);
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
