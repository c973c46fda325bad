//! What a session holds when its peer presses, measured in a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/child.rs"]
mod child;
#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;
#[path = "../../backend-hyper/tests/common/pressure.rs"]
mod pressure;

use std::net::TcpListener;

use actix_web::{App, HttpServer, rt};
use switchwire_backend_actix::{configure, on_connect};

use self::pressure::Costs;

/// The settings allow 68 KiB of what comes and 260 of what goes; the server's own buffers are the rest.
const MOST: Costs = Costs {
    unread: 512 << 10,
    untaken: 448 << 10,
    both: 960 << 10,
    idle: 192 << 10,
};

#[test]
fn what_a_session_holds_under_pressure_is_bounded() {
    const TEST: &str = "what_a_session_holds_under_pressure_is_bounded";
    if child::is_child(TEST) {
        return serve();
    }
    pressure::cost_at_most(&MOST, TEST);
}

fn serve() {
    let sessions = configure(pressure::mapping()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    child::tell(listener.local_addr().unwrap());
    let server = HttpServer::new(move || App::new().configure(sessions.clone()));
    let server = server.on_connect(on_connect).workers(1).listen(listener);
    rt::System::new().block_on(server.unwrap().run()).unwrap();
}
