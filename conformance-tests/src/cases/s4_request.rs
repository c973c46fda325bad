//! The request line, Host, and the hygiene of HTTP beneath a handshake (RFC 6455 sections 3 and 4.2.1).

use super::{accepted, refused};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Request, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::echo("rfc6455::s4_2_1::post_is_refused", &[&H1], |server| {
        refused(
            server,
            &server.upgrade().method("POST").and("Content-Length", "0"),
        )
    }),
    Case::echo("rfc6455::s4_2_1::delete_is_refused", &[&H1], |server| {
        refused(server, &server.upgrade().method("DELETE"))
    }),
    Case::echo("rfc6455::s4_2_1::put_is_refused", &[&H1], |server| {
        refused(
            server,
            &server.upgrade().method("PUT").and("Content-Length", "0"),
        )
    }),
    Case::echo("rfc6455::s4_2_1::http_1_0_is_refused", &[&H2], |server| {
        refused(server, &server.upgrade().version("HTTP/1.0"))
    })
    .hint("an HTTP/1.0 request must not be upgraded, whatever the parser makes of it"),
    Case::echo(
        "rfc9110::s9_1::method_in_lower_case_is_refused",
        &[&H3],
        |server| refused(server, &server.upgrade().method("get")),
    ),
    Case::echo(
        "rfc9112::s3_2_2::absolute_form_is_accepted",
        &[&H4],
        |server| {
            let target = format!("http://{}{}", server.host(), server.echo_path());
            accepted(server, &server.upgrade().target(&target))
        },
    )
    .hint("hand the path of the target to the mapping, not the whole URI"),
    Case::app(
        "rfc9112::s3_2_2::host_of_an_absolute_target_counts",
        &[&H70],
        |server| {
            let request = server
                .upgrade_to("/access/plain")
                .target("http://inner.example/access/plain");
            let page = "http://inner.example";
            let (peer, _) = server.accept(&request.clone().and("Origin", page))?;
            peer.close()?;
            let origin = format!("http://{}", server.host());
            server
                .refuse_with(&request.and("Origin", origin), &[403])
                .map(drop)
        },
    )
    .hint("RFC 9112 says to ignore Host when the target has a host"),
    Case::echo(
        "rfc9112::s3_2::target_without_a_path_is_400",
        &[&H69],
        |server| {
            for method in ["GET", "CONNECT"] {
                for target in ["example.com:80", "echo", "*"] {
                    let request = server.upgrade().method(method).target(target);
                    server.refuse_with(&request, &[400])?;
                }
            }
            accepted(server, &server.upgrade())
        },
    )
    .hint("ask whether the target has a path before it goes to what relies on one"),
    Case::app(
        "rfc6455::s4_2_2::unknown_resource_is_404",
        &[&H5, &HANDSHAKE_REFUSAL_1],
        |server| {
            server
                .refuse_with(&server.upgrade_to("/no-such-endpoint"), &[404])
                .map(drop)
        },
    ),
    Case::app(
        "rfc6455::s4_2_2::guards_see_every_spelling_of_a_path",
        &[&H7, &HANDSHAKE_ORIGIN_1],
        |server| {
            for path in SPELLINGS {
                let foreign = server
                    .upgrade_to(path)
                    .and("Origin", "https://evil.example");
                not_switched(server, &foreign)?;
            }
            Ok(())
        },
    )
    .hint("decide on the same path that the router matched, after the router"),
    Case::app(
        "rfc6455::s4_2_2::other_spellings_of_a_path_are_decided_cleanly",
        &[&H7],
        |server| {
            for path in SPELLINGS {
                let mut peer = server.connect()?;
                match peer.ask(&server.upgrade_to(path))? {
                    Some(reply) if reply.status == 101 => {
                        peer.send(&Frame::text("hello"));
                        peer.expect_text("hello")?;
                    }
                    Some(reply) => ensure(
                        (400..500).contains(&reply.status) || (300..400).contains(&reply.status),
                        "101, 3xx or 4xx",
                        &reply,
                    )?,
                    None => {}
                }
            }
            accepted(server, &server.upgrade())
        },
    ),
    Case::echo("rfc9112::s3_2::missing_host_is_refused", &[&H8], |server| {
        refused(server, &server.upgrade().without("Host"))
    }),
    Case::echo("rfc9112::s3_2::two_hosts_are_refused", &[&H9], |server| {
        refused(server, &server.upgrade().and("Host", "evil.example"))
    }),
    Case::echo(
        "rfc6455::s4_2_1::unknown_headers_and_cookies_do_not_matter",
        &[&H53],
        |server| {
            accepted(
                server,
                &server
                    .upgrade()
                    .and("X-Unknown", "1")
                    .and("Cookie", "a=b; c=d")
                    .and("Accept-Language", "eo"),
            )
        },
    ),
    Case::echo(
        "rfc9110::s7_8::body_is_not_read_as_a_second_request",
        &[&H54],
        |server| {
            let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {}\r\n\r\n", server.host());
            let request = server
                .upgrade()
                .and("Content-Length", smuggled.len().to_string())
                .body(&smuggled);
            one_answer(server, &request)
        },
    )
    .hint("refuse a handshake that announces a body"),
    Case::echo(
        "rfc9110::s7_8::second_handshake_behind_the_first_is_not_answered",
        &[&H68],
        |server| {
            let second = server.upgrade().encode();
            let mut peer = server.connect()?;
            match peer.ask(&server.upgrade().body(second))? {
                // "GET " read as a frame: reserved bits, not masked.
                Some(reply) if reply.status == 101 => peer.expect_failed(&[1002]),
                Some(reply) => ensure(reply.status >= 400, "101 or a refusal", &reply),
                None => Ok(()),
            }
        },
    )
    .hint("after the 101 every byte is a frame, those that came with the request first of all"),
    Case::echo(
        "rfc9112::s6_3::two_content_lengths_are_refused",
        &[&H55],
        |server| {
            refused(
                server,
                &server
                    .upgrade()
                    .and("Content-Length", "0")
                    .and("Content-Length", "5"),
            )
        },
    ),
    Case::echo(
        "rfc9112::s6_3::signed_content_length_is_refused",
        &[&H55],
        |server| refused(server, &server.upgrade().and("Content-Length", "+5")),
    ),
    Case::echo(
        "rfc9112::s6_3::negative_content_length_is_refused",
        &[&H55],
        |server| refused(server, &server.upgrade().and("Content-Length", "-1")),
    ),
    Case::echo(
        "rfc9112::s6_3::hexadecimal_content_length_is_refused",
        &[&H55],
        |server| refused(server, &server.upgrade().and("Content-Length", "0x5")),
    ),
    Case::echo(
        "rfc9112::s6_1::content_length_beside_chunked_smuggles_nothing",
        &[&H56],
        |server| {
            let request = server
                .upgrade()
                .and("Content-Length", "5")
                .and("Transfer-Encoding", "chunked")
                .body("0\r\n\r\n");
            one_answer(server, &request)
        },
    ),
    Case::echo(
        "rfc9112::s5_1::blank_before_the_colon_is_not_reflected",
        &[&H57],
        |server| unreflected(server, "X-Marker : forged-value"),
    ),
    Case::echo(
        "rfc9112::s5_1::nul_in_a_header_is_not_reflected",
        &[&H57],
        |server| unreflected(server, "X-Marker: forged-value\0"),
    ),
    Case::echo(
        "rfc9112::s5_2::folded_line_is_not_reflected",
        &[&H57],
        |server| unreflected(server, "X-Marker: a\r\n forged-value"),
    ),
    Case::echo(
        "rfc9112::s2_2::bare_cr_is_not_reflected",
        &[&H57],
        |server| unreflected(server, "X-Marker: a\rforged-value"),
    ),
    Case::echo(
        "rfc6455::s10_4::header_block_without_end_is_cut_off",
        &[&H58],
        |server| cut_off(server, &server.upgrade().and("X-Long", "x".repeat(4 << 20))),
    ),
    Case::echo(
        "rfc6455::s10_4::request_line_without_end_is_cut_off",
        &[&H59],
        |server| {
            cut_off(
                server,
                &server
                    .upgrade()
                    .target(&format!("/{}", "x".repeat(4 << 20))),
            )
        },
    ),
    Case::echo(
        "rfc6455::s10_4::thousands_of_headers_do_no_harm",
        &[&H60],
        |server| {
            let request = (0..5000).fold(server.upgrade(), |request, n| {
                request.and(&format!("X-{n}"), "1")
            });
            cut_off(server, &request)
        },
    ),
    Case::echo(
        "rfc9110::s10_1_1::expect_continue_does_not_hang",
        &[&H65],
        |server| {
            let mut peer = server.connect()?;
            let mut reply = peer.ask(&server.upgrade().and("Expect", "100-continue"))?;
            if reply.as_ref().is_some_and(|reply| reply.status == 100) {
                reply = peer.reply()?;
            }
            match reply {
                Some(reply) => ensure(
                    reply.status == 101 || reply.status >= 400,
                    "101 or a refusal",
                    &reply,
                ),
                None => Ok(()),
            }
        },
    ),
];

