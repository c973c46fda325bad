//! What a client sends, and how it reads frames (RFC 6455 sections 5 and 8.1).

use std::collections::HashSet;

use bytes::Bytes;
use switchwire_core::{CloseCode, ErrorKind, WebSocketMessage};

use crate::{
    ClientCase,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Client, Event, Frame, Length, Peer, Session},
};

pub(super) const CASES: &[ClientCase] = &[
    // Masks.
    ClientCase::new("client::s5_3::data_frames_are_masked", &[&C26], |client| {
        let (session, mut peer) = client.open()?;
        session.send("text")?;
        peer.expect_text("text")?;
        session.send(Bytes::from_static(b"binary"))?;
        peer.expect_binary("binary")
    }),
    ClientCase::new("client::s5_3::empty_frames_are_masked", &[&C26], |client| {
        let (session, mut peer) = client.open()?;
        session.send("")?;
        peer.expect_text("")?;
        session.close(CloseCode::NORMAL);
        peer.expect_close(1000).map(drop)
    }),
    ClientCase::new(
        "client::s5_3::control_frames_are_masked",
        &[&C26],
        |client| {
            let (session, mut peer) = client.open()?;
            peer.expect_alive()?;
            session.send(WebSocketMessage::Pong(Bytes::from_static(b"unasked")))?;
            peer.expect_pong("unasked")?;
            session.close(CloseCode::NORMAL);
            peer.expect_close(1000).map(drop)
        },
    ),
    ClientCase::new("client::s5_3::large_message_is_masked", &[&C26], |client| {
        let (session, mut peer) = client.open()?;
        let text = "0123456789abcdef".repeat(16 << 10);
        session.send(text.clone())?;
        peer.expect_text(text)
    }),
    ClientCase::new(
        "client::s5_3::every_frame_has_its_own_mask",
        &[&C26, &C27],
        |client| {
            let keys = masks(client)?;
            let distinct = keys.iter().collect::<HashSet<_>>().len();
            // Of 1000 random keys two are alike once in 8600 runs, and three pairs practically never.
            let seen = format_args!("{distinct} keys on {} frames", keys.len());
            ensure(distinct > keys.len() - 3, "a new key on every frame", seen)
        },
    ),
    ClientCase::new(
        "client::s10_3::masks_do_not_follow_from_those_before",
        &[&C27],
        |client| {
            let keys: Vec<_> = masks(client)?.into_iter().map(u32::from_be_bytes).collect();
            let steps = keys.windows(2).map(|two| two[1].wrapping_sub(two[0]));
            let steps = steps.collect::<HashSet<_>>().len();
            ensure(steps > 990, "no step twice", format_args!("{steps} steps"))?;
            for bit in 0..32 {
                let set = keys.iter().filter(|key| **key >> bit & 1 == 1).count();
                // Ten standard deviations.
                let seen = format_args!("bit {bit} was set in {set} of {}", keys.len());
                ensure(
                    (340..=660).contains(&set),
                    "every bit set in half of the keys",
                    seen,
                )?;
            }
            Ok(())
        },
    ),
    ClientCase::new("client::s5_1::masked_text_fails", &[&C28, &K32], |client| {
        fails(client, &[Frame::text("masked").masked_with(KEY)], 1002)
    }),
    ClientCase::new("client::s5_1::masked_ping_fails", &[&C28, &K32], |client| {
        fails(client, &[Frame::ping("").masked_with(KEY)], 1002)
    }),
    ClientCase::new(
        "client::s5_1::masked_close_fails",
        &[&C28, &K32],
        |client| fails(client, &[Frame::close(1000, "").masked_with(KEY)], 1002),
    ),
    // Headers.
    ClientCase::new("client::s5_2::rsv1_fails", &[&F4, &K32], |client| {
        fails(client, &[Frame::text("x").reserved(0b100)], 1002)
    }),
    ClientCase::new("client::s5_2::rsv2_fails", &[&F4, &K32], |client| {
        fails(client, &[Frame::text("x").reserved(0b010)], 1002)
    }),
    ClientCase::new(
        "client::s5_2::rsv3_on_a_ping_fails",
        &[&F4, &K32],
        |client| fails(client, &[Frame::ping("x").reserved(0b001)], 1002),
    ),
    ClientCase::new("client::s5_2::opcode_3_fails", &[&F7, &K32], |client| {
        fails(client, &[Frame::new(0x3, "x")], 1002)
    }),
    ClientCase::new("client::s5_2::opcode_11_fails", &[&F7, &K32], |client| {
        fails(client, &[Frame::new(0xb, "x")], 1002)
    }),
    ClientCase::new(
        "client::s5_2::short_length_in_16_bits_fails",
        &[&F14, &K32],
        |client| {
            fails(
                client,
                &[Frame::text("x").with_length(Length::Bits16)],
                1002,
            )
        },
    ),
    ClientCase::new(
        "client::s5_2::length_with_the_top_bit_fails",
        &[&F18, &K32],
        |client| {
            let length = Length::Announced(1 << 63 | 5);
            fails(client, &[Frame::binary("").with_length(length)], 1002)
        },
    ),
    ClientCase::new(
        "client::s10_4::giant_frame_fails_at_its_header",
        &[&LIMITS_FRAME_1, &K32],
        |client| {
            let length = Length::Announced(1 << 40);
            fails(client, &[Frame::binary("").with_length(length)], 1009)
        },
    ),
    ClientCase::new(
        "client::s10_4::message_over_the_limit_fails",
        &[&LIMITS_MESSAGE_1, &K32],
        |client| {
            let (mut session, mut peer) =
                client.open_with(|it| it.with_max_frame_size(1000).with_max_message_size(1500))?;
            peer.send(&Frame::binary([0; 1000]).unfinished());
            peer.send(&Frame::continuation([0; 501]));
            peer.expect_failed(&[1009])?;
            session.expect_failure(ErrorKind::TooBig)
        },
    ),
    ClientCase::new(
        "client::s10_4::message_at_the_limit_is_received",
        &[&LIMITS_MESSAGE_1],
        |client| {
            let (mut session, mut peer) =
                client.open_with(|it| it.with_max_frame_size(1000).with_max_message_size(1500))?;
            peer.send(&Frame::binary([0; 1000]).unfinished());
            peer.send(&Frame::continuation([0; 500]));
            session.expect(vec![0; 1500])
        },
    ),
    // Fragments.
    ClientCase::new(
        "client::s5_4::fragments_are_one_message",
        &[&F22],
        |client| {
            let parts = [
                Frame::text("one ").unfinished(),
                Frame::continuation("").unfinished(),
                Frame::continuation("message"),
            ];
            receives(client, &parts, "one message")
        },
    ),
    ClientCase::new(
        "client::s5_4::ping_between_fragments_is_answered",
        &[&F29],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send(&Frame::text("a").unfinished());
            peer.send(&Frame::ping("between"));
            peer.expect_pong("between")?;
            peer.send(&Frame::continuation("b"));
            session.expect("ab")
        },
    ),
    ClientCase::new(
        "client::s5_4::continuation_of_nothing_fails",
        &[&F24, &K32],
        |client| fails(client, &[Frame::continuation("x")], 1002),
    ),
    ClientCase::new(
        "client::s5_4::text_inside_a_message_fails",
        &[&F26, &K32],
        |client| {
            fails(
                client,
                &[Frame::text("a").unfinished(), Frame::text("b")],
                1002,
            )
        },
    ),
    ClientCase::new(
        "client::s5_5::fragmented_ping_fails",
        &[&F37, &K32],
        |client| fails(client, &[Frame::ping("a").unfinished()], 1002),
    ),
    ClientCase::new(
        "client::s5_5::ping_of_126_bytes_fails",
        &[&F35, &K32],
        |client| fails(client, &[Frame::ping([b'x'; 126])], 1002),
    ),
    ClientCase::new(
        "client::s5_5::ping_is_answered_though_nobody_receives",
        &[&F40, &F41, &SESSION_SERVE_1],
        |client| {
            let (_session, mut peer) = client.open()?;
            for payload in ["one", "two", ""] {
                peer.send(&Frame::ping(payload));
                peer.expect_pong(payload)?;
            }
            Ok(())
        },
    ),
    ClientCase::new(
        "client::s5_5::unsolicited_pong_changes_nothing",
        &[&F44],
        |client| {
            let (mut session, mut peer) = client.open()?;
            peer.send(&Frame::pong("unasked"));
            peer.send(&Frame::text("next"));
            session.expect("next")?;
            peer.expect_silence()
        },
    ),
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

