//! A server without descriptors, in a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "common/child.rs"]
mod child;
mod common;
#[path = "common/exhaustion.rs"]
mod exhaustion;

use switchwire_backend_hyper::HyperServer;
use switchwire_service::UrlHandlerMapping;

#[test]
fn it_serves_again_once_descriptors_are_free() {
    const TEST: &str = "it_serves_again_once_descriptors_are_free";
    if child::is_child(TEST) {
        let mapping = UrlHandlerMapping::new().with("/", common::echo).unwrap();
        return child::serve(|listener| HyperServer::new(mapping).serve(listener));
    }
    exhaustion::serves_again(TEST);
}
