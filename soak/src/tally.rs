//! What was counted, and whether it is well.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What the clients saw.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sessions: AtomicU64,
    /// Sessions that the server ended with 1001.
    pub(crate) going_away: AtomicU64,
    /// Sessions that ended without a Close that the client did not break off itself.
    pub(crate) broken: AtomicU64,
    /// Late members that had not read as far as the Close by the closing deadline.
    pub(crate) cut: AtomicU64,
    pub(crate) echoed: AtomicU64,
    pub(crate) heard: AtomicU64,
    /// Messages that a policy dropped for late members.
    pub(crate) dropped: AtomicU64,
    pub(crate) resets: AtomicU64,
    pub(crate) vanished: AtomicU64,
    /// Messages that came out of order, twice, or not although nothing accounts for that.
    pub(crate) wrong: AtomicU64,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// What there was before the load and after it.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) what: &'static str,
    pub(crate) before: u64,
    pub(crate) peak: u64,
    pub(crate) after: u64,
    /// The most there may be after it.
    pub(crate) most: u64,
}

/// A run on one server.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) server: String,
    pub(crate) tally: Arc<Tally>,
    pub(crate) left: Vec<Left>,
    /// What the servers said when they stopped: at the restart, and at the end.
    pub(crate) stopped: Vec<String>,
}

impl Outcome {
    pub(crate) fn is_well(&self) -> bool {
        let Tally {
            wrong,
            broken,
            echoed,
            heard,
            ..
        } = &*self.tally;
        let [wrong, broken, echoed, heard] =
            [wrong, broken, echoed, heard].map(|n| n.load(Relaxed));
        wrong == 0
            && broken == 0
            && echoed > 0
            && heard > 0
            && self.left.iter().all(|left| left.after <= left.most)
            && self.stopped.iter().all(|said| said.contains("0 remaining"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_well() { "ok" } else { "FAILED" };
        writeln!(f, "{}: {verdict}", self.server)?;
        let tally = &self.tally;
        for (what, counter) in [
            ("sessions", &tally.sessions),
            ("ended with 1001 by the server", &tally.going_away),
            ("broken", &tally.broken),
            ("cut as they read too late", &tally.cut),
            ("messages echoed in order", &tally.echoed),
            ("messages of the topic heard in order", &tally.heard),
            ("dropped by policy", &tally.dropped),
            ("resets", &tally.resets),
            ("peers that vanished", &tally.vanished),
            ("messages lost, twice or out of order", &tally.wrong),
        ] {
            writeln!(f, "  {:>10}  {what}", counter.load(Relaxed))?;
        }
        writeln!(
            f,
            "  {:>10} {:>10} {:>10} {:>10}",
            "before", "peak", "after", "at most"
        )?;
        for Left {
            what,
            before,
            peak,
            after,
            most,
        } in &self.left
        {
            writeln!(
                f,
                "  {before:>10} {peak:>10} {after:>10} {most:>10}  {what}"
            )?;
        }
        for said in &self.stopped {
            writeln!(f, "  {said}")?;
        }
        Ok(())
    }
}
