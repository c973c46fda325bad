//! The answer to a handshake, subprotocols and extensions (RFC 6455 sections 4.2.2 and 9).

use super::{accepted, s4_headers::accepted_or_refused};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Reply, Request, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::echo(
        "rfc6455::s4_2_2::accept_value_is_that_of_the_rfc",
        &[&H29],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade())?;
            ensure(
                reply.header("sec-websocket-accept") == Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s4_2_2::accept_value_follows_the_key",
        &[&H29],
        |server| {
            accepted(
                server,
                &server
                    .upgrade()
                    .with("Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw=="),
            )
        },
    ),
    Case::echo(
        "rfc6455::s4_2_2::answer_names_the_upgrade",
        &[&H29],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade())?;
            let is = |name, value| {
                reply
                    .all(name)
                    .any(|found| found.eq_ignore_ascii_case(value))
            };
            ensure(
                is("upgrade", "websocket") && is("connection", "upgrade"),
                "Upgrade: websocket and Connection: Upgrade",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s11_3_3::one_accept_header_is_answered",
        &[&H51],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade())?;
            ensure(
                reply.all("sec-websocket-accept").count() == 1,
                "one Sec-WebSocket-Accept",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc9110::s8_6::switching_has_no_body",
        &[&H52, &UPGRADE_RESPONSE_1],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade())?;
            let none = reply.header("content-length").is_none()
                && reply.header("transfer-encoding").is_none();
            ensure(none, "neither Content-Length nor Transfer-Encoding", &reply)?;
            peer.close()
        },
    )
    .hint("some servers add Content-Length: 0 or chunked to every answer without a body"),
    Case::app(
        "rfc6455::s4_2_2::offered_subprotocol_is_chosen",
        &[&H37],
        |server| offer(server, &["unknown, v11.stomp"], Some("v11.stomp")),
    ),
    Case::app(
        "rfc6455::s4_2_2::no_match_has_no_subprotocol",
        &[&H38],
        |server| offer(server, &["unknown"], None),
    ),
    Case::app(
        "rfc6455::s4_2_2::no_offer_has_no_subprotocol",
        &[&H39],
        |server| offer(server, &[], None),
    ),
    Case::echo(
        "rfc6455::s4_2_2::endpoint_without_subprotocols_names_none",
        &[&H38],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade())?;
            ensure(
                reply.header("sec-websocket-protocol").is_none(),
                "no Sec-WebSocket-Protocol",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::app(
        "rfc6455::s11_3_4::subprotocols_on_two_lines_are_one_list",
        &[&H40],
        |server| offer(server, &["unknown", "chat"], Some("chat")),
    ),
    Case::app(
        "rfc6455::s11_3_4::repeated_subprotocol_is_answered_once",
        &[&H41],
        |server| {
            let request = server
                .upgrade_to("/subprotocol")
                .and("Sec-WebSocket-Protocol", "chat, chat");
            match server.connect()?.ask(&request)? {
                Some(reply) if reply.status == 101 => ensure(
                    reply.all("sec-websocket-protocol").count() <= 1,
                    "at most one Sec-WebSocket-Protocol",
                    &reply,
                ),
                Some(reply) => ensure(reply.status == 400, "101 or 400", &reply),
                None => Ok(()),
            }
        },
    ),
    Case::app(
        "rfc6455::s4_1::subprotocol_with_a_slash_is_never_answered",
        &[&H42],
        |server| unnamed(server, b"cha/t, a/b"),
    ),
    Case::app(
        "rfc6455::s4_1::subprotocol_with_an_at_sign_is_never_answered",
        &[&H42],
        |server| unnamed(server, b"c@d"),
    ),
    Case::app(
        "rfc6455::s4_1::empty_subprotocol_elements_are_never_answered",
        &[&H42],
        |server| unnamed(server, b","),
    ),
    Case::app(
        "rfc6455::s4_1::empty_subprotocol_header_is_never_answered",
        &[&H42],
        |server| unnamed(server, b""),
    ),
    Case::app(
        "rfc6455::s4_2_2::subprotocols_are_compared_exactly",
        &[&H43],
        |server| offer(server, &["Chat"], None),
    ),
    Case::app(
        "rfc6455::s4_3::subprotocol_outside_ascii_is_never_answered",
        &[&H62],
        |server| unnamed(server, b"caf\xe9"),
    ),
    Case::app(
        "rfc6455::s4_3::seven_kilobytes_of_blanks_are_read_quickly",
        &[&H42],
        |server| {
            let value = format!("b{}x", " ".repeat(7 << 10));
            unnamed(server, value.as_bytes())
        },
    ),
    Case::echo(
        "rfc6455::s9_1::unknown_extension_is_ignored",
        &[&H44, &H45],
        |server| extension(server, "x-foo; a=1"),
    ),
    Case::echo(
        "rfc6455::s9_1::no_extension_is_answered_unasked",
        &[&H45],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade())?;
            ensure(
                reply.header("sec-websocket-extensions").is_none(),
                "no Sec-WebSocket-Extensions",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::echo(
        "rfc6455::s11_3_2::extensions_are_answered_on_one_line_at_most",
        &[&H50],
        |server| {
            let request = server
                .upgrade()
                .and("Sec-WebSocket-Extensions", "x-foo")
                .and("Sec-WebSocket-Extensions", "x-bar");
            let reply = server.connect()?.ask(&request)?;
            let count = reply
                .iter()
                .flat_map(|reply| reply.all("sec-websocket-extensions"))
                .count();
            ensure(
                count <= 1,
                "at most one Sec-WebSocket-Extensions",
                format_args!("{count}"),
            )
        },
    ),
    Case::echo(
        "rfc6455::s9_1::extension_list_of_semicolons_is_not_accepted",
        &[&H46],
        |server| malformed_extension(server, ";;"),
    ),
    Case::echo(
        "rfc6455::s9_1::extension_parameter_without_value_is_not_accepted",
        &[&H46],
        |server| malformed_extension(server, "a;b="),
    ),
    Case::echo(
        "rfc6455::s9_1::unclosed_quotation_is_not_accepted",
        &[&H46],
        |server| malformed_extension(server, "\""),
    ),
    Case::echo(
        "rfc6455::s9_1::extension_named_like_a_builtin_does_no_harm",
        &[&H46],
        |server| {
            accepted_or_refused(
                server,
                "Sec-WebSocket-Extensions",
                "constructor, __proto__, toString",
            )
        },
    ),
    Case::echo(
        "rfc6455::s9_1::six_kilobytes_of_escapes_are_read_quickly",
        &[&H46],
        |server| {
            let value = format!("a; b=\"{}", "\\c".repeat(3 << 10));
            malformed_extension(server, &value)
        },
    ),
    Case::echo(
        "rfc6455::s9_1::quoted_value_with_a_blank_is_not_accepted",
        &[&H48],
        |server| malformed_extension(server, "a; b=\"c d\""),
    ),
    Case::echo(
        "rfc6455::s4_1::frame_in_one_segment_with_the_request_is_answered",
        &[&H66, &UPGRADE_BYTES_1],
        |server| {
            let mut peer = server.connect()?;
            peer.upgrade(&server.upgrade().body(Frame::text("early").encode()))?;
            peer.expect_text("early")?;
            peer.close()
        },
    )
    .hint("bytes that the HTTP parser had already read belong to the WebSocket"),
    Case::echo(
        "rfc6455::s4_1::cut_frame_in_one_segment_with_the_request_is_whole",
        &[&H66, &UPGRADE_BYTES_1],
        |server| {
            let frame = Frame::text("early").encode();
            let mut peer = server.connect()?;
            peer.upgrade(&server.upgrade().body(&frame[..7]))?;
            peer.write(&frame[7..]);
            peer.expect_text("early")?;
            peer.close()
        },
    ),
    Case::app(
        "rfc6455::s4_2_2::frame_right_behind_the_answer_arrives",
        &[&H67],
        |server| {
            let mut peer = server.open("/greeting")?;
            peer.expect_text("welcome")?;
            peer.close()
        },
    ),
];

/// Offers these lines; the handler and the answer agree on what was chosen.
fn offer(server: &Server, lines: &[&str], chosen: Option<&str>) -> Verdict {
    let request = lines
        .iter()
        .fold(server.upgrade_to("/subprotocol"), |request, line| {
            request.and("Sec-WebSocket-Protocol", line)
        });
    let (mut peer, reply) = server.accept(&request)?;
    names(&reply, chosen)?;
    peer.expect_text(chosen.unwrap_or("none"))?;
    peer.close()
}

fn names(reply: &Reply, chosen: Option<&str>) -> Verdict {
    let expected = match chosen {
        Some(name) => format!("Sec-WebSocket-Protocol: {name}"),
        None => "no Sec-WebSocket-Protocol".to_owned(),
    };
    let named: Vec<_> = reply.all("sec-websocket-protocol").collect();
    ensure(named == chosen.as_slice(), expected, reply)
}

/// Something that is no subprotocol is refused or ignored, never answered.
fn unnamed(server: &Server, value: &[u8]) -> Verdict {
    let request = server
        .upgrade_to("/subprotocol")
        .and("Sec-WebSocket-Protocol", value);
    match server.connect()?.ask(&request)? {
        Some(reply) if reply.status == 101 => names(&reply, None)?,
        Some(reply) => ensure(reply.status == 400, "101 or 400", &reply)?,
        None => {}
    }
    accepted(server, &server.upgrade())
}

fn extension(server: &Server, value: &str) -> Verdict {
    accepted(
        server,
        &server.upgrade().and("Sec-WebSocket-Extensions", value),
    )
}

/// Refused, or ignored without accepting anything.
fn malformed_extension(server: &Server, value: &str) -> Verdict {
    let request: Request = server.upgrade().and("Sec-WebSocket-Extensions", value);
    if let Some(reply) = server.connect()?.ask(&request)? {
        ensure(
            reply.status == 101 || (400..=599).contains(&reply.status),
            "101 or an HTTP error",
            &reply,
        )?;
        ensure(
            reply.header("sec-websocket-extensions").is_none(),
            "no Sec-WebSocket-Extensions",
            &reply,
        )?;
    }
    accepted(server, &server.upgrade())
}
