//! Fragmentation (RFC 6455 section 5.4).

use super::{echoes, fails};
use crate::{Case, requirements::*, wire::Frame};

pub(super) const CASES: &[Case] = &[
    Case::echo(
        "rfc6455::s5_4::two_fragments_are_one_message",
        &[&F22],
        |server| {
            echoes(
                server,
                &[Frame::text("a").unfinished(), Frame::continuation("b")],
                "ab",
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_4::many_fragments_are_one_message",
        &[&F22, &SESSION_RECEIVE_1],
        |server| {
            let mut frames = vec![Frame::text("0").unfinished()];
            frames.extend((1..100).map(|n| Frame::continuation((n % 10).to_string()).unfinished()));
            frames.push(Frame::continuation("!"));
            echoes(server, &frames, &("0123456789".repeat(10) + "!"))
        },
    ),
    Case::echo(
        "rfc6455::s5_4::binary_fragments_are_one_binary_message",
        &[&F22],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[
                Frame::binary([0xff]).unfinished(),
                Frame::continuation([0xfe]),
            ]);
            peer.expect_binary([0xff, 0xfe])?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_4::fragments_in_separate_writes_are_one_message",
        &[&F22],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text("a").unfinished());
            peer.expect_alive()?;
            peer.send(&Frame::continuation("b").unfinished());
            peer.expect_alive()?;
            peer.send(&Frame::continuation("c"));
            peer.expect_text("abc")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_4::empty_fragments_between_are_allowed",
        &[&F23],
        |server| {
            let empty = Frame::continuation("").unfinished();
            let frames = [
                Frame::text("a").unfinished(),
                empty.clone(),
                empty,
                Frame::continuation("b"),
            ];
            echoes(server, &frames, "ab")
        },
    ),
    Case::echo(
        "rfc6455::s5_4::first_and_last_fragment_may_be_empty",
        &[&F23],
        |server| {
            let frames = [
                Frame::text("").unfinished(),
                Frame::continuation("x").unfinished(),
                Frame::continuation(""),
            ];
            echoes(server, &frames, "x")
        },
    ),
    Case::echo(
        "rfc6455::s5_4::message_of_empty_fragments_is_an_empty_message",
        &[&F23],
        |server| {
            let frames = [
                Frame::text("").unfinished(),
                Frame::continuation("").unfinished(),
                Frame::continuation(""),
            ];
            echoes(server, &frames, "")
        },
    ),
    Case::echo(
        "rfc6455::s5_4::final_continuation_of_nothing_fails",
        &[&F24],
        |server| fails(server, &[Frame::continuation("a")], 1002),
    ),
    Case::echo(
        "rfc6455::s5_4::continuation_of_nothing_fails",
        &[&F25],
        |server| fails(server, &[Frame::continuation("a").unfinished()], 1002),
    ),
    Case::echo(
        "rfc6455::s5_4::text_inside_a_message_fails",
        &[&F26],
        |server| {
            fails(
                server,
                &[Frame::text("a").unfinished(), Frame::text("b")],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_4::binary_inside_a_message_fails",
        &[&F26],
        |server| {
            fails(
                server,
                &[Frame::text("a").unfinished(), Frame::binary("b")],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_4::fragmented_message_inside_a_message_fails",
        &[&F27],
        |server| {
            fails(
                server,
                &[
                    Frame::text("a").unfinished(),
                    Frame::binary("b").unfinished(),
                ],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s5_4::continuation_after_the_last_fragment_fails",
        &[&F28],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[Frame::text("a").unfinished(), Frame::continuation("b")]);
            peer.expect_text("ab")?;
            peer.send(&Frame::continuation("c"));
            peer.expect_failed(&[1002])
        },
    ),
    Case::echo(
        "rfc6455::s5_4::continuation_after_a_whole_message_fails",
        &[&F28],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text("ab"));
            peer.expect_text("ab")?;
            peer.send(&Frame::continuation("c"));
            peer.expect_failed(&[1002])
        },
    ),
    Case::echo(
        "rfc6455::s5_4::ping_between_fragments_is_answered_at_once",
        &[&F29],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[Frame::text("a").unfinished(), Frame::ping("between")]);
            peer.expect_pong("between")?;
            peer.send(&Frame::continuation("b"));
            peer.expect_text("ab")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_4::ping_between_fragments_in_one_write_is_answered_first",
        &[&F29],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[
                Frame::text("a").unfinished(),
                Frame::ping("between"),
                Frame::continuation("b"),
            ]);
            peer.expect_pong("between")?;
            peer.expect_text("ab")?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s5_4::close_between_fragments_is_answered",
        &[&F30],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[Frame::text("a").unfinished(), Frame::close(1000, "")]);
            peer.expect_close_answer(1000)
        },
    ),
    Case::echo(
        "rfc6455::s5_4::pong_between_fragments_is_ignored",
        &[&F31],
        |server| {
            let frames = [
                Frame::text("a").unfinished(),
                Frame::pong("x"),
                Frame::continuation("b"),
            ];
            echoes(server, &frames, "ab")
        },
    ),
    Case::echo(
        "rfc6455::s5_4::ping_between_many_fragments_does_not_mix_in",
        &[&F29],
        |server| {
            let mut peer = server.open_echo()?;
            let mut frames = vec![Frame::text("").unfinished()];
            for n in 0..5_u8 {
                frames.push(Frame::continuation([b'a' + n]).unfinished());
                frames.push(Frame::ping([b'0' + n]));
            }
            frames.push(Frame::continuation("."));
            peer.send_all(&frames);
            for n in 0..5_u8 {
                peer.expect_pong([b'0' + n])?;
            }
            peer.expect_text("abcde.")?;
            peer.close()
        },
    ),
];
