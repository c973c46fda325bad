//! Limits (RFC 6455 section 10.4), against an endpoint of frames of 1 KiB, messages of 4 KiB and 8 fragments.

use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Length, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::app("limits::frame_at_the_limit_is_echoed", &[&L1], |server| {
        let mut peer = server.open("/small")?;
        peer.send(&Frame::binary([1; 1024]));
        peer.expect_binary([1; 1024])?;
        peer.close()
    }),
    Case::app(
        "limits::frame_over_the_limit_fails_at_its_header",
        &[&L1, &LIMITS_FRAME_1],
        |server| {
            small_fails(
                server,
                &[Frame::binary("").with_length(Length::Announced(1 << 16))],
                1009,
            )
        },
    ),
    Case::app(
        "limits::frame_a_byte_over_the_limit_fails",
        &[&L1, &LIMITS_FRAME_1],
        |server| small_fails(server, &[Frame::binary([1; 1025])], 1009),
    ),
    Case::app(
        "limits::second_fragment_over_the_frame_limit_fails",
        &[&L1],
        |server| {
            small_fails(
                server,
                &[
                    Frame::binary("a").unfinished(),
                    Frame::continuation([1; 1025]),
                ],
                1009,
            )
        },
    ),
    Case::app("limits::message_at_the_limit_is_echoed", &[&L2], |server| {
        let mut peer = server.open("/small")?;
        peer.send_all(&fragments(&[1024; 4]));
        peer.expect_binary([b'x'; 4096])?;
        peer.close()
    }),
    Case::app(
        "limits::message_a_byte_over_the_limit_fails",
        &[&L2, &LIMITS_MESSAGE_1],
        |server| small_fails(server, &fragments(&[1024, 1024, 1024, 1024, 1]), 1009),
    ),
    Case::app(
        "limits::message_over_the_limit_fails_at_the_header_that_tells",
        &[&L2, &LIMITS_MESSAGE_1],
        |server| {
            let mut peer = server.open("/small")?;
            peer.send_all(&fragments(&[1024; 4])[..3]);
            let last = Frame::continuation([b'x'; 1024]).unfinished().encode();
            peer.write(&last);
            // Two bytes of header and four of mask announce one byte too many.
            peer.write(&Frame::continuation("x").encode()[..6]);
            peer.expect_failed(&[1009])
        },
    ),
    Case::app(
        "limits::message_without_end_fails",
        &[&F32, &L2],
        |server| {
            let mut peer = server.open("/echo")?;
            peer.send(&Frame::binary(vec![0; 32 << 10]).unfinished());
            for _ in 0..40 {
                peer.send(&Frame::continuation(vec![0; 32 << 10]).unfinished());
            }
            peer.expect_failed(&[1009])
        },
    )
    .hint("the limit of a message holds over all its fragments, while they arrive"),
    Case::app(
        "limits::fragments_at_the_limit_are_one_message",
        &[&L3],
        |server| {
            let mut peer = server.open("/small")?;
            peer.send_all(&fragments(&[1; 8]));
            peer.expect_binary([b'x'; 8])?;
            peer.close()
        },
    ),
    Case::app(
        "limits::one_fragment_too_many_fails",
        &[&L3, &LIMITS_FRAGMENTS_1, &K29],
        |server| small_fails(server, &fragments(&[1; 9]), 1008),
    ),
    Case::app(
        "limits::one_byte_fragments_without_end_fail",
        &[&F33, &LIMITS_FRAGMENTS_1],
        |server| {
            let mut peer = server.open("/echo")?;
            peer.send(&Frame::binary("x").unfinished());
            peer.write(
                &Frame::continuation("x")
                    .unfinished()
                    .encode()
                    .repeat(20_000),
            );
            peer.expect_failed(&[1008, 1009])
        },
    ),
    Case::app(
        "limits::empty_fragments_without_end_fail",
        &[&F34, &LIMITS_FRAGMENTS_1],
        |server| {
            let mut peer = server.open("/echo")?;
            peer.send(&Frame::binary("").unfinished());
            peer.write(&Frame::continuation("").unfinished().encode().repeat(20_000));
            peer.expect_failed(&[1008, 1009])
        },
    )
    .hint("an empty fragment is a fragment"),
    Case::app("limits::empty_fragments_count", &[&F34, &L3], |server| {
        small_fails(server, &fragments(&[0; 9]), 1008)
    }),
    Case::app(
        "limits::control_frames_between_are_no_fragments",
        &[&L3],
        |server| {
            let mut peer = server.open("/small")?;
            for fragment in fragments(&[1; 8]) {
                peer.send(&Frame::pong("not counted"));
                peer.send(&fragment);
            }
            peer.expect_binary([b'x'; 8])?;
            peer.close()
        },
    ),
    Case::app(
        "limits::each_message_has_its_own_count",
        &[&L2, &L3],
        |server| {
            let mut peer = server.open("/small")?;
            for _ in 0..3 {
                peer.send_all(&fragments(&[512; 8]));
                peer.expect_binary([b'x'; 4096])?;
            }
            peer.close()
        },
    ),
    Case::app(
        "limits::a_message_of_16_mib_passes_where_it_may",
        &[&L2, &F13],
        |server| {
            let mut peer = server.open("/large")?;
            let payload: Vec<u8> = (0..16 << 20).map(|at: u32| (at / 251) as u8).collect();
            peer.send(&Frame::binary(&payload));
            peer.expect_binary(&payload)?;
            peer.close()
        },
    ),
    Case::app(
        "limits::pings_of_a_peer_that_does_not_read_queue_no_pongs",
        &[&L5],
        |server| {
            const SENT: usize = 24 << 20;
            let mut peer = server.open_slow("/echo")?;
            let ping = Frame::ping([b'p'; 125]).encode();
            let taken = peer.flood(&ping.repeat(500), SENT);
            let answered = peer.drain()?;
            ensure(
                answered < SENT / 2,
                "pongs of at most 12 MiB for pings of 24 MiB that nobody waited for",
                format_args!("{answered} bytes of pongs for {taken} bytes of pings"),
            )
        },
    )
    .hint("answer the latest ping when output is blocked, or stop reading"),
];

fn small_fails(server: &Server, frames: &[Frame], code: u16) -> Verdict {
    let mut peer = server.open("/small")?;
    peer.send_all(frames);
    peer.expect_failed(&[code])
}

/// One binary message in fragments of these lengths.
fn fragments(lengths: &[usize]) -> Vec<Frame> {
    let last = lengths.len() - 1;
    lengths
        .iter()
        .enumerate()
        .map(|(at, len)| {
            let payload = vec![b'x'; *len];
            let frame = if at == 0 {
                Frame::binary(payload)
            } else {
                Frame::continuation(payload)
            };
            if at == last {
                frame
            } else {
                frame.unfinished()
            }
        })
        .collect()
}
