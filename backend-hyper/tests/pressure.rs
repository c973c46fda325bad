//! What a session holds when its peer presses, measured in a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "common/child.rs"]
mod child;
mod common;
#[path = "common/pressure.rs"]
mod pressure;

use switchwire_backend_hyper::HyperServer;

use self::pressure::Costs;

/// The settings allow 68 KiB of what comes, what one read left, and 260 of what goes.
const MOST: Costs = Costs {
    unread: 160 << 10,
    untaken: 320 << 10,
    both: 416 << 10,
    idle: 8 << 10,
};

#[test]
fn what_a_session_holds_under_pressure_is_bounded() {
    const TEST: &str = "what_a_session_holds_under_pressure_is_bounded";
    if child::is_child(TEST) {
        return child::serve(|listener| HyperServer::new(pressure::mapping()).serve(listener));
    }
    pressure::cost_at_most(&MOST, TEST);
}
