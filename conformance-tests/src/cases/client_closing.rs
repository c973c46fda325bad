//! The client's half of the closing handshake (RFC 6455 sections 5.5.1 and 7).

use std::time::Duration;

use switchwire_core::{CloseCode, CloseStatus, ErrorKind};

use crate::{
    ClientCase,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Client, Frame},
};

const SHORT: Duration = Duration::from_millis(100);

pub(super) const CASES: &[ClientCase] = &[
    // Begun by the server.
    ClientCase::new(
        "client::s5_5_1::close_is_answered_with_the_same_code",
        &[&K1],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send(&Frame::close(1001, "going"));
            peer.expect_close_answer(1001)?;
            session.expect_end()?;
            session.expect_outcome("closed by the peer: 1001 (going)")
        },
    ),
    ClientCase::new(
        "client::s5_5_1::private_code_and_reason_are_told",
        &[&K6, &K17],
        |client| {
            let (session, mut peer) = client.open()?;
            peer.send(&Frame::close(4321, "r\u{e9}ason"));
            peer.expect_close_answer(4321)?;
            session.expect_outcome("closed by the peer: 4321 (r\u{e9}ason)")
        },
    ),
    ClientCase::new(
        "client::s5_5_1::close_without_code_is_told_as_no_status",
        &[&K2, &K18],
        |client| {
            let (session, mut peer) = client.open()?;
            peer.send(&Frame::empty_close());
            let answer = peer.expect_close_frame()?;
            let fits = matches!(answer.close_code(), None | Some(1000));
            ensure(fits, "a Close without code or with 1000", &answer)?;
            peer.expect_end()?;
            session.expect_outcome("closed by the peer without a status")
        },
    ),
    ClientCase::new(
        "client::s7_1_1::client_leaves_closing_tcp_to_the_server",
        &[&K34],
        |client| {
            let (_session, mut peer) = client.open()?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_close_frame()?;
            peer.expect_silence()?;
            peer.expect_end()
        },
    ),
    ClientCase::new(
        "client::s5_5_1::messages_before_the_close_are_received",
        &[&SESSION_RECEIVE_2],
        |client| {
            let (mut session, mut peer) = client.open()?;
            let before = [
                Frame::text("one"),
                Frame::text("two"),
                Frame::close(1000, ""),
            ];
            peer.send_all(&before);
            peer.expect_close_answer(1000)?;
            session.expect("one")?;
            session.expect("two")?;
            session.expect_end()
        },
    ),
    ClientCase::new(
        "client::s5_5_1::nothing_can_be_sent_after_the_answer",
        &[&K13, &SESSION_SEND_3],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_close_frame()?;
            session.expect_end()?;
            session.expect_outcome("closed by the peer: 1000")?;
            let sent = session.try_send("late")?;
            ensure(sent.is_err(), "an error of sending", "success")?;
            peer.expect_end()
        },
    ),
    ClientCase::new(
        "client::s5_5_1::close_of_one_byte_fails",
        &[&K3, &K32],
        |client| fails(client, &Frame::new(0x8, "x"), 1002),
    ),
    ClientCase::new(
        "client::s7_4_1::close_with_1005_fails",
        &[&K4, &K32],
        |client| fails(client, &Frame::close(1005, ""), 1002),
    ),
    ClientCase::new(
        "client::s7_4_1::close_with_1006_fails",
        &[&K4, &K32],
        |client| fails(client, &Frame::close(1006, ""), 1002),
    ),
    ClientCase::new(
        "client::s7_4_2::close_with_999_fails",
        &[&K5, &K32],
        |client| fails(client, &Frame::close(999, ""), 1002),
    ),
    ClientCase::new(
        "client::s8_1::close_reason_that_is_not_utf8_fails",
        &[&K7, &K32],
        |client| fails(client, &Frame::close(1000, b"\xff"), 1007),
    ),
    // Begun by the client.
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
    // Ends without a Close.
    ClientCase::new(
        "client::s7_1_5::end_without_close_is_abnormal",
        &[&K19, &SESSION_RECEIVE_3],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send(&Frame::text("before"));
            peer.finish();
            session.expect("before")?;
            session.expect_failure(ErrorKind::Disconnected)?;
            session.expect_outcome("ended abnormally: Disconnected")
        },
    ),
    ClientCase::new(
        "client::s7_1_5::reset_is_abnormal",
        &[&K19, &SESSION_RECEIVE_3],
        |client| {
            let (mut session, peer) = client.open()?;
            peer.reset();
            session.expect_failure(ErrorKind::Io)?;
            session.expect_outcome("ended abnormally: Io")
        },
    ),
    ClientCase::new(
        "client::s7_1_5::message_cut_off_by_the_end_is_not_received",
        &[&K20],
        |client| {
            let (mut session, mut peer) = client.open()?;
            let frame = peer.encode(&Frame::text("cut off"));
            peer.write(&frame[..5]);
            peer.finish();
            session.expect_failure(ErrorKind::Disconnected)
        },
    ),
    ClientCase::new(
        "client::s7_1_7::frames_behind_a_violation_are_not_received",
        &[&K22],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send_all(&[
                Frame::text("before"),
                Frame::new(0x3, ""),
                Frame::text("behind"),
            ]);
            peer.expect_failed(&[1002])?;
            session.expect("before")?;
            session.expect_failure(ErrorKind::Protocol)
        },
    ),
];

/// The client fails the connection with this code.
fn fails(client: &Client<'_>, frame: &Frame, code: u16) -> Verdict {
    let (mut session, mut peer) = client.open()?;
    peer.send(frame);
    peer.expect_failed(&[code])?;
    session.expect_failure(match code {
        1007 => ErrorKind::InvalidPayload,
        _ => ErrorKind::Protocol,
    })
}
