//! Every case is red on a server that is wrong on purpose, and says which requirement was broken.

use std::{process::ExitCode, time::Duration};

use libtest_mimic::{Arguments, Failed, Trial};
use switchwire_conformance::{Case, Outcome, Target, Timing, cases};
use switchwire_conformance_reference::{Fault, Reference};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<_> = cases()
        .map(|case| {
            Trial::test(format!("{}::has_a_fault", case.id), move || {
                has_a_fault(case)
            })
        })
        .collect();
    for fault in Fault::ALL {
        for part in fault.breaks() {
            let matching = cases().filter(|case| case.id.contains(part));
            trials.extend(matching.map(|case| {
                let name = format!("{}::turns_red_by::{fault:?}", case.id);
                Trial::test(name, move || turns_red(case, *fault))
            }));
            trials.push(Trial::test(
                format!("{fault:?}::{part}::names_a_case"),
                move || names_a_case(part),
            ));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn has_a_fault(case: &Case) -> Result<(), Failed> {
    let noticed = Fault::ALL
        .iter()
        .flat_map(|fault| fault.breaks())
        .any(|part| case.id.contains(part));
    if noticed {
        return Ok(());
    }
    Err("no fault is said to turn this case red".into())
}

fn names_a_case(part: &str) -> Result<(), Failed> {
    if cases().any(|case| case.id.contains(part)) {
        return Ok(());
    }
    Err(format!("{part} is in no case's id").into())
}

fn turns_red(case: &Case, fault: Fault) -> Result<(), Failed> {
    let timing = Timing::default()
        .with_deadline(Duration::from_millis(400))
        .with_silence(Duration::from_millis(200));
    let backend = Reference::with_fault(fault);
    let verified = if case.is_alone() {
        case.run_alone(&backend, timing)?
    } else {
        let served = backend.start()?;
        case.run(served.address(), timing)
    };
    let Outcome::Failed(story) = verified.outcome else {
        return Err(format!("{} does not notice {fault:?}", case.id).into());
    };
    match case
        .requirements
        .iter()
        .find(|rule| !story.contains(rule.id))
    {
        Some(rule) => Err(format!("the story does not name {}:\n{story}", rule.id).into()),
        None => Ok(()),
    }
}
