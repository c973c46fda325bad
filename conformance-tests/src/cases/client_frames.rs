//! How a client reads frames (RFC 6455 sections 5.2, 5.4, 5.5 and 10.4).

use switchwire_core::ErrorKind;

use crate::{
    ClientCase,
    case::Verdict,
    requirements::*,
    wire::{Client, Frame, Length},
};

pub(super) const CASES: &[ClientCase] = &[
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
];

/// The client fails the connection with this code, and the session has one error of the kind.
pub(super) fn fails(client: &Client<'_>, frames: &[Frame], code: u16) -> Verdict {
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

/// The client receives this text.
pub(super) fn receives(client: &Client<'_>, frames: &[Frame], text: &str) -> Verdict {
    let (mut session, mut peer) = client.open()?;
    peer.send_all(frames);
    session.expect(text.to_owned())
}
