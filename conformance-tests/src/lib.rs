#![doc = include_str!("../README.md")]

mod app;
mod backend;
mod case;
mod cases;
mod docs;
mod endpoints;
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
    cases::cases,
    docs::requirements_markdown,
    matrix::Matrix,
    outcome::{Outcome, Verified},
    remote::{InvalidUrl, Remote},
    report::{Record, read_records},
    requirement::{Level, Requirement, Spec, Testable},
    requirements::requirements,
    suite::Suite,
    timing::Timing,
};
