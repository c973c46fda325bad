//! A poll that everyone can watch.

use std::time::Duration;

use async_graphql::{
    Context, ID, Object, Result, Schema, SimpleObject, Subscription,
    futures_util::{Stream, StreamExt, stream},
};
use tokio::sync::watch;

/// The schema of the poll.
pub(crate) type PollSchema = Schema<Query, Mutation, Subscription>;

/// A schema with a poll that nobody has voted in. A stranger's query may be neither deep nor wide without end.
pub(crate) fn schema() -> PollSchema {
    let options = ["hyper", "actix-web", "warp"].map(|name| Choice {
        id: name.into(),
        name: name.to_owned(),
        votes: 0,
    });
    let (poll, _) = watch::channel(Poll {
        question: "Which server do you run?".to_owned(),
        options: options.into(),
        latest: None,
    });
    Schema::build(Query, Mutation, Subscription)
        .data(poll)
        .limit_depth(16)
        .limit_complexity(1000)
        .finish()
}

/// Who a connection belongs to, as its `connection_init` says.
#[derive(Clone)]
pub(crate) struct Voter(pub(crate) String);

/// A question and its answers.
#[derive(Clone, SimpleObject)]
struct Poll {
    question: String,
    options: Vec<Choice>,
    /// Who voted last, and gave a name.
    latest: Option<String>,
}

#[derive(Clone, SimpleObject)]
struct Choice {
    id: ID,
    name: String,
    votes: u64,
}

pub(crate) struct Query;

#[Object]
impl Query {
    async fn poll(&self, context: &Context<'_>) -> Result<Poll> {
        Ok(shared(context)?.borrow().clone())
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    /// Adds a vote, and answers with the poll after it.
    async fn vote(&self, context: &Context<'_>, option: ID) -> Result<Poll> {
        let shared = shared(context)?;
        let voter = context.data_opt::<Voter>();
        let counted = shared.send_if_modified(|poll| {
            let found = poll.options.iter_mut().find(|choice| choice.id == option);
            let Some(choice) = found else { return false };
            choice.votes += 1;
            poll.latest = voter.map(|Voter(name)| name.clone());
            true
        });
        if counted {
            Ok(shared.borrow().clone())
        } else {
            Err("there is no such option".into())
        }
    }
}

pub(crate) struct Subscription;

#[Subscription]
impl Subscription {
    /// The poll as it is now, and again whenever it changes. A slow reader gets the latest state, not each one.
    async fn poll(&self, context: &Context<'_>) -> Result<impl Stream<Item = Poll>> {
        let mut changes = shared(context)?.subscribe();
        changes.mark_changed();
        Ok(stream::unfold(changes, async |mut changes| {
            changes.changed().await.ok()?;
            let poll = changes.borrow_and_update().clone();
            Some((poll, changes))
        }))
    }

    /// Counts down to 0, five numbers a second.
    async fn countdown(
        &self,
        #[graphql(validator(minimum = 0, maximum = 100))] from: u8,
    ) -> impl Stream<Item = u8> {
        stream::iter((0..=from).rev()).then(async |number| {
            tokio::time::sleep(Duration::from_millis(200)).await;
            number
        })
    }
}

fn shared<'a>(context: &Context<'a>) -> Result<&'a watch::Sender<Poll>> {
    context.data()
}
