//! Times, each with an error of its own, and calls that are dropped.

use std::{net::Ipv4Addr, time::Duration};

use socket2::{Domain, Socket, Type};
use switchwire_core::{ClientRequest, ConnectError};

use super::client_redirects::{following, to};
use crate::{
    ClientCase, ClientSettings,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Answer, Client, settings},
};

const SHORT: Duration = Duration::from_millis(100);

/// A time in which much may come, with a pause between each.
const LONGER: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(5);

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::timeout::server_that_says_nothing_is_given_up",
        &[&CLIENT_TIMEOUT_1],
        |client| {
            let hasty = settings(|it| it.with_handshake_timeout(SHORT));
            let (call, mut peer, _) = client.ask_with("/", |it| Ok(it.with_settings(hasty)))?;
            call.expect_error("the error of the handshake's time", is_handshake)?;
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::timeout::server_that_stops_in_its_answer_is_given_up",
        &[&C20, &CLIENT_TIMEOUT_1],
        |client| {
            let hasty = settings(|it| it.with_handshake_timeout(SHORT));
            let (call, mut peer, asked) = client.ask_with("/", |it| Ok(it.with_settings(hasty)))?;
            let head = Answer::switching(&asked).encode();
            peer.write(&head[..head.len() - 1]);
            call.expect_error("the error of the handshake's time", is_handshake)?;
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::timeout::answer_that_trickles_in_is_given_up",
        &[&C20],
        trickles,
    ),
    ClientCase::new(
        "client::timeout::interim_answers_do_not_prolong_the_time",
        &[&C20, &C33],
        |client| {
            let hasty = settings(|it| it.with_handshake_timeout(LONGER));
            let (call, mut peer, _) = client.ask_with("/", |it| Ok(it.with_settings(hasty)))?;
            let mut left = 400;
            while left > 0 && !peer.ended_after(PAUSE)? {
                peer.answer(&Answer::status("100 Continue"));
                left -= 1;
            }
            ensure(left > 0, "the client to give up", "it waited for more")?;
            call.expect_error("the error of the handshake's time", is_handshake)
        },
    ),
    ClientCase::new(
        "client::timeout::redirects_do_not_prolong_the_time",
        &[&CLIENT_TIMEOUT_2],
        |client| {
            let hasty = settings(|it| it.with_handshake_timeout(LONGER));
            let mut listener = client.listen()?;
            let request = listener.request("/")?.with_settings(hasty);
            let call = client.connect_with(following(usize::MAX), request);
            let mut left = 400;
            while left > 0 {
                // The client may also give up before it has asked again.
                let Ok((mut peer, _)) = listener.asked() else {
                    break;
                };
                if peer.ended_after(PAUSE)? {
                    break;
                }
                peer.answer(&to("/again"));
                left -= 1;
            }
            ensure(left > 0, "the client to give up", "it followed for longer")?;
            call.expect_error("the error of the handshake's time", is_handshake)
        },
    ),
    ClientCase::new(
        "client::timeout::connection_that_is_not_established_is_given_up",
        &[&CLIENT_TIMEOUT_1],
        |client| {
            let full = client.listen_on(Ipv4Addr::LOCALHOST, 0)?;
            let _others = fill(&full.address().into())?;
            let hasty = ClientSettings {
                connect_timeout: SHORT,
                ..ClientSettings::default()
            };
            let call = client.connect_with(hasty, full.request("/")?);
            let is = |it: &ConnectError| matches!(it, ConnectError::ConnectTimedOut);
            call.expect_error("the error of connecting's time", is)
        },
    ),
    ClientCase::new(
        "client::timeout::server_that_is_silent_in_tls_is_given_up",
        &[&CLIENT_TIMEOUT_1],
        |client| {
            let mut listener = client.listen()?;
            let hasty = ClientSettings {
                tls_timeout: SHORT,
                ..ClientSettings::default()
            };
            let url = format!("wss://{}/", listener.address());
            let call = client.connect_with(hasty, ClientRequest::new(&url)?);
            let _peer = listener.accept()?;
            let is = |it: &ConnectError| matches!(it, ConnectError::TlsTimedOut);
            call.expect_error("the error of TLS's time", is)
        },
    ),
    ClientCase::new(
        "client::contract::server_that_speaks_no_tls_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let mut listener = client.listen()?;
            let url = format!("wss://{}/", listener.address());
            let call = client.connect(ClientRequest::new(&url)?);
            let mut peer = listener.accept()?;
            peer.answer(&Answer::status("400 Bad Request").whole_body("speak http"));
            let is = |it: &ConnectError| matches!(it, ConnectError::Tls(_));
            call.expect_error("the error of TLS", is)
        },
    ),
    ClientCase::new(
        "client::contract::port_where_nobody_listens_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let listener = client.listen()?;
            let request = listener.request("/")?;
            drop(listener);
            let is = |it: &ConnectError| matches!(it, ConnectError::Connect(_));
            client
                .connect(request)
                .expect_error("the error of connecting", is)
        },
    ),
    ClientCase::new(
        "client::contract::call_dropped_before_the_answer_drops_the_connection",
        &[&CLIENT_DROP_1],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            drop(call);
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::contract::call_dropped_in_the_answer_drops_the_connection",
        &[&CLIENT_DROP_1],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.write(b"HTTP/1.1 101 Switching Protocols\r\n");
            drop(call);
            peer.expect_end_unasked()
        },
    ),
];

fn is_handshake(error: &ConnectError) -> bool {
    matches!(error, ConnectError::HandshakeTimedOut)
}

/// An answer of which a byte comes again and again.
fn trickles(client: &Client<'_>) -> Verdict {
    let hasty = settings(|it| it.with_handshake_timeout(LONGER));
    let (call, mut peer, asked) = client.ask_with("/", |it| Ok(it.with_settings(hasty)))?;
    let long = "x".repeat(300);
    let head = Answer::switching(&asked).and("X-Long", long).encode();
    let mut ended = false;
    for byte in head.chunks(1) {
        peer.write(byte);
        ended = peer.ended_after(PAUSE)?;
        if ended {
            break;
        }
    }
    ensure(
        ended,
        "the client to give up",
        "it waited for all of the answer",
    )?;
    call.expect_error("the error of the handshake's time", is_handshake)
}

/// Takes all the room for connections that nobody accepts.
fn fill(address: &socket2::SockAddr) -> Verdict<Vec<Socket>> {
    let failed = |error| Failure::new("a socket", error);
    let mut sockets = Vec::new();
    for _ in 0..4 {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        // It goes on connecting, or waits in vain.
        drop(socket.connect(address));
        sockets.push(socket);
    }
    Ok(sockets)
}
