//! The messages that a client receives and sends (RFC 6455 sections 5.6 and 8.1).

use bytes::Bytes;
use switchwire_core::WebSocketMessage;

use super::client_frames::{fails, receives};
use crate::{
    ClientCase,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Client, Frame, Peer, Session},
};

pub(super) const CASES: &[ClientCase] = &[
    // Text.
    ClientCase::new(
        "client::s8_1::invalid_text_fails",
        &[&F45, &K32],
        |client| fails(client, &[Frame::text(b"\xce\xba\xff")], 1007),
    ),
    ClientCase::new("client::s8_1::surrogate_fails", &[&F47, &K32], |client| {
        fails(client, &[Frame::text(b"\xed\xa0\x80")], 1007)
    }),
    ClientCase::new(
        "client::s8_1::text_cut_in_a_code_point_fails",
        &[&F49, &K32],
        |client| fails(client, &[Frame::text(b"ok \xe2\x82")], 1007),
    ),
    ClientCase::new(
        "client::s8_1::invalid_text_fails_before_its_message_ends",
        &[&F51, &K32],
        |client| fails(client, &[Frame::text(b"a\xff").unfinished()], 1007),
    ),
    ClientCase::new(
        "client::s8_1::code_point_split_over_fragments_is_text",
        &[&F50],
        |client| {
            let parts = [
                Frame::text(b"\xe2").unfinished(),
                Frame::continuation(b"\x82\xac"),
            ];
            receives(client, &parts, "\u{20ac}")
        },
    ),
    ClientCase::new("client::s5_6::binary_is_not_checked", &[&F52], |client| {
        let (mut session, mut peer) = client.open()?;
        peer.send(&Frame::binary(b"\xff\xfe"));
        session.expect(&b"\xff\xfe"[..])
    }),
    // Messages.
    ClientCase::new(
        "client::contract::a_hundred_messages_are_received_in_order",
        &[&SESSION_RECEIVE_1],
        |client| {
            let (mut session, mut peer) = client.open()?;
            let frames: Vec<_> = (0..100)
                .map(|n| Frame::text(format!("message {n}")))
                .collect();
            peer.send_all(&frames);
            (0..100).try_for_each(|n| session.expect(format!("message {n}")))
        },
    ),
    ClientCase::new(
        "client::contract::empty_messages_are_received",
        &[&SESSION_RECEIVE_1],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send_all(&[Frame::text(""), Frame::binary(""), Frame::text("x")]);
            session.expect("")?;
            session.expect(Bytes::new())?;
            session.expect("x")
        },
    ),
    ClientCase::new(
        "client::s5_2::frame_byte_by_byte_is_received",
        &[&F21],
        |client| {
            let (mut session, mut peer) = client.open()?;
            let frame = peer.encode(&Frame::text("byte by byte"));
            peer.trickle(&frame);
            session.expect("byte by byte")
        },
    ),
    ClientCase::new(
        "client::contract::control_frames_are_received_when_asked_for",
        &[&SESSION_RECEIVE_1],
        |client| {
            let (mut session, mut peer) = client.open_with(|it| it.with_control_frames(true))?;
            peer.send_all(&[Frame::ping("a"), Frame::pong("b"), Frame::text("c")]);
            session.expect(WebSocketMessage::Ping(Bytes::from_static(b"a")))?;
            session.expect(WebSocketMessage::Pong(Bytes::from_static(b"b")))?;
            session.expect("c")
        },
    ),
    ClientCase::new(
        "client::contract::session_that_is_not_read_stops_the_server",
        &[&SESSION_RECEIVE_4, &SESSION_BACKPRESSURE_1],
        |client| {
            let (_session, mut peer) = client.open()?;
            let message = peer.encode(&Frame::binary(vec![0; 64 << 10]));
            let most = 64 << 20;
            let taken = peer.flood(&message, most);
            let seen = format_args!("{taken} bytes were read that nobody received");
            ensure(taken < most, "the client to stop reading", seen)
        },
    ),
    ClientCase::new(
        "client::contract::server_that_does_not_read_stops_sends",
        &[&SESSION_SEND_2, &SESSION_BACKPRESSURE_2],
        slow_server,
    ),
];

/// Nothing more is accepted at some point, and nothing of what was is lost.
fn slow_server(client: &Client<'_>) -> Verdict {
    let (session, mut peer): (Session, Peer) = client.open()?;
    let message = vec![7; 64 << 10];
    let most = 1000;
    let sent = session.send_until_full(&message, most)?;
    ensure(
        sent < most,
        "sending to wait",
        format_args!("{sent} messages of 64 KiB"),
    )?;
    (0..sent).try_for_each(|_| peer.expect_binary(&message))?;
    session.send("more")?;
    peer.expect_text("more")
}
