//! The closing handshake begun by the server, and other ends (RFC 6455 sections 5.5.1 and 7).

use switchwire_core::ErrorKind;

use super::client_frames::fails;
use crate::{ClientCase, case::ensure, requirements::*, wire::Frame};

pub(super) const CASES: &[ClientCase] = &[
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
        |client| fails(client, &[Frame::new(0x8, "x")], 1002),
    ),
    ClientCase::new(
        "client::s7_4_1::close_with_1005_fails",
        &[&K4, &K32],
        |client| fails(client, &[Frame::close(1005, "")], 1002),
    ),
    ClientCase::new(
        "client::s7_4_1::close_with_1006_fails",
        &[&K4, &K32],
        |client| fails(client, &[Frame::close(1006, "")], 1002),
    ),
    ClientCase::new(
        "client::s7_4_2::close_with_999_fails",
        &[&K5, &K32],
        |client| fails(client, &[Frame::close(999, "")], 1002),
    ),
    ClientCase::new(
        "client::s8_1::close_reason_that_is_not_utf8_fails",
        &[&K7, &K32],
        |client| fails(client, &[Frame::close(1000, b"\xff")], 1007),
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
