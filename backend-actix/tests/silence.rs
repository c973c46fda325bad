//! What the kernel is told of a session's connection.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{any::Any, net::TcpListener, sync::mpsc, thread, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Extensions,
    rt::{self, net::TcpStream},
};
use rustix::{fd::OwnedFd, io::dup, net::sockopt::tcp_user_timeout};
use switchwire_backend_actix::{dispatch, on_connect};
use switchwire_core::{Endpoint, WebSocketSession, WebSocketSettings};

use self::common::Running;

#[test]
fn a_session_limits_how_long_its_peer_acknowledges_nothing() {
    let (server, sockets) = server(Some(Duration::from_secs(70)));
    let _client = server.ask("/", "");
    let socket = sockets.recv_timeout(common::DEADLINE).unwrap();
    assert_eq!(tcp_user_timeout(&socket).unwrap(), 70_000 + 20_000);
}

#[test]
fn a_peer_that_takes_no_page_is_limited_too() {
    let (server, sockets) = server(None);
    let _client = std::net::TcpStream::connect(server.address).unwrap();
    let socket = sockets.recv_timeout(common::DEADLINE).unwrap();
    assert_eq!(tcp_user_timeout(&socket).unwrap(), 65_000);
}

#[test]
fn without_pings_the_limit_is_the_systems() {
    let (server, sockets) = server(None);
    let _client = server.ask("/", "");
    let socket = sockets.recv_timeout(common::DEADLINE).unwrap();
    assert_eq!(tcp_user_timeout(&socket).unwrap(), 0);
}

/// A server, and second descriptors of the sockets it accepts.
fn server(ping_interval: Option<Duration>) -> (Running, mpsc::Receiver<OwnedFd>) {
    let settings = WebSocketSettings::builder().with_ping_interval(ping_interval);
    let silent = async |session: WebSocketSession| {
        session.closed().await;
        Ok(())
    };
    let endpoint = Endpoint::new(silent).with_settings(settings.build().unwrap());
    let (accepted, sockets) = mpsc::sync_channel(8);
    let watch = move |connection: &dyn Any, extensions: &mut Extensions| {
        let stream = connection.downcast_ref::<TcpStream>().unwrap();
        on_connect(connection, extensions);
        accepted.send(dup(stream).unwrap()).unwrap();
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (started, handle) = mpsc::channel();
    thread::spawn(move || {
        let server = HttpServer::new(move || App::new().route("/", dispatch(endpoint.clone())));
        let server = server.on_connect(watch).workers(1).disable_signals();
        let server = server.listen(listener).unwrap().run();
        started.send(server.handle()).unwrap();
        rt::System::new().block_on(server).unwrap();
    });
    let handle = handle.recv().unwrap();
    (Running { address, handle }, sockets)
}
