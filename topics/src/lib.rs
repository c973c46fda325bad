#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod gap;
mod members;
mod waiting;
mod yielding;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use switchwire_core::{TrySendError, WebSocketMessage, WebSocketSender, spi::SharedMessage};

pub use self::{error::BroadcastError, gap::Gap, members::Membership};
use self::{
    members::{Member, Members, Walk},
    yielding::yield_now,
};

/// Publishes to the sessions that joined. [`Topic`] does so inside of a process; an adapter may carry messages on to
/// other machines.
///
/// # For authors of adapters
/// An adapter joins and delivers through a [`Topic`] of its own on each machine, and hands what is published to a broker.
/// Its counts are those of this machine. When its connection to the broker was interrupted, it tells the members by
/// [`Topic::tell_gap`].
#[async_trait]
pub trait Broadcast: Send + Sync {
    /// The name by which all machines know the topic. A topic of one process may have none, and then it is empty.
    fn name(&self) -> &str;

    /// Takes in a session, until the guard is dropped. An adapter may have to subscribe at its broker first.
    ///
    /// # Errors
    /// [`BroadcastError::Unavailable`] when the broker does not answer; a [`Topic`] never fails.
    ///
    /// # Cancel safety
    /// When the future is dropped, the session has not joined.
    async fn join(&self, session: &WebSocketSender) -> Result<Membership, BroadcastError>;

    /// Publishes, and waits for members whose outbound buffer is full: see [`Topic::publish`].
    ///
    /// # Errors
    /// [`BroadcastError::Unavailable`] when the broker does not answer; a [`Topic`] never fails.
    ///
    /// # Cancel safety
    /// When the future is dropped, members that have the message keep it, and nobody else gets it.
    async fn publish(&self, message: WebSocketMessage) -> Result<Published, BroadcastError>;

    /// Publishes to the members that can take the message now: see [`Topic::publish_now`].
    ///
    /// # Errors
    /// [`BroadcastError::Unavailable`] when the broker does not answer; a [`Topic`] never fails.
    fn publish_now(&self, message: WebSocketMessage) -> Result<Published, BroadcastError>;
}

/// What became of a message that was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// Members whose session accepted it. A session that drops messages when it is slow may still drop this one.
    pub accepted: usize,
    /// Members whose outbound buffer was full, and who were not waited for.
    pub missed: usize,
    /// Members who left, or whose session ended, before they could take it.
    pub gone: usize,
}

/// Sessions that get the same messages: a chat room, the watchers of a price. Cheap to clone; clones are the same topic.
///
/// - `topic.member.1` A session is a member from `join` until its guard is dropped or it has ended. It may join topics
///   many times over, and gets each message once for each guard.
/// - `topic.publish.1` Who is a member when publishing begins gets the message once, unless it leaves meanwhile; what one
///   publisher publishes, one after another, arrives in that order.
/// - `topic.publish.2` Every member that has room for the message gets it before anyone waits for one that has not.
/// - `topic.publish.3` When members have no room, `publish` then waits for all of them at the same time, until each has
///   room, has left or has ended. The [slow consumer policy](switchwire_core::SlowConsumerPolicy) of a member's endpoint
///   bounds that: a session that it closes has ended.
/// - `topic.publish.4` `publish_now` waits for nobody, and counts who missed the message.
///
/// # What a slow member costs
/// It never delays the others' copy of this message. But a publisher that awaits `publish` begins the next message when
/// the slowest member has taken this one: nothing is lost, at the pace of the slowest. How long a member can hold up the
/// publisher is set by the policy of that member's endpoint:
///
/// - `Close { after }`, the default with 60 s: for `after`, when its peer takes too little meanwhile. Its session is then
///   closed with 1008, and the member counts as gone. A peer that takes more than that sets the pace: by default, a mark of
///   256 KiB in a minute is enough.
/// - `DropNewest`, `DropOldest`: not at all.
/// - `Wait`: until [`pong_timeout`](switchwire_core::WebSocketSettings::pong_timeout) gives up its peer. A peer that
///   takes a byte now and then holds up the publisher for ever: not for peers that are not trusted.
///
/// A publisher that must not wait at all calls `publish_now`.
///
/// The payload is shared by all members, however many there are, and its frame is made once.
///
/// ```
/// use switchwire_core::{HandlerResult, WebSocketSession};
/// use switchwire_topics::Topic;
///
/// async fn chat(mut session: WebSocketSession, room: Topic) -> HandlerResult {
///     let _membership = room.join(&session.sender());
///     while let Some(message) = session.receive().await? {
///         room.publish(message).await;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Default)]
pub struct Topic {
    members: Arc<Members>,
    name: Option<Arc<str>>,
}

