//! Every case of a client or a pair is red with a client that is wrong on purpose, and says which requirement was broken.

use std::{process::ExitCode, time::Duration};

use libtest_mimic::{Arguments, Failed, Trial};
use switchwire_conformance::{
    ClientCase, Outcome, PairCase, Requirement, Target, Timing, Verified, client_cases, pair_cases,
};
use switchwire_conformance_reference::{ClientFault, Reference, ReferenceClient};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<_> = all()
        .map(|case| {
            Trial::test(format!("{}::has_a_fault", case.id()), move || {
                has_a_fault(case)
            })
        })
        .collect();
    for fault in ClientFault::ALL {
        for part in fault.breaks() {
            for case in all().filter(|case| case.id().contains(part)) {
                let name = format!("{}::turns_red_by::{fault:?}", case.id());
                trials.push(Trial::test(name, move || turns_red(case, *fault)));
            }
            trials.push(Trial::test(
                format!("{fault:?}::{part}::names_a_case"),
                move || names_a_case(part),
            ));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A case, and what it tests.
#[derive(Clone, Copy)]
enum Tested {
    Client(&'static ClientCase),
    Pair(&'static PairCase),
}

fn all() -> impl Iterator<Item = Tested> {
    let clients = client_cases().map(Tested::Client);
    clients.chain(pair_cases().map(Tested::Pair))
}

impl Tested {
    fn id(self) -> &'static str {
        match self {
            Self::Client(case) => case.id,
            Self::Pair(case) => case.id,
        }
    }

    fn requirements(self) -> &'static [&'static Requirement] {
        match self {
            Self::Client(case) => case.requirements,
            Self::Pair(case) => case.requirements,
        }
    }

    fn run(self, client: &ReferenceClient, timing: Timing) -> Result<Verified, Failed> {
        Ok(match self {
            Self::Client(case) => case.run(client, timing),
            Self::Pair(case) => {
                let server = Reference::new().start()?;
                case.run(client, server.address(), timing)
            }
        })
    }
}

fn has_a_fault(case: Tested) -> Result<(), Failed> {
    let mut parts = ClientFault::ALL.iter().flat_map(|fault| fault.breaks());
    if parts.any(|part| case.id().contains(part)) {
        return Ok(());
    }
    Err("no fault is said to turn this case red".into())
}

fn names_a_case(part: &str) -> Result<(), Failed> {
    if all().any(|case| case.id().contains(part)) {
        return Ok(());
    }
    Err(format!("{part} is in no case's id").into())
}

fn turns_red(case: Tested, fault: ClientFault) -> Result<(), Failed> {
    let timing = Timing::default()
        .with_deadline(Duration::from_millis(400))
        .with_silence(Duration::from_millis(200));
    let verified = case.run(&ReferenceClient::with_fault(fault), timing)?;
    let Outcome::Failed(story) = verified.outcome else {
        return Err(format!("{} does not notice {fault:?}", case.id()).into());
    };
    let mut rules = case.requirements().iter();
    match rules.find(|rule| !story.contains(rule.id)) {
        Some(rule) => Err(format!("the story does not name {}:\n{story}", rule.id).into()),
        None => Ok(()),
    }
}
