//! The closing handshake begun by the client, and its deadlines (RFC 6455 sections 5.5.1 and 7.1).

use std::time::Duration;

use switchwire_core::{CloseCode, CloseStatus};

use crate::{
    ClientCase,
    case::{Failure, ensure},
    requirements::*,
    wire::Frame,
};

const SHORT: Duration = Duration::from_millis(100);

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::s5_5_1::closing_sends_code_and_reason",
        &[&SESSION_CLOSE_1],
        |client| {
            let (session, mut peer) = client.open()?;
            let status = CloseStatus::new(CloseCode::GOING_AWAY, "bye");
            session.close(status.map_err(|error| Failure::new("a status", error))?);
            let close = peer.expect_close_frame()?;
            let fits = close.close_code() == Some(1001) && close.payload.ends_with(b"bye");
            ensure(fits, "Close 1001 bye", &close)?;
            peer.send(&Frame::close(1001, ""));
            session.expect_outcome("closed by this side: 1001 (bye)")?;
            peer.expect_end()
        },
    ),
    ClientCase::new(
        "client::s7_1_1::client_that_closes_leaves_closing_tcp_to_the_server",
        &[&K34],
        |client| {
            let (session, mut peer) = client.open()?;
            session.close(CloseCode::NORMAL);
            peer.expect_close_frame()?;
            peer.expect_silence()?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_silence()?;
            peer.expect_end()
        },
    ),
    ClientCase::new(
        "client::s5_5_1::what_was_sent_before_closing_is_written",
        &[&SESSION_CLOSE_4],
        |client| {
            let (session, mut peer) = client.open()?;
            for n in 0..10 {
                session.send(format!("before {n}"))?;
            }
            session.close(CloseCode::NORMAL);
            (0..10).try_for_each(|n| peer.expect_text(format!("before {n}")))?;
            peer.expect_close(1000).map(drop)
        },
    ),
    ClientCase::new(
        "client::s5_5_1::message_on_its_way_while_closing_is_received",
        &[&K24, &SESSION_CLOSE_7],
        |client| {
            let (mut session, mut peer) = client.open()?;
            session.close(CloseCode::NORMAL);
            peer.expect_close_frame()?;
            peer.send(&Frame::text("on its way"));
            peer.send(&Frame::close(1000, ""));
            session.expect("on its way")?;
            session.expect_end()?;
            session.expect_outcome("closed by this side: 1000")
        },
    ),
    ClientCase::new(
        "client::s5_5_1::both_closes_at_once_are_answered_by_neither",
        &[&K16],
        |client| {
            let (session, mut peer) = client.open()?;
            session.close(CloseCode::NORMAL);
            peer.expect_close_frame()?;
            peer.send(&Frame::close(4000, "also"));
            peer.expect_end()?;
            session.expect_outcome("closed by this side: 1000")
        },
    ),
    ClientCase::new(
        "client::s7_1_2::server_that_does_not_answer_a_close_is_left_at_the_deadline",
        &[&K23, &SESSION_CLOSE_6],
        |client| {
            let (session, mut peer) = client.open_with(|it| it.with_closing_deadline(SHORT))?;
            session.close(CloseCode::NORMAL);
            peer.expect_close_frame()?;
            peer.expect_end_unasked()?;
            session.expect_outcome("closed by this side, no answer in time")
        },
    ),
    ClientCase::new(
        "client::s7_1_1::tcp_that_the_server_leaves_open_is_closed_at_the_deadline",
        &[&C30],
        |client| {
            let (session, mut peer) = client.open_with(|it| it.with_closing_deadline(SHORT))?;
            session.close(CloseCode::NORMAL);
            peer.expect_close_frame()?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_end_unasked()?;
            session.expect_outcome("closed by this side: 1000")
        },
    ),
    ClientCase::new(
        "client::s7_1_1::tcp_left_open_after_the_servers_close_is_closed_at_the_deadline",
        &[&C30],
        |client| {
            let (session, mut peer) = client.open_with(|it| it.with_closing_deadline(SHORT))?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_close_frame()?;
            peer.expect_end_unasked()?;
            session.expect_outcome("closed by the peer: 1000")
        },
    ),
    ClientCase::new(
        "client::s7_1_7::tcp_left_open_after_a_violation_is_closed_at_the_deadline",
        &[&C30, &K32],
        |client| {
            let (_session, mut peer) = client.open_with(|it| it.with_closing_deadline(SHORT))?;
            peer.send(&Frame::new(0x3, "x"));
            peer.expect_close_frame()?;
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::contract::dropped_session_is_closed_with_1001",
        &[&CLIENT_DROP_2],
        |client| {
            let (session, mut peer) = client.open()?;
            drop(session);
            peer.expect_close(1001).map(drop)
        },
    ),
    ClientCase::new(
        "client::contract::dropped_session_writes_what_was_sent",
        &[&CLIENT_DROP_2],
        |client| {
            let (session, mut peer) = client.open()?;
            session.send("last words")?;
            drop(session);
            peer.expect_text("last words")?;
            peer.expect_close(1001).map(drop)
        },
    ),
    ClientCase::new(
        "client::contract::dropped_session_without_an_answer_is_left_at_the_deadline",
        &[&CLIENT_DROP_2, &SESSION_CLOSE_6],
        |client| {
            let (session, mut peer) = client.open_with(|it| it.with_closing_deadline(SHORT))?;
            drop(session);
            peer.expect_close_frame()?;
            peer.expect_end_unasked()
        },
    ),
];
