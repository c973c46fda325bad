//! A server without descriptors, in a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/child.rs"]
mod child;
#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;
#[path = "../../backend-hyper/tests/common/exhaustion.rs"]
mod exhaustion;

use switchwire_backend_warp::{serve, websocket};

#[test]
fn it_serves_again_once_descriptors_are_free() {
    const TEST: &str = "it_serves_again_once_descriptors_are_free";
    if child::is_child(TEST) {
        return child::serve(|listener| serve(websocket(common::echo), listener));
    }
    exhaustion::serves_again(TEST);
}
