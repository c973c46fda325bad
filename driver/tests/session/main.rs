//! The session contract over an in-memory pipe; what a wire can show on a real server is the conformance suite's.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are outside of test functions"
)]

mod closing;
mod extremes;
mod flow;
mod foreign;
mod meetings;
mod payloads;
mod peer;
mod shutdown;
mod slow;
mod timers;