/// Ways to write `/echo` that a router may or may not take for it.
const SPELLINGS: &[&str] = &[
    "/%65cho",
    "//echo",
    "/echo/",
    "/./echo",
    "/echo;x=1",
    "/x/../echo",
];

fn not_switched(server: &Server, request: &Request) -> Verdict {
    match server.connect()?.ask(request)? {
        Some(reply) => ensure(reply.status != 101, "no 101", &reply),
        None => Ok(()),
    }
}

/// Whatever becomes of the request, the bytes behind its head are never answered as a second request.
fn one_answer(server: &Server, request: &Request) -> Verdict {
    let mut peer = server.connect()?;
    let Some(reply) = peer.ask(request)? else {
        return accepted(server, &server.upgrade());
    };
    if reply.status == 101 {
        // The body was consumed first, so the connection is a WebSocket without leftovers.
        peer.send(&Frame::text("hello"));
        peer.expect_text("hello")?;
    } else {
        ensure(reply.status >= 400, "101 or a refusal", &reply)?;
        peer.finish();
        let second = peer.reply()?;
        ensure(
            second.is_none(),
            "one answer",
            second.map(|reply| reply.to_string()).unwrap_or_default(),
        )?;
    }
    accepted(server, &server.upgrade())
}

/// A malformed line is refused or made harmless, and what it carried does not come back.
fn unreflected(server: &Server, line: &str) -> Verdict {
    if let Some(reply) = server.connect()?.ask(&server.upgrade().line(line))? {
        ensure(
            reply.status == 101 || reply.status >= 400,
            "101 or a refusal",
            &reply,
        )?;
        ensure(
            !reply.holds("forged-value"),
            "nothing of the malformed line in the answer",
            &reply,
        )?;
    }
    accepted(server, &server.upgrade())
}

/// Something excessive is refused, and the server goes on.
fn cut_off(server: &Server, request: &Request) -> Verdict {
    if let Some(reply) = server.connect()?.ask(request)? {
        ensure((400..=599).contains(&reply.status), "an HTTP error", &reply)?;
    }
    accepted(server, &server.upgrade())
}
