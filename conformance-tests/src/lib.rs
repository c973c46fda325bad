#![doc = include_str!("../README.md")]

mod case;
mod cases;
mod client_case;
mod client_suite;
pub mod contract;
mod docs;
mod engine;
mod exact;
mod matrix;
mod outcome;
mod remote;
mod report;
mod requirement;
mod requirements;
mod suite;
mod target;
mod timing;
mod wire;

pub use self::{
    case::{Case, Feature, Needs},
    cases::{cases, client_cases, pair_cases},
    client_case::{ClientCase, PairCase},
    client_suite::{ClientSuite, CrossSuite},
    docs::requirements_markdown,
    engine::{ClientEngine, ClientSettings},
    matrix::Matrix,
    outcome::{Outcome, Verified},
    remote::{InvalidUrl, Remote},
    report::{Record, Side, read_records},
    requirement::{Level, Requirement, Spec, Testable},
    requirements::requirements,
    suite::Suite,
    target::{Served, Target},
    timing::Timing,
};

/// For the other packages of the kit; it may change in any version.
#[doc(hidden)]
pub mod internals {
    pub use crate::wire::{Frame, Length, accept_value, opcode};
}
