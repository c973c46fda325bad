//! Both engines over real sockets, against our own server and servers made by hand.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are outside of test functions"
)]

mod answers;
mod proxies;
mod redirects;
mod server;
mod sessions;
mod tls;
