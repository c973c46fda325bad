//! The last bytes of a session, with little room in the kernel.
//!
//! The server writes what a session sent until the kernel has no room, keeps the rest, and waits to be told of room.
//! The peer reads; now there is room. The session, which has its turn before the server, finds that the socket is
//! writable, takes that for a sign that the server has nothing more to write, and ends the sending direction: the
//! server's rest gets `EPIPE`. With the kernel's own sizes the loopback nearly always has room for all, so the
//! listener's buffer is small here.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{
    future::poll_fn,
    io::{Read, Write},
    net::TcpListener,
    task::Poll,
    thread,
    time::Duration,
};

use actix_web::{App, rt};
use switchwire_backend_actix::websocket;
use switchwire_core::WebSocketSession;

use self::common::{Running, serve_on};

/// Each asks for a little more than the one before it.
const SESSIONS: usize = 50;

#[test]
fn nothing_that_a_session_sent_is_cut_at_its_end() {
    let server = server(32 << 10);
    let cut = (0..SESSIONS).filter(|session| {
        let len = (256 << 10) + session * 347;
        answer(&server, len) != 10 + len + 4 // a header, the message, Close
    });
    assert_eq!(cut.count(), 0, "sessions of {SESSIONS}");
}

/// Answers each message with as many bytes as it says.
fn server(send_buffer: usize) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, send_buffer).unwrap();
    serve_on(listener, || {
        rt::spawn(neighbour());
        App::new().route(
            "/",
            websocket(async |mut session: WebSocketSession| {
                while let Some(message) = session.receive().await? {
                    let len = message.as_text().unwrap().parse()?;
                    session.send(vec![0_u8; len]).await?;
                }
                Ok(())
            }),
        )
    })
}

/// A task beside the sessions that keeps their thread from them: between the server's turn and the session's, the peer
/// has time to read.
async fn neighbour() {
    poll_fn(|cx| {
        thread::sleep(Duration::from_micros(100));
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    })
    .await;
}

/// Asks for so many bytes and closes in one write, then reads to the end: how much came.
fn answer(server: &Running, len: usize) -> usize {
    let mut stream = server.ask("/", "").stream;
    let text = len.to_string();
    let mut request = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    request.extend(text.bytes());
    request.extend([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
    stream.write_all(&request).unwrap();
    let mut read = 0;
    let mut chunk = [0; 4 << 10];
    loop {
        match stream.read(&mut chunk).unwrap() {
            0 => return read,
            more => read += more,
        }
    }
}
