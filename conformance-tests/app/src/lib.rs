#![doc = include_str!("../README.md")]

mod app;
mod backend;
mod endpoints;

pub use switchwire_conformance::*;

pub use self::{
    app::TestApp,
    backend::{AppOn, Backend},
};
