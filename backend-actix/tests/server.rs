//! The server below, by its version: some things hold only as long as it is as it is.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{fs, path::Path};

/// When this fails, look in the new version for what is written here, then raise it.
///
/// What is relied on:
/// - `h1/payload.rs`: the payload counts what is in it only when something is taken, and pauses the server at 32 KiB
///   (`transport.rs`, `put_back`);
/// - `h1/dispatcher.rs`: the body is asked for more while less than 32 KiB wait, and a write follows (`ending.rs`).
///
/// What is wrong with it, so that documents and known failures can go:
/// - `h1/dispatcher.rs`, `read_available`: wakes itself for ever with 128 KiB of requests behind an answer that waits
///   (`docs/deploy.md`);
/// - `h1/decoder.rs`, `set_headers`: panics at the name of a header of 65 536 bytes (`docs/deploy.md`);
/// - `h1/dispatcher.rs`, `poll_request`: answers what is behind `Connection: close` (`close.rs`);
/// - `h1/dispatcher.rs`: may leave a connection open with a `client_disconnect_timeout` below 500 ms (`README.md`);
/// - `h1/decoder.rs`, `PayloadLength::UpgradeWebSocket`: a refused handshake ends the connection (`conformance.rs`).
const LOOKED_AT: &str = "3.20.0";

#[test]
fn actix_http_is_the_version_that_was_looked_at() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    let (_, package) = lock.split_once("name = \"actix-http\"\n").unwrap();
    let version = package.lines().next().unwrap();
    assert_eq!(version, format!("version = \"{LOOKED_AT}\""));
}
