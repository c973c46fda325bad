//! One message to many sessions.

mod members;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::FuturesUnordered};
use switchwire_core::{TrySendError, WebSocketMessage, WebSocketSender};

pub use self::members::Membership;
use self::members::{Member, Members};

/// Publishes to the sessions that joined. [`Topic`] does so inside of a process; an adapter may carry messages on to
/// other machines.
///
/// # For authors of adapters
/// An adapter joins and delivers through a [`Topic`] of its own on each machine, and hands what is published to a broker.
/// Its counts are those of this machine.
#[async_trait]
pub trait Broadcast: Send + Sync {
    /// Takes in a session, until the guard is dropped.
    fn join(&self, session: &WebSocketSender) -> Membership;

    /// Publishes, and waits for members whose outbound buffer is full: see [`Topic::publish`].
    ///
    /// # Cancel safety
    /// When the future is dropped, members that have the message keep it, and nobody else gets it.
    async fn publish(&self, message: WebSocketMessage) -> Published;

    /// Publishes to the members that can take the message now: see [`Topic::publish_now`].
    fn publish_now(&self, message: WebSocketMessage) -> Published;
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
/// - `Close { after }`, the default with 60 s: until its peer has taken nothing for `after`; its session is then closed
///   with 1008, and the member counts as gone. A peer that takes bytes, however slowly, sets the pace.
/// - `DropNewest`, `DropOldest`: not at all.
/// - `Wait`: until [`pong_timeout`](switchwire_core::WebSocketSettings::pong_timeout) gives up its peer. A peer that
///   takes a byte now and then holds up the publisher for ever: not for peers that are not trusted.
///
/// A publisher that must not wait at all calls `publish_now`.
///
/// The payload is shared by all members, however many there are.
///
/// ```
/// use switchwire_core::{HandlerResult, WebSocketSession};
/// use switchwire_service::Topic;
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
}

impl Topic {
    /// A topic without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a session, until the guard is dropped.
    #[must_use = "the session leaves when the guard is dropped"]
    pub fn join(&self, session: &WebSocketSender) -> Membership {
        self.members.join(session.clone())
    }

    /// Sends to every member, and resolves when all have taken the message or are gone.
    ///
    /// # Cancel safety
    /// When the future is dropped, members that have the message keep it, and nobody else gets it.
    pub async fn publish(&self, message: impl Into<WebSocketMessage>) -> Published {
        let message = message.into();
        let (mut published, full) = self.offer(&message);
        let mut waiting: FuturesUnordered<_> = full
            .iter()
            .map(|member| member.send(message.clone()))
            .collect();
        while let Some(accepted) = waiting.next().await {
            if accepted {
                published.accepted += 1;
            } else {
                published.gone += 1;
            }
        }
        published
    }

    /// Sends to every member that has room now, and waits for nobody.
    pub fn publish_now(&self, message: impl Into<WebSocketMessage>) -> Published {
        let (mut published, full) = self.offer(&message.into());
        published.missed = full.len();
        published
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends to every member that has room, and returns those that have none.
    fn offer(&self, message: &WebSocketMessage) -> (Published, Vec<Arc<Member>>) {
        let mut published = Published::default();
        let mut full = Vec::new();
        self.members
            .for_each(|member| match member.session().try_send(message.clone()) {
                Ok(()) => published.accepted += 1,
                Err(TrySendError::Full(_)) => full.push(member.clone()),
                Err(TrySendError::Failed(_)) => published.gone += 1,
            });
        (published, full)
    }
}

#[async_trait]
impl Broadcast for Topic {
    fn join(&self, session: &WebSocketSender) -> Membership {
        self.join(session)
    }

    async fn publish(&self, message: WebSocketMessage) -> Published {
        self.publish(message).await
    }

    fn publish_now(&self, message: WebSocketMessage) -> Published {
        self.publish_now(message)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("members", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
