//! Cases of a client: against the kit's own server, or against a server of the backends.

use std::{fmt, net::SocketAddr, sync::OnceLock};

use tokio::runtime::{Builder, Runtime};

use crate::{
    ClientEngine, Level, Requirement, Side, Timing, Verified,
    case::{About, Verdict},
    outcome::verified,
    wire::{Client, Pair},
};

/// One check of a client against a server that does what the check wants, right or wrong.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ClientCase {
    /// A path whose parts select: `client::s4_1::wrong_accept_value_fails`.
    pub id: &'static str,
    /// What it shows, the main requirement first.
    pub requirements: &'static [&'static Requirement],
    pub(crate) check: fn(&Client<'_>) -> Verdict,
}

impl ClientCase {
    pub(crate) const fn new(
        id: &'static str,
        requirements: &'static [&'static Requirement],
        check: fn(&Client<'_>) -> Verdict,
    ) -> Self {
        Self {
            id,
            requirements,
            check,
        }
    }

    /// Runs the case.
    #[must_use]
    pub fn run(&self, engine: &dyn ClientEngine, timing: Timing) -> Verified {
        let client = Client::new(engine, runtime().handle().clone(), timing);
        let result = (self.check)(&client);
        verified(self.about(), result, client.transcript())
    }

    /// How binding the case is: as binding as its main requirement.
    #[must_use]
    pub fn level(&self) -> Level {
        self.about().level()
    }

    pub(crate) fn about(&self) -> About {
        About {
            id: self.id,
            requirements: self.requirements,
            hint: "",
            side: Side::Client,
        }
    }
}

impl fmt::Debug for ClientCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientCase").field(&self.id).finish()
    }
}

/// One check of a client and a server together.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PairCase {
    /// A path whose parts select: `pair::close::client_closes_with_code_and_reason`.
    pub id: &'static str,
    /// What it shows, the main requirement first.
    pub requirements: &'static [&'static Requirement],
    pub(crate) check: fn(&Pair<'_>) -> Verdict,
}

impl PairCase {
    pub(crate) const fn new(
        id: &'static str,
        requirements: &'static [&'static Requirement],
        check: fn(&Pair<'_>) -> Verdict,
    ) -> Self {
        Self {
            id,
            requirements,
            check,
        }
    }

    /// Runs the case against a server that serves the kit's application.
    #[must_use]
    pub fn run(&self, engine: &dyn ClientEngine, server: SocketAddr, timing: Timing) -> Verified {
        let client = Client::new(engine, runtime().handle().clone(), timing);
        let pair = Pair::new(client, server);
        let result = (self.check)(&pair);
        verified(self.about(), result, pair.transcript())
    }

    pub(crate) fn about(&self) -> About {
        About {
            id: self.id,
            requirements: self.requirements,
            hint: "",
            side: Side::Pair,
        }
    }
}

impl fmt::Debug for PairCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PairCase").field(&self.id).finish()
    }
}

/// What all clients of the process run on.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build();
        runtime.expect("a runtime needs two threads and no more")
    })
}
