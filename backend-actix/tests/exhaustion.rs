//! A server without descriptors, in a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/child.rs"]
mod child;
#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;
#[path = "../../backend-hyper/tests/common/exhaustion.rs"]
mod exhaustion;

use std::net::TcpListener;

use actix_web::{App, HttpServer, rt};
use switchwire_backend_actix::{configure, on_connect};
use switchwire_service::UrlHandlerMapping;

#[test]
fn it_serves_again_once_descriptors_are_free() {
    const TEST: &str = "it_serves_again_once_descriptors_are_free";
    if child::is_child(TEST) {
        return serve();
    }
    exhaustion::serves_again(TEST);
}

fn serve() {
    let mapping = UrlHandlerMapping::new().with("/", common::echo).unwrap();
    let sessions = configure(mapping).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    child::tell(listener.local_addr().unwrap());
    let server = HttpServer::new(move || App::new().configure(sessions.clone()));
    let server = server.on_connect(on_connect).workers(1).listen(listener);
    rt::System::new().block_on(server.unwrap().run()).unwrap();
}
