//! Requests behind `Connection: close`.
//!
//! They come in one write with it. The server has read them when it answers the first, and goes on with the next.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use actix_web::{App, HttpResponse, middleware::from_fn, web};
use switchwire_backend_actix::{configure, end_after_close};
use switchwire_core::WebSocketSession;
use switchwire_service::UrlHandlerMapping;

use self::common::{Running, request, serve};

#[test]
fn nothing_is_answered_behind_connection_close() {
    let seen = Arc::new(AtomicUsize::new(0));
    let server = server(&seen);
    let page = |header| format!("GET /page HTTP/1.1\r\nHost: a\r\n{header}\r\n");
    let last = page("Connection: close\r\n");
    for behind in [
        page(""),
        request("GET", "/session", ""),
        page("").repeat(20),
    ] {
        let before = seen.load(SeqCst);
        let all = answers(&server, &(last.clone() + &behind));
        assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{all}");
        assert!(all.ends_with("the page"), "{all}");
        assert!(all.contains("\r\nconnection: close\r\n"), "{all}");
        assert_eq!(seen.load(SeqCst), before + 1);
    }
}

#[test]
fn nothing_is_answered_behind_a_refusal() {
    let seen = Arc::new(AtomicUsize::new(0));
    let server = server(&seen);
    let refused =
        request("GET", "/session", "").replace("Upgrade: websocket", "Upgrade: h2c, websocket");
    let all = answers(
        &server,
        &(refused + "GET /page HTTP/1.1\r\nHost: a\r\n\r\n"),
    );
    assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{all}");
    assert!(all.starts_with("HTTP/1.1 400 "), "{all}");
    assert_eq!(seen.load(SeqCst), 0);
}

/// A page of some size, which counts who sees it, and a session.
fn server(seen: &Arc<AtomicUsize>) -> Running {
    let seen = seen.clone();
    serve(move || {
        let seen = seen.clone();
        let silent = async |session: WebSocketSession| {
            session.closed().await;
            Ok(())
        };
        let mapping = UrlHandlerMapping::new().with("/session", silent).unwrap();
        App::new()
            .wrap(from_fn(end_after_close))
            .configure(configure(mapping).unwrap())
            .default_service(web::to(move || {
                seen.fetch_add(1, SeqCst);
                async { HttpResponse::Ok().body(" ".repeat(300_000) + "the page") }
            }))
    })
}

/// All that comes in answer, to the end of the connection.
fn answers(server: &Running, requests: &str) -> String {
    let mut client = server.send(requests);
    client.stream.read_to_string(&mut client.head).unwrap();
    client.head
}
