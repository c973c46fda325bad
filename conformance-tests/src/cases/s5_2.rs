//! The frame header (RFC 6455 sections 5.1 to 5.3).

use super::{echoes, fails};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Length, Server, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::echo(
        "rfc6455::s5_1::unmasked_text_fails",
        &[&F1, &SESSION_SERVE_3],
        |server| fails(server, &[Frame::text("hello").unmasked()], 1002),
    ),
    Case::echo("rfc6455::s5_1::unmasked_binary_fails", &[&F1], |server| {
        fails(server, &[Frame::binary("hello").unmasked()], 1002)
    }),
    Case::echo(
        "rfc6455::s5_1::unmasked_empty_frame_fails",
        &[&F2],
        |server| fails(server, &[Frame::text("").unmasked()], 1002),
    ),
    Case::echo("rfc6455::s5_1::unmasked_ping_fails", &[&F2], |server| {
        fails(server, &[Frame::ping("").unmasked()], 1002)
    }),
    Case::echo("rfc6455::s5_1::unmasked_pong_fails", &[&F2], |server| {
        fails(server, &[Frame::pong("").unmasked()], 1002)
    }),
    Case::echo("rfc6455::s5_1::unmasked_close_fails", &[&F2], |server| {
        fails(server, &[Frame::close(1000, "").unmasked()], 1002)
    }),
    Case::echo(
        "rfc6455::s5_1::unmasked_second_fragment_fails",
        &[&F2],
        |server| {
            fails(
                server,
                &[
                    Frame::text("a").unfinished(),
                    Frame::continuation("b").unmasked(),
                ],
                1002,
            )
        },
    ),
    Case::echo("rfc6455::s5_1::server_does_not_mask", &[&F3], |server| {
        let mut peer = server.open_echo()?;
        peer.send_all(&[
            Frame::text("a"),
            Frame::binary("b"),
            Frame::text(""),
            Frame::ping("c"),
        ]);
        let mut kinds = Vec::new();
        for _ in 0..4 {
            kinds.push(peer.message()?.opcode);
        }
        kinds.sort_unstable();
        ensure(
            kinds == [opcode::TEXT, opcode::TEXT, opcode::BINARY, opcode::PONG],
            "three echoes and a pong",
            format_args!("{kinds:?}"),
        )?;
        peer.close()
    }),
    Case::echo(
        "rfc6455::s5_3::masked_hello_of_the_rfc_is_unmasked",
        &[&F4],
        |server| {
            let mut peer = server.open_echo()?;
            peer.write(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
            peer.expect_text("Hello")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_3::every_length_to_130_is_unmasked",
        &[&F5],
        |server| {
            let mut peer = server.open_echo()?;
            for len in 0..=130 {
                let payload: Vec<u8> = (0..len).map(|at| at as u8 ^ 0x5a).collect();
                peer.send(&Frame::binary(&payload).masked_with([0x01, 0x80, 0xfe, len as u8]));
                peer.expect_binary(&payload)?;
            }
            peer.close()
        },
    )
    .hint("look at the bytes left over when unmasking by words"),
    Case::echo(
        "rfc6455::s5_3::every_offset_of_a_long_payload_is_unmasked",
        &[&F5],
        |server| {
            let mut peer = server.open_echo()?;
            // An odd number of frames of odd lengths in one write puts payloads at every alignment.
            let payloads: Vec<Vec<u8>> = (0..16_u32)
                .map(|n| (0..1021 + n).map(|at| (at * 7) as u8).collect())
                .collect();
            let frames: Vec<_> = payloads
                .iter()
                .map(|payload| Frame::binary(payload).masked_with([0xde, 0xad, 0xbe, 0xef]))
                .collect();
            peer.send_all(&frames);
            for payload in &payloads {
                peer.expect_binary(payload)?;
            }
            peer.close()
        },
    ),
    Case::echo("rfc6455::s5_2::rsv1_on_text_fails", &[&F6], |server| {
        fails(server, &[Frame::text("a").reserved(0b100)], 1002)
    }),
    Case::echo("rfc6455::s5_2::rsv1_on_ping_fails", &[&F8], |server| {
        fails(server, &[Frame::ping("a").reserved(0b100)], 1002)
    }),
    Case::echo("rfc6455::s5_2::rsv1_on_close_fails", &[&F8], |server| {
        fails(server, &[Frame::close(1000, "").reserved(0b100)], 1002)
    }),
    Case::echo(
        "rfc6455::s5_2::rsv1_on_continuation_fails",
        &[&F8],
        |server| {
            fails(
                server,
                &[
                    Frame::text("a").unfinished(),
                    Frame::continuation("b").reserved(0b100),
                ],
                1002,
            )
        },
    ),
    Case::echo("rfc6455::s5_2::rsv2_on_text_fails", &[&F7], |server| {
        fails(server, &[Frame::text("a").reserved(0b010)], 1002)
    }),
    Case::echo("rfc6455::s5_2::rsv2_on_ping_fails", &[&F8], |server| {
        fails(server, &[Frame::ping("a").reserved(0b010)], 1002)
    }),
    Case::echo("rfc6455::s5_2::rsv2_on_close_fails", &[&F8], |server| {
        fails(server, &[Frame::close(1000, "").reserved(0b010)], 1002)
    }),
    Case::echo(
        "rfc6455::s5_2::rsv2_on_continuation_fails",
        &[&F8],
        |server| {
            fails(
                server,
                &[
                    Frame::text("a").unfinished(),
                    Frame::continuation("b").reserved(0b010),
                ],
                1002,
            )
        },
    ),
    Case::echo("rfc6455::s5_2::rsv3_on_text_fails", &[&F7], |server| {
        fails(server, &[Frame::text("a").reserved(0b001)], 1002)
    }),
    Case::echo("rfc6455::s5_2::rsv3_on_ping_fails", &[&F8], |server| {
        fails(server, &[Frame::ping("a").reserved(0b001)], 1002)
    }),
    Case::echo("rfc6455::s5_2::rsv3_on_close_fails", &[&F8], |server| {
        fails(server, &[Frame::close(1000, "").reserved(0b001)], 1002)
    }),
    Case::echo(
        "rfc6455::s5_2::rsv3_on_continuation_fails",
        &[&F8],
        |server| {
            fails(
                server,
                &[
                    Frame::text("a").unfinished(),
                    Frame::continuation("b").reserved(0b001),
                ],
                1002,
            )
        },
    ),
    Case::echo("rfc6455::s5_2::opcode_3_fails", &[&F9], |server| {
        reserved_opcode(server, 0x3)
    }),
    Case::echo("rfc6455::s5_2::opcode_4_fails", &[&F9], |server| {
        reserved_opcode(server, 0x4)
    }),
    Case::echo("rfc6455::s5_2::opcode_5_fails", &[&F9], |server| {
        reserved_opcode(server, 0x5)
    }),
    Case::echo("rfc6455::s5_2::opcode_6_fails", &[&F9], |server| {
        reserved_opcode(server, 0x6)
    }),
    Case::echo("rfc6455::s5_2::opcode_7_fails", &[&F9], |server| {
        reserved_opcode(server, 0x7)
    }),
    Case::echo("rfc6455::s5_2::opcode_11_fails", &[&F10], |server| {
        reserved_opcode(server, 0xb)
    }),
    Case::echo("rfc6455::s5_2::opcode_12_fails", &[&F10], |server| {
        reserved_opcode(server, 0xc)
    }),
    Case::echo("rfc6455::s5_2::opcode_13_fails", &[&F10], |server| {
        reserved_opcode(server, 0xd)
    }),
    Case::echo("rfc6455::s5_2::opcode_14_fails", &[&F10], |server| {
        reserved_opcode(server, 0xe)
    }),
    Case::echo("rfc6455::s5_2::opcode_15_fails", &[&F10], |server| {
        reserved_opcode(server, 0xf)
    }),
    Case::echo(
        "rfc6455::s5_2::reserved_opcode_in_a_first_fragment_fails",
        &[&F11],
        |server| fails(server, &[Frame::new(0x3, "a").unfinished()], 1002),
    ),
    Case::echo(
        "rfc6455::s5_2::reserved_opcode_fails_at_its_header",
        &[&F12],
        |server| {
            fails(
                server,
                &[Frame::new(0x3, "").with_length(Length::Announced(1 << 40))],
                1002,
            )
        },
    )
    .hint("check the opcode before anything is made of the length"),
    Case::echo(
        "rfc6455::s5_2::binary_of_0_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 0),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_1_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 1),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_124_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 124),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_125_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 125),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_126_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 126),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_127_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 127),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_128_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 128),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_65534_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 65534),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_65535_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 65535),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_65536_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 65536),
    ),
    Case::echo(
        "rfc6455::s5_2::binary_of_65537_bytes_is_echoed",
        &[&F13, &F14],
        |server| binary(server, 65537),
    ),
    Case::echo(
        "rfc6455::s5_2::text_of_125_bytes_is_echoed",
        &[&F13, &F14],
        |server| {
            let text = "*".repeat(125);
            echoes(server, &[Frame::text(&text)], &text)
        },
    ),
    Case::echo(
        "rfc6455::s5_2::text_of_126_bytes_is_echoed",
        &[&F13, &F14],
        |server| {
            let text = "*".repeat(126);
            echoes(server, &[Frame::text(&text)], &text)
        },
    ),
    Case::echo(
        "rfc6455::s5_2::text_of_65535_bytes_is_echoed",
        &[&F13, &F14],
        |server| {
            let text = "*".repeat(65535);
            echoes(server, &[Frame::text(&text)], &text)
        },
    ),
    Case::echo(
        "rfc6455::s5_2::text_of_65536_bytes_is_echoed",
        &[&F13, &F14],
        |server| {
            let text = "*".repeat(65536);
            echoes(server, &[Frame::text(&text)], &text)
        },
    ),
    Case::echo(
        "rfc6455::s5_2::short_length_in_16_bits_fails",
        &[&F15],
        |server| {
            fails(
                server,
                &[Frame::binary("12345").with_length(Length::Bits16)],
                1002,
            )
        },
    )
    .hint("a length that fits a shorter form must use it"),
    Case::echo(
        "rfc6455::s5_2::length_of_125_in_16_bits_fails",
        &[&F15],
        |server| {
            fails(
                server,
                &[Frame::binary([0; 125]).with_length(Length::Bits16)],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_2::short_length_in_64_bits_fails",
        &[&F15],
        |server| {
            fails(
                server,
                &[Frame::binary("12345").with_length(Length::Bits64)],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_2::length_of_65535_in_64_bits_fails",
        &[&F15],
        |server| {
            fails(
                server,
                &[Frame::binary(vec![0; 65535]).with_length(Length::Bits64)],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_2::length_with_its_top_bit_set_fails",
        &[&F16],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::binary("").with_length(Length::Announced(1 << 63)));
            peer.expect_failed(&[1002, 1009])
        },
    ),
    Case::echo("rfc6455::s5_2::largest_length_fails", &[&F17], |server| {
        let mut peer = server.open_echo()?;
        peer.send(&Frame::binary("").with_length(Length::Announced(u64::MAX)));
        peer.expect_failed(&[1002, 1009])
    })
    .hint("header and length must not be added without checking for overflow"),
    Case::echo(
        "rfc6455::s10_4::giant_length_fails_at_its_header",
        &[&F18],
        |server| {
            fails(
                server,
                &[Frame::binary("").with_length(Length::Announced(1 << 40))],
                1009,
            )
        },
    ),
    Case::echo(
        "rfc6455::s10_4::giant_length_of_a_fragment_fails_at_its_header",
        &[&F18],
        |server| {
            let giant = Frame::continuation("").with_length(Length::Announced(1 << 40));
            fails(server, &[Frame::text("a").unfinished(), giant], 1009)
        },
    ),
    Case::echo(
        "rfc6455::s5_2::frame_cut_at_every_byte_is_whole",
        &[&F19],
        |server| {
            cut_everywhere(
                server,
                &Frame::text("cut me").masked_with([9, 8, 7, 6]),
                b"cut me",
            )
        },
    )
    .hint("a parser that waits for more bytes must keep its state"),
    Case::echo(
        "rfc6455::s5_2::frame_with_16_bit_length_cut_in_its_header_is_whole",
        &[&F19],
        |server| {
            let payload = [b'x'; 200];
            cut_everywhere(
                server,
                &Frame::text(payload).masked_with([9, 8, 7, 6]),
                &payload,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_2::frame_with_64_bit_length_cut_in_its_header_is_whole",
        &[&F19],
        |server| {
            let payload = vec![b'x'; 70_000];
            cut_everywhere(
                server,
                &Frame::text(&payload).masked_with([9, 8, 7, 6]),
                &payload,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_2::two_thousand_frames_in_one_write_are_echoed_in_order",
        &[&F20],
        |server| {
            let mut peer = server.open_echo()?;
            let frames: Vec<_> = (0..2000).map(|n| Frame::text(n.to_string())).collect();
            peer.send_all(&frames);
            for n in 0..2000 {
                peer.expect_text(n.to_string())?;
            }
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_2::frame_byte_by_byte_is_whole",
        &[&F21],
        |server| {
            let mut peer = server.open_echo()?;
            peer.trickle(
                &Frame::text("one byte at a time")
                    .masked_with([1, 2, 3, 4])
                    .encode(),
            );
            peer.expect_text("one byte at a time")?;
            peer.trickle(&Frame::binary(vec![5; 300]).encode());
            peer.expect_binary(vec![5; 300])?;
            peer.close()
        },
    ),
];

fn reserved_opcode(server: &Server, opcode: u8) -> Verdict {
    fails(server, &[Frame::new(opcode, "")], 1002)?;
    fails(server, &[Frame::new(opcode, "a")], 1002)
}

fn binary(server: &Server, len: usize) -> Verdict {
    let mut peer = server.open_echo()?;
    let payload: Vec<u8> = (0..len).map(|at| (at * 31) as u8).collect();
    peer.send(&Frame::binary(&payload).masked_with([0xa5, 0x5a, 0x00, 0xff]));
    peer.expect_binary(&payload)?;
    peer.close()
}

/// Cuts the frame after each of its first bytes. A ping in the same segment as the first piece tells when that
/// was read, so that the rest surely comes later.
fn cut_everywhere(server: &Server, frame: &Frame, text: &[u8]) -> Verdict {
    let mut peer = server.open_echo()?;
    let bytes = frame.encode();
    for cut in 1..bytes.len().min(20) {
        let fence = Frame::ping([cut as u8]);
        peer.write(&[&fence.encode(), &bytes[..cut]].concat());
        peer.expect_pong([cut as u8])?;
        peer.write(&bytes[cut..]);
        peer.expect_text(std::str::from_utf8(text).expect("the text of a case is UTF-8"))?;
    }
    peer.close()
}