impl Topic {
    /// A topic without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A topic without members, with a name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// Its name, which is empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Tells every member that messages may be missing: see [`Membership::gap`].
    ///
    /// For adapters, which know when their connection to a broker was interrupted.
    pub fn tell_gap(&self, gap: Gap) {
        self.members.gaps.tell(gap);
    }

    /// Takes in a session, until the guard is dropped.
    #[must_use = "the session leaves when the guard is dropped"]
    pub fn join(&self, session: &WebSocketSender) -> Membership {
        self.members.join(session.clone())
    }

    /// Sends to every member, and resolves when all have taken the message or are gone.
    ///
    /// It sends to 4 096 members at most, in one call or in many, and then lets other tasks run.
    ///
    /// # Cancel safety
    /// When the future is dropped, members that have the message keep it, and nobody else gets it.
    pub async fn publish(&self, message: impl Into<WebSocketMessage>) -> Published {
        let message = SharedMessage::new(message.into());
        let mut offer = Offer::new(&self.members);
        let mut has_yielded = false;
        while offer.go_on(&message) {
            yield_now().await;
            has_yielded = true;
        }
        if !has_yielded && self.members.has_met(offer.met()) {
            yield_now().await; // who publishes in a loop gives others their turn, too
        }
        let Offer {
            mut published,
            full,
            ..
        } = offer;
        waiting::wait_for(&full, &message, &mut published).await;
        published
    }

    /// Sends to every member that has room now, and waits for nobody.
    ///
    /// It sends to all of them before it returns, and the thread does nothing else meanwhile: for up to a microsecond a
    /// member, which is a tenth of a second with 100 000. Where that is too long for one thread of an async runtime, call
    /// it on one where blocking is allowed, or await [`publish`](Self::publish).
    pub fn publish_now(&self, message: impl Into<WebSocketMessage>) -> Published {
        let message = SharedMessage::new(message.into());
        let mut offer = Offer::new(&self.members);
        while offer.go_on(&message) {}
        Published {
            missed: offer.full.len(),
            ..offer.published
        }
    }

    /// How many members there are. It looks at each of them, and takes some ten nanoseconds a member.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A message on its way to every member that has room.
struct Offer<'a> {
    walk: Walk<'a>,
    published: Published,
    /// Those that have none.
    full: Vec<Arc<Member>>,
}

impl<'a> Offer<'a> {
    fn new(members: &'a Members) -> Self {
        Self {
            walk: members.walk(),
            published: Published::default(),
            full: Vec::new(),
        }
    }

    /// How many members were met that have not waited.
    fn met(&self) -> usize {
        self.published.accepted + self.published.gone + self.full.len()
    }

    /// Sends to the next share of members; false when those were the last.
    fn go_on(&mut self, message: &SharedMessage) -> bool {
        let Self {
            walk,
            published,
            full,
        } = self;
        walk.go_on(
            |member| match member.session().try_send_shared(message.clone()) {
                Ok(()) => published.accepted += 1,
                Err(TrySendError::Full(_)) => full.push(member.clone()),
                Err(TrySendError::Failed(_)) => published.gone += 1,
            },
        )
    }
}

#[async_trait]
impl Broadcast for Topic {
    fn name(&self) -> &str {
        self.name()
    }

    async fn join(&self, session: &WebSocketSender) -> Result<Membership, BroadcastError> {
        Ok(self.join(session))
    }

    async fn publish(&self, message: WebSocketMessage) -> Result<Published, BroadcastError> {
        Ok(self.publish(message).await)
    }

    fn publish_now(&self, message: WebSocketMessage) -> Result<Published, BroadcastError> {
        Ok(self.publish_now(message))
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("name", &self.name())
            .field("members", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
