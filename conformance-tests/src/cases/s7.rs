//! The closing handshake (RFC 6455 sections 5.5.1 and 7).

use super::{accepted, fails};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{End, Event, Frame, Length, Server, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::echo(
        "rfc6455::s5_5_1::close_is_answered_with_close",
        &[&K1, &SESSION_SERVE_2],
        |server| closes_with(server, &Frame::close(1000, ""), 1000),
    ),
    Case::echo(
        "rfc6455::s5_5_1::close_with_a_reason_is_answered",
        &[&K1],
        |server| closes_with(server, &Frame::close(1000, "going home"), 1000),
    ),
    Case::echo(
        "rfc6455::s5_5_1::close_byte_by_byte_is_answered",
        &[&K1],
        |server| {
            let mut peer = server.open_echo()?;
            peer.trickle(&Frame::close(1000, "slowly").encode());
            peer.expect_close_answer(1000)
        },
    ),
    Case::echo(
        "rfc6455::s5_5_1::empty_close_is_answered",
        &[&K2],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::empty_close());
            let close = peer.expect_close_frame()?;
            ensure(
                matches!(close.close_code(), None | Some(1000)),
                "a Close without code, or with 1000",
                &close,
            )?;
            peer.expect_end()
        },
    ),
    Case::echo(
        "rfc6455::s5_5_1::close_of_one_byte_fails",
        &[&K3],
        |server| fails(server, &[Frame::new(opcode::CLOSE, [0x03])], 1002),
    ),
    Case::echo("rfc6455::s7_4_1::close_1005_fails", &[&K4], |server| {
        fails(server, &[Frame::close(1005, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_1::close_1006_fails", &[&K4], |server| {
        fails(server, &[Frame::close(1006, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_1::close_1015_fails", &[&K4], |server| {
        fails(server, &[Frame::close(1015, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_0_fails", &[&K5], |server| {
        fails(server, &[Frame::close(0, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_999_fails", &[&K5], |server| {
        fails(server, &[Frame::close(999, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_1004_fails", &[&K5], |server| {
        fails(server, &[Frame::close(1004, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_1016_fails", &[&K5], |server| {
        fails(server, &[Frame::close(1016, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_1100_fails", &[&K5], |server| {
        fails(server, &[Frame::close(1100, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_2000_fails", &[&K5], |server| {
        fails(server, &[Frame::close(2000, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_2999_fails", &[&K5], |server| {
        fails(server, &[Frame::close(2999, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_5000_fails", &[&K5], |server| {
        fails(server, &[Frame::close(5000, "")], 1002)
    }),
    Case::echo("rfc6455::s7_4_2::close_65535_fails", &[&K5], |server| {
        fails(server, &[Frame::close(65535, "")], 1002)
    }),
    Case::echo(
        "rfc6455::s7_4::close_1001_is_answered_with_1001",
        &[&K6],
        |server| closes_with(server, &Frame::close(1001, ""), 1001),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1002_is_answered_with_1002",
        &[&K6],
        |server| closes_with(server, &Frame::close(1002, ""), 1002),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1003_is_answered_with_1003",
        &[&K6],
        |server| closes_with(server, &Frame::close(1003, ""), 1003),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1007_is_answered_with_1007",
        &[&K6],
        |server| closes_with(server, &Frame::close(1007, ""), 1007),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1008_is_answered_with_1008",
        &[&K6],
        |server| closes_with(server, &Frame::close(1008, ""), 1008),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1009_is_answered_with_1009",
        &[&K6],
        |server| closes_with(server, &Frame::close(1009, ""), 1009),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1010_is_answered_with_1010",
        &[&K6],
        |server| closes_with(server, &Frame::close(1010, ""), 1010),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1011_is_answered_with_1011",
        &[&K6],
        |server| closes_with(server, &Frame::close(1011, ""), 1011),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1012_is_answered_with_1012",
        &[&K6],
        |server| closes_with(server, &Frame::close(1012, ""), 1012),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1013_is_answered_with_1013",
        &[&K6],
        |server| closes_with(server, &Frame::close(1013, ""), 1013),
    ),
    Case::echo(
        "rfc6455::s7_4::close_1014_is_answered_with_1014",
        &[&K6],
        |server| closes_with(server, &Frame::close(1014, ""), 1014),
    ),
    Case::echo(
        "rfc6455::s7_4::close_3000_is_answered_with_3000",
        &[&K6],
        |server| closes_with(server, &Frame::close(3000, ""), 3000),
    ),
    Case::echo(
        "rfc6455::s7_4::close_3999_is_answered_with_3999",
        &[&K6],
        |server| closes_with(server, &Frame::close(3999, ""), 3999),
    ),
    Case::echo(
        "rfc6455::s7_4::close_4000_is_answered_with_4000",
        &[&K6],
        |server| closes_with(server, &Frame::close(4000, ""), 4000),
    ),
    Case::echo(
        "rfc6455::s7_4::close_4999_is_answered_with_4999",
        &[&K6],
        |server| closes_with(server, &Frame::close(4999, ""), 4999),
    ),
    Case::echo(
        "rfc6455::s8_1::close_reason_that_is_not_utf8_fails",
        &[&K7],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::close(1000, b"\xff\xfe"));
            peer.expect_failed(&[1007, 1002])
        },
    ),
    Case::echo(
        "rfc6455::s8_1::close_reason_cut_inside_a_code_point_fails",
        &[&K7],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::close(1000, b"\xe2\x82"));
            peer.expect_failed(&[1007, 1002])
        },
    ),
    Case::echo(
        "rfc6455::s5_5::close_reason_of_123_bytes_is_fine",
        &[&K8],
        |server| closes_with(server, &Frame::close(1000, [b'r'; 123]), 1000),
    ),
    Case::echo(
        "rfc6455::s5_5_1::text_after_close_is_not_echoed",
        &[&K9],
        |server| after_close(server, &Frame::text("too late").encode()),
    ),
    Case::echo(
        "rfc6455::s5_5_1::ping_after_close_is_not_answered",
        &[&K10],
        |server| after_close(server, &Frame::ping("too late").encode()),
    ),
    Case::echo(
        "rfc6455::s1_4::garbage_after_close_does_not_stop_the_answer",
        &[&K11],
        |server| after_close(server, b"\xff\xff\xff\xffgarbage"),
    )
    .hint("stop parsing at the Close: what follows is no frame"),
    Case::echo(
        "rfc6455::s1_4::unmasked_frame_after_close_does_not_stop_the_answer",
        &[&K11],
        |server| after_close(server, &Frame::text("x").unmasked().encode()),
    ),
    Case::echo(
        "rfc6455::s5_5_1::second_close_is_not_answered",
        &[&K12],
        |server| after_close(server, &Frame::close(1001, "").encode()),
    ),
    Case::echo(
        "rfc6455::s7_1_1::server_closes_tcp_first",
        &[&K15, &SESSION_CLOSE_5],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_close_frame()?;
            match peer.next()? {
                Event::End(End::Finished) => Ok(()),
                other => ensure(false, "a FIN from the server", other),
            }
        },
    )
    .hint("shut the sending direction down as soon as both Closes are through"),
    Case::echo(
        "rfc6455::s7_1_1::large_echo_on_its_way_is_finished_before_the_close",
        &[&K14],
        |server| {
            let mut peer = server.open_echo()?;
            let payload = vec![7; 60_000];
            peer.send_all(&[Frame::binary(&payload), Frame::close(1000, "")]);
            match peer.message()? {
                message if message.opcode == opcode::BINARY => {
                    ensure(message.payload == payload, "the whole message", &message)?;
                    peer.expect_close_answer(1000)
                }
                close => {
                    ensure(close.close_code() == Some(1000), "Close 1000", &close)?;
                    peer.expect_end()
                }
            }
        },
    ),
    Case::echo(
        "rfc6455::s7_1_7::protocol_error_is_told_before_tcp_ends",
        &[&K21, &SESSION_SERVE_3],
        |server| fails(server, &[Frame::new(0x3, "")], 1002),
    ),
    Case::echo(
        "rfc6455::s7_1_7::invalid_text_is_told_before_tcp_ends",
        &[&K21],
        |server| fails(server, &[Frame::text(b"\xff")], 1007),
    ),
    Case::echo(
        "rfc6455::s7_1_7::size_error_is_told_before_tcp_ends",
        &[&K21],
        |server| {
            fails(
                server,
                &[Frame::binary("").with_length(Length::Announced(1 << 40))],
                1009,
            )
        },
    ),
    Case::echo(
        "rfc6455::s7_1_7::frames_after_a_violation_are_not_processed",
        &[&K22],
        |server| {
            fails(
                server,
                &[
                    Frame::new(0x3, ""),
                    Frame::text("ignored"),
                    Frame::ping("ignored"),
                ],
                1002,
            )
        },
    ),
    Case::echo(
        "rfc6455::s7_1_1::violation_with_unread_input_still_tells_why",
        &[&K25, &K21],
        |server| {
            let mut peer = server.open_echo()?;
            let mut bytes = Frame::new(0x3, "").encode();
            bytes.extend(vec![0xaa; 256 << 10]);
            peer.write(&bytes);
            peer.expect_failed(&[1002])
        },
    )
    .hint("closing with unread input may destroy the Close: shut down sending, then drain"),
    Case::echo(
        "rfc6455::s5_5_1::half_close_without_close_loses_no_message",
        &[&K33],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send_all(&[Frame::text("one"), Frame::text("two")]);
            peer.finish();
            peer.expect_text("one")?;
            peer.expect_text("two")?;
            // A Close of the server's is welcome but not needed.
            match peer.next()? {
                Event::Frame(frame) if frame.opcode == opcode::CLOSE => peer.expect_end(),
                Event::Frame(frame) => ensure(false, "the end of TCP", frame),
                Event::End(_) => Ok(()),
            }
        },
    ),
    Case::echo(
        "rfc6455::s7_1_5::end_without_close_leaves_the_server_well",
        &[&K19],
        |server| {
            let mut peer = server.open_echo()?;
            peer.finish();
            peer.next()?;
            accepted(server, &server.upgrade())
        },
    ),
    Case::echo(
        "rfc6455::s7_1_5::reset_leaves_the_server_well",
        &[&K19],
        |server| {
            server.open_echo()?.reset();
            accepted(server, &server.upgrade())
        },
    ),
    Case::echo(
        "rfc6455::s7_1_5::reset_in_the_middle_of_a_message_leaves_the_server_well",
        &[&K20],
        |server| {
            let mut peer = server.open_echo()?;
            let bytes = Frame::text([b'x'; 1000]).encode();
            peer.write(&bytes[..500]);
            peer.reset();
            accepted(server, &server.upgrade())
        },
    ),
    Case::echo(
        "rfc6455::s7_1_5::end_in_the_middle_of_a_frame_echoes_nothing",
        &[&K20],
        |server| {
            let mut peer = server.open_echo()?;
            let bytes = Frame::text("cut off").encode();
            peer.write(&bytes[..bytes.len() - 1]);
            peer.finish();
            match peer.next()? {
                Event::Frame(frame) if frame.opcode != opcode::CLOSE => {
                    ensure(false, "no message", frame)
                }
                _ => Ok(()),
            }
        },
    ),
    Case::echo(
        "rfc6455::s7_1_5::end_in_the_middle_of_a_message_echoes_nothing",
        &[&K20],
        |server| {
            let mut peer = server.open_echo()?;
            peer.send(&Frame::text("first half").unfinished());
            peer.finish();
            match peer.next()? {
                Event::Frame(frame) if frame.opcode != opcode::CLOSE => {
                    ensure(false, "no message", frame)
                }
                _ => Ok(()),
            }
        },
    ),
];

/// The Close is answered with this code, and the server ends TCP.
fn closes_with(server: &Server, close: &Frame, code: u16) -> Verdict {
    let mut peer = server.open_echo()?;
    peer.send(close);
    peer.expect_close_answer(code)
}

/// What stands behind a Close in the same write changes nothing: one answer, then the end.
fn after_close(server: &Server, behind: &[u8]) -> Verdict {
    let mut peer = server.open_echo()?;
    peer.write(&[&Frame::close(1000, "").encode(), behind].concat());
    peer.expect_close_answer(1000)
}
