//! Control frames (RFC 6455 section 5.5).

use super::{echoes, fails};
use crate::{
    Case,
    case::ensure,
    requirements::*,
    wire::{Frame, Length, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::echo(
        "rfc6455::s5_5::ping_of_126_bytes_fails",
        &[&F35],
        |server| fails(server, &[Frame::ping([b'x'; 126])], 1002),
    ),
    Case::echo(
        "rfc6455::s5_5::pong_of_126_bytes_fails",
        &[&F35],
        |server| fails(server, &[Frame::pong([b'x'; 126])], 1002),
    ),
    Case::echo(
        "rfc6455::s5_5::ping_that_announces_too_much_fails_at_its_header",
        &[&F36],
        |server| {
            fails(
                server,
                &[Frame::ping("").with_length(Length::Announced(1 << 20))],
                1002,
            )
        },
    ),
    Case::echo("rfc6455::s5_5::fragmented_ping_fails", &[&F37], |server| {
        fails(server, &[Frame::ping("a").unfinished()], 1002)
    }),
    Case::echo("rfc6455::s5_5::fragmented_pong_fails", &[&F38], |server| {
        fails(server, &[Frame::pong("a").unfinished()], 1002)
    }),
    Case::echo("rfc6455::s5_5::fragmented_close_fails", &[&F38], |server| {
        fails(server, &[Frame::close(1000, "").unfinished()], 1002)
    }),
    Case::echo(
        "rfc6455::s5_5::close_of_126_bytes_fails",
        &[&F39, &K8],
        |server| fails(server, &[Frame::close(1000, [b'x'; 124])], 1002),
    ),
    Case::echo(
        "rfc6455::s5_5_2::empty_ping_is_answered",
        &[&F40],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::ping(""));
            peer.expect_pong("")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_2::ping_before_close_is_answered_though_output_waits",
        &[&F40],
        |server| {
            let mut peer = server.open_echo()?;
            let large = vec![b'x'; 64 << 10];
            peer.send_all(&[
                Frame::binary(&large),
                Frame::ping("last"),
                Frame::close(1001, ""),
            ]);
            let mut pongs = 0;
            loop {
                let frame = peer.message()?;
                match frame.opcode {
                    opcode::PONG => pongs += 1,
                    opcode::CLOSE => break,
                    _ => {}
                }
            }
            ensure(pongs == 1, "one pong before the Close", pongs)?;
            peer.expect_end()
        },
    )
    .hint("a pong that waits for room must go out before the Close"),
    Case::echo(
        "rfc6455::s5_5_3::pong_carries_the_payload_of_its_ping",
        &[&F41],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::ping("payload"));
            peer.expect_pong("payload")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::ping_of_125_bytes_is_answered_with_the_same",
        &[&F41],
        |server| {
            let mut peer = server.open_echo()?;
            let payload: Vec<u8> = (0..125).map(|at| at * 2).collect();
            peer.send(&Frame::ping(&payload).masked_with([0x11, 0x22, 0x33, 0x44]));
            peer.expect_pong(&payload)?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::ping_that_is_not_utf8_is_answered",
        &[&F41],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::ping([0x00, 0xff, 0xfe, 0x80]));
            peer.expect_pong([0x00, 0xff, 0xfe, 0x80])?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::ping_byte_by_byte_is_answered",
        &[&F41],
        |server| {
            let mut peer = server.open_echo()?;
            peer.trickle(&Frame::ping([b'p'; 125]).encode());
            peer.expect_pong([b'p'; 125])?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::ten_pings_are_answered_in_order",
        &[&F43, &SESSION_SERVE_1],
        |server| {
            let mut peer = server.open_echo()?;
            let pings: Vec<_> = (0..10).map(|n| Frame::ping(format!("ping {n}"))).collect();
            peer.send_all(&pings);
            for n in 0..10 {
                peer.expect_pong(format!("ping {n}"))?;
            }
            peer.close()
        },
    )
    .hint("pongs may be coalesced only while output is blocked"),
    Case::echo(
        "rfc6455::s5_5_3::ten_pings_byte_by_byte_are_answered_in_order",
        &[&F43],
        |server| {
            let mut peer = server.open_echo()?;
            let bytes: Vec<u8> = (0..10)
                .flat_map(|n| Frame::ping(format!("ping {n}")).encode())
                .collect();
            peer.trickle(&bytes);
            for n in 0..10 {
                peer.expect_pong(format!("ping {n}"))?;
            }
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::flood_of_pings_is_answered_without_foreign_payloads",
        &[&F43],
        |server| {
            let mut peer = server.open_echo()?;
            for round in 0..20_u32 {
                let pings: Vec<_> = (0..100)
                    .map(|n| Frame::ping((round * 100 + n).to_be_bytes()))
                    .collect();
                peer.send_all(&pings);
                for n in 0..100 {
                    peer.expect_pong((round * 100 + n).to_be_bytes())?;
                }
            }
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::unsolicited_pong_is_ignored",
        &[&F44],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::pong("unasked"));
            peer.expect_alive()?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_3::unsolicited_empty_pong_is_ignored",
        &[&F44],
        |server| echoes(server, &[Frame::pong(""), Frame::text("after")], "after"),
    ),
    Case::echo(
        "rfc6455::s5_5_3::thousands_of_unsolicited_pongs_are_ignored",
        &[&F44],
        |server| {
            let mut frames = vec![Frame::pong("unasked"); 5000];
            frames.push(Frame::text("after"));
            echoes(server, &frames, "after")
        },
    ),
];
