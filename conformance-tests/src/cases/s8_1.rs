//! Text is UTF-8 (RFC 6455 sections 5.6 and 8.1).

use super::{echoes, fails};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Length, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::echo("rfc6455::s8_1::invalid_byte_fails", &[&F45], |server| {
        invalid(server, b"\xff")
    }),
    Case::echo(
        "rfc6455::s8_1::invalid_byte_inside_text_fails",
        &[&F45],
        |server| invalid(server, b"ok\xffok"),
    ),
    Case::echo(
        "rfc6455::s8_1::lone_continuation_byte_fails",
        &[&F46],
        |server| invalid(server, b"\x80"),
    ),
    Case::echo(
        "rfc6455::s8_1::overlong_slash_in_two_bytes_fails",
        &[&F46],
        |server| invalid(server, b"\xc0\xaf"),
    ),
    Case::echo("rfc6455::s8_1::overlong_nul_fails", &[&F46], |server| {
        invalid(server, b"\xc0\x80")
    }),
    Case::echo(
        "rfc6455::s8_1::overlong_in_three_bytes_fails",
        &[&F46],
        |server| invalid(server, b"\xe0\x80\xaf"),
    ),
    Case::echo(
        "rfc6455::s8_1::overlong_in_four_bytes_fails",
        &[&F46],
        |server| invalid(server, b"\xf0\x80\x80\xaf"),
    ),
    Case::echo(
        "rfc6455::s8_1::largest_overlong_in_two_bytes_fails",
        &[&F46],
        |server| invalid(server, b"\xc1\xbf"),
    ),
    Case::echo("rfc6455::s8_1::high_surrogate_fails", &[&F47], |server| {
        invalid(server, b"\xed\xa0\x80")
    }),
    Case::echo("rfc6455::s8_1::low_surrogate_fails", &[&F47], |server| {
        invalid(server, b"\xed\xbf\xbf")
    }),
    Case::echo("rfc6455::s8_1::surrogate_pair_fails", &[&F47], |server| {
        invalid(server, b"\xed\xa0\xbd\xed\xb8\x80")
    }),
    Case::echo(
        "rfc6455::s8_1::code_point_above_the_last_fails",
        &[&F48],
        |server| invalid(server, b"\xf4\x90\x80\x80"),
    ),
    Case::echo("rfc6455::s8_1::lead_byte_f5_fails", &[&F48], |server| {
        invalid(server, b"\xf5\x80\x80\x80")
    }),
    Case::echo("rfc6455::s8_1::five_byte_form_fails", &[&F48], |server| {
        invalid(server, b"\xf8\x88\x80\x80\x80")
    }),
    Case::echo("rfc6455::s8_1::six_byte_form_fails", &[&F48], |server| {
        invalid(server, b"\xfc\x84\x80\x80\x80\x80")
    }),
    Case::echo(
        "rfc6455::s8_1::text_cut_after_one_byte_of_two_fails",
        &[&F49],
        |server| invalid(server, b"\xc3"),
    ),
    Case::echo(
        "rfc6455::s8_1::text_cut_after_two_bytes_of_three_fails",
        &[&F49],
        |server| invalid(server, b"\xe2\x82"),
    ),
    Case::echo(
        "rfc6455::s8_1::text_cut_after_three_bytes_of_four_fails",
        &[&F49],
        |server| invalid(server, b"ok \xf0\x9f\x98"),
    ),
    Case::echo(
        "rfc6455::s8_1::text_cut_at_the_end_of_its_fragments_fails",
        &[&F49],
        |server| {
            fails(
                server,
                &[
                    Frame::text("a").unfinished(),
                    Frame::continuation(b"\xe2\x82"),
                ],
                1007,
            )
        },
    ),
    Case::echo(
        "rfc6455::s8_1::invalid_second_fragment_fails",
        &[&F45],
        |server| {
            fails(
                server,
                &[
                    Frame::text("good").unfinished(),
                    Frame::continuation(b"\xff"),
                ],
                1007,
            )
        },
    ),
    Case::echo(
        "rfc6455::s8_1::sequence_broken_across_fragments_fails",
        &[&F45],
        |server| {
            fails(
                server,
                &[Frame::text(b"\xe2").unfinished(), Frame::continuation("a")],
                1007,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_6::code_point_split_over_two_fragments_is_whole",
        &[&F50],
        |server| {
            let frames = [
                Frame::text(b"\xc3").unfinished(),
                Frame::continuation(b"\xa9"),
            ];
            echoes(server, &frames, "\u{e9}")
        },
    ),
    Case::echo(
        "rfc6455::s5_6::code_point_split_over_four_fragments_is_whole",
        &[&F50],
        |server| {
            let frames = [
                Frame::text(b"\xf0").unfinished(),
                Frame::continuation(b"\x9f").unfinished(),
                Frame::continuation(b"\x98").unfinished(),
                Frame::continuation(b"\x80"),
            ];
            echoes(server, &frames, "\u{1f600}")
        },
    )
    .hint("check the text of a message, or carry the state of the check from fragment to fragment"),
    Case::echo(
        "rfc6455::s5_6::code_point_split_around_a_ping_is_whole",
        &[&F50, &F29],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[
                Frame::text(b"\xf0\x9f").unfinished(),
                Frame::ping(b"\xff"),
                Frame::continuation(b"\x98\x80"),
            ]);
            peer.expect_pong(b"\xff")?;
            peer.expect_text("\u{1f600}")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_6::text_byte_by_byte_is_whole",
        &[&F50],
        |server| {
            let mut peer = server.open_echo()?;
            let text = "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5} \u{1f600}";
            peer.trickle(&Frame::text(text).encode());
            peer.expect_text(text)?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s8_1::invalid_fragment_fails_before_its_message_ends",
        &[&F51],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text(b"ok\xff").unfinished());
            peer.expect_failed(&[1007])
        },
    )
    .hint("fail fast: the rest of the message cannot make it valid"),
    Case::echo(
        "rfc6455::s8_1::overlong_form_in_a_fragment_fails_before_its_message_ends",
        &[&F51],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text(b"\xf4\x90").unfinished());
            peer.expect_failed(&[1007])
        },
    ),
    Case::echo(
        "rfc6455::s8_1::invalid_text_fails_before_its_frame_ends",
        &[&F51],
        |server| {
            let mut peer = server.open_echo()?;
            let whole = Frame::text([b"ok\xff".as_slice(), &[b'a'; 1000]].concat()).encode();
            peer.write(&whole[..whole.len() - 500]);
            peer.expect_failed(&[1007])
        },
    )
    .hint("check text as it arrives, not when its frame is complete"),
    Case::echo(
        "rfc6455::s8_1::valid_start_of_a_frame_does_not_fail",
        &[&F51, &F50],
        |server| {
            let mut peer = server.open_echo()?;
            let text = "\u{1f600}".repeat(100);
            let bytes = Frame::text(&text).encode();
            // The first piece ends inside a code point, and was surely read when the ping is answered.
            let (first, rest) = bytes.split_at(bytes.len() - 6);
            peer.write(&[&Frame::ping("fence").encode(), first].concat());
            peer.expect_pong("fence")?;
            peer.write(rest);
            peer.expect_text(&text)?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_6::binary_that_is_not_utf8_is_echoed",
        &[&F52],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::binary([0xff, 0xfe, 0x80]));
            peer.expect_binary([0xff, 0xfe, 0x80])?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_6::every_byte_in_binary_is_echoed",
        &[&F52],
        |server| {
            let mut peer = server.open_echo()?;
            let payload: Vec<u8> = (0..=255).collect();
            peer.send(&Frame::binary(&payload).masked_with([0x77, 0, 0xff, 1]));
            peer.expect_binary(&payload)?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_6::noncharacters_are_valid_text",
        &[&F52],
        |server| valid(server, "\u{fffe}\u{ffff}\u{10ffff}"),
    ),
    Case::echo("rfc6455::s5_6::nul_is_valid_text", &[&F52], |server| {
        valid(server, "a\0b")
    }),
    Case::echo(
        "rfc6455::s5_6::first_and_last_of_each_length_are_valid_text",
        &[&F52],
        |server| {
            valid(
                server,
                "\u{0}\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}",
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_6::byte_order_mark_is_kept",
        &[&F52],
        |server| valid(server, "\u{feff}text"),
    ),
    Case::echo(
        "rfc6455::s5_6::large_text_of_every_width_is_echoed",
        &[&F52],
        |server| valid(server, &"a\u{e9}\u{20ac}\u{1f600}".repeat(6_000)),
    ),
    Case::echo(
        "rfc6455::s8_1::invalid_byte_at_the_end_of_a_large_text_fails",
        &[&F45],
        |server| {
            let mut text = "\u{20ac}".repeat(20_000).into_bytes();
            text.push(0xff);
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text(&text));
            peer.expect_failed(&[1007])
        },
    ),
    Case::echo(
        "rfc6455::s8_1::giant_text_with_an_invalid_start_fails",
        &[&F51],
        |server| {
            // Too big or invalid, either may be noticed first; the message can never be whole.
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text(b"\xff").with_length(Length::Announced(1 << 30)));
            let close = peer.expect_close_frame()?;
            ensure(
                matches!(close.close_code(), Some(1007 | 1009)),
                "Close 1007 or 1009",
                &close,
            )
        },
    ),
];

fn invalid(server: &Server, payload: &[u8]) -> Verdict {
    fails(server, &[Frame::text(payload)], 1007)
}

fn valid(server: &Server, text: &str) -> Verdict {
    echoes(server, &[Frame::text(text)], text)
}
