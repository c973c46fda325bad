//! The whole session driver over a scripted transport, and what must hold whatever the script says.
//!
//! A script is a string of bytes that makes every decision: the settings, what the handler does, what
//! the peer, the network, the clock and the application do, and in which order. So a seed, an input
//! that a fuzzer found and a committed regression are the same thing, and each replays. The clock is
//! tokio's, paused; nothing waits for real.

#![allow(dead_code, unused_imports, reason = "tests and a fuzz target share it")]

mod choices;
mod handler;
mod properties;
mod run;
mod setting;
mod world;

pub(crate) use self::{
    properties::{Property, Report},
    run::run,
};