const KEY: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// The client fails the connection with this code, and the session has one error of the kind.
fn fails(client: &Client<'_>, frames: &[Frame], code: u16) -> Verdict {
    let (mut session, mut peer) = client.open()?;
    peer.send_all(frames);
    peer.expect_failed(&[code])?;
    session.expect_failure(match code {
        1007 => ErrorKind::InvalidPayload,
        1009 => ErrorKind::TooBig,
        _ => ErrorKind::Protocol,
    })?;
    session.expect_outcome(match code {
        1007 => "ended abnormally: InvalidPayload",
        1009 => "ended abnormally: TooBig",
        _ => "ended abnormally: Protocol",
    })
}

fn receives(client: &Client<'_>, frames: &[Frame], text: &str) -> Verdict {
    let (mut session, mut peer) = client.open()?;
    peer.send_all(frames);
    session.expect(text.to_owned())
}

/// The masks of 1000 frames.
fn masks(client: &Client<'_>) -> Verdict<Vec<[u8; 4]>> {
    let (session, mut peer) = client.open()?;
    for _ in 0..1000 {
        session.send("x")?;
    }
    (0..1000).map(|_| mask(&mut peer)).collect()
}

fn mask(peer: &mut Peer) -> Verdict<[u8; 4]> {
    match peer.next()? {
        Event::Frame(Frame {
            mask: Some(key), ..
        }) => Ok(key),
        other => Err(Failure::new("a masked frame", other)),
    }
}

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
