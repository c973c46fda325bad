#![doc = include_str!("../README.md")]

mod app;
mod backend;
mod case;
mod cases;
mod client_case;
mod client_suite;
mod docs;
mod endpoints;
mod engine;
mod exact;
mod matrix;
mod outcome;
pub mod reference;
mod remote;
mod report;
mod requirement;
mod requirements;
mod suite;
mod timing;
mod wire;

pub use self::{
    app::TestApp,
    backend::{Backend, Served},
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
    timing::Timing,
};
