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

/// Publishes to the sessions that joined. [`Topic`] does so within a process. An adapter may pass
/// messages on to other machines.
///
/// # For authors of adapters
/// On each machine, an adapter joins and delivers through its own [`Topic`]. It hands published
/// messages to a broker. Its counts are those of this machine. When its connection to the broker
/// was interrupted, it tells the members by [`Topic::tell_gap`].
#[async_trait]
pub trait Broadcast: Send + Sync {
    /// The name of the topic on all machines. A topic of one process may have no name; it is then
    /// empty.
    fn name(&self) -> &str;

    /// Adds a session, until the guard is dropped. An adapter may have to subscribe at its broker
    /// first.
    ///
    /// # Errors
    /// [`BroadcastError::Unavailable`] when the broker does not answer. A [`Topic`] never fails.
    ///
    /// # Cancel safety
    /// When the future is dropped, the session has not joined.
    async fn join(&self, session: &WebSocketSender) -> Result<Membership, BroadcastError>;

    /// Publishes, and waits for members whose outbound buffer is full: see [`Topic::publish`].
    ///
    /// # Errors
    /// [`BroadcastError::Unavailable`] when the broker does not answer. A [`Topic`] never fails.
    ///
    /// # Cancel safety
    /// When the future is dropped, members that have the message keep it, and no other member gets
    /// it.
    async fn publish(&self, message: WebSocketMessage) -> Result<Published, BroadcastError>;

    /// Publishes to the members that can take the message now: see [`Topic::publish_now`].
    ///
    /// # Errors
    /// [`BroadcastError::Unavailable`] when the broker does not answer. A [`Topic`] never fails.
    fn publish_now(&self, message: WebSocketMessage) -> Result<Published, BroadcastError>;
}

/// How many members got a published message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// Members whose session accepted it. A session that drops messages for a slow peer may still
    /// drop this one.
    pub accepted: usize,
    /// Members whose outbound buffer was full, and that were not waited for.
    pub missed: usize,
    /// Members that left, or whose session ended, before they could take it.
    pub gone: usize,
}

/// Sessions that get the same messages, such as a chat room or the watchers of a price. Cheap to
/// clone. Clones are the same topic.
///
/// - `topic.member.1` A session is a member from `join` until its guard is dropped or the session
///   has ended. A session may join many topics, and one topic several times. It gets each message
///   once per guard.
/// - `topic.publish.1` Each session that is a member when publishing begins gets the message once,
///   unless it leaves meanwhile. Messages that one publisher publishes one after another arrive in
///   that order.
/// - `topic.publish.2` Every member that has room for the message gets it before the publisher
///   waits for a member without room.
/// - `topic.publish.3` When members have no room, `publish` then waits for all of them at the same
///   time, until each has room, has left or has ended. The [slow consumer
///   policy](switchwire_core::SlowConsumerPolicy) of a member's endpoint bounds the wait: a session
///   that the policy closes has ended.
/// - `topic.publish.4` `publish_now` waits for no member, and counts the members that missed the
///   message.
///
/// # What a slow member costs
/// A slow member never delays the others' copy of this message. But a publisher that awaits
/// `publish` begins the next message when the slowest member has taken this one. No message is
/// lost, at the pace of the slowest member. The policy of a member's endpoint decides how long that
/// member can hold up the publisher:
///
/// - `Close { after }`, the default with 60 s: for `after`, when its peer takes too little
///   meanwhile. The driver then closes its session with 1008, and the member counts as gone. A peer
///   that takes more than that sets the pace. With the defaults, 256 KiB in a minute are enough.
/// - `DropNewest`, `DropOldest`: not at all.
/// - `Wait`: until the driver gives up its peer after
///   [`pong_timeout`](switchwire_core::WebSocketSettings::pong_timeout). A peer that takes a byte
///   now and then holds up the publisher without a limit. Do not use it for untrusted peers.
///
/// A publisher that must not wait at all calls `publish_now`.
///
/// All members share the payload, however many there are. The frame is made once.
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
    /// Makes a topic without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a topic without members, with a name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// The name of the topic. It is empty when the topic has none.
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

    /// Adds a session, until the guard is dropped.
    #[must_use = "the session leaves when the guard is dropped"]
    pub fn join(&self, session: &WebSocketSender) -> Membership {
        self.members.join(session.clone())
    }

    /// Sends to every member, and resolves when all have taken the message or are gone.
    ///
    /// It sends to at most 4 096 members, in one call or in several. Then it lets other tasks run.
    ///
    /// # Cancel safety
    /// When the future is dropped, members that have the message keep it, and no other member gets
    /// it.
    pub async fn publish(&self, message: impl Into<WebSocketMessage>) -> Published {
        let message = SharedMessage::new(message.into());
        let mut offer = Offer::new(&self.members);
        let mut has_yielded = false;
        while offer.go_on(&message) {
            yield_now().await;
            has_yielded = true;
        }
        if !has_yielded && self.members.has_met(offer.met()) {
            yield_now().await; // a publisher in a loop also lets other tasks run
        }
        let Offer {
            mut published,
            full,
            ..
        } = offer;
        waiting::wait_for(&full, &message, &mut published).await;
        published
    }

    /// Sends to every member that has room now, and waits for no member.
    ///
    /// It sends to all of them before it returns, and blocks its thread meanwhile. It takes up to a
    /// microsecond per member. That is a tenth of a second for 100 000 members. Where that is too
    /// long for a thread of an async runtime, call it on a thread where blocking is allowed, or
    /// await [`publish`](Self::publish).
    pub fn publish_now(&self, message: impl Into<WebSocketMessage>) -> Published {
        let message = SharedMessage::new(message.into());
        let mut offer = Offer::new(&self.members);
        while offer.go_on(&message) {}
        Published {
            missed: offer.full.len(),
            ..offer.published
        }
    }

    /// How many members there are. It visits each member, and takes some ten nanoseconds per
    /// member.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.count()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A message that is being sent to every member that has room.
struct Offer<'a> {
    walk: Walk<'a>,
    published: Published,
    /// The members without room.
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

    /// How many members were visited and have not waited.
    fn met(&self) -> usize {
        self.published.accepted + self.published.gone + self.full.len()
    }

    /// Sends to the next share of members. False when those were the last.
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
