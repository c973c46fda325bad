//! Upgrade, Connection, key and version (RFC 6455 section 4.2.1).

use super::{accepted, refused};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::Server,
};

pub(super) const CASES: &[Case] = &[
    Case::echo(
        "rfc6455::s4_2_1::missing_upgrade_is_not_switched",
        &[&H10],
        |server| refused(server, &server.upgrade().without("Upgrade")),
    ),
    Case::echo(
        "rfc6455::s4_2_1::upgrade_is_compared_without_case",
        &[&H11],
        |server| accepted(server, &server.upgrade().with("Upgrade", "WebSocket")),
    ),
    Case::echo(
        "rfc6455::s4_2_1::upgrade_in_capitals_is_accepted",
        &[&H11],
        |server| accepted(server, &server.upgrade().with("Upgrade", "WEBSOCKET")),
    ),
    Case::echo(
        "rfc6455::s4_2_1::upgrade_with_a_longer_name_is_not_switched",
        &[&H12],
        |server| refused(server, &server.upgrade().with("Upgrade", "websocketx")),
    )
    .hint("compare tokens, not substrings"),
    Case::echo(
        "rfc6455::s4_2_1::upgrade_to_something_else_is_not_switched",
        &[&H12],
        |server| refused(server, &server.upgrade().with("Upgrade", "h2c")),
    ),
    Case::echo(
        "rfc9110::s7_8::upgrade_may_list_several_protocols",
        &[&H13],
        |server| accepted_or_refused(server, "Upgrade", "h2c, websocket"),
    ),
    Case::echo(
        "rfc6455::s4_2_1::missing_connection_is_refused",
        &[&H14],
        |server| refused(server, &server.upgrade().without("Connection")),
    ),
    Case::echo(
        "rfc6455::s4_2_1::connection_may_list_more",
        &[&H15],
        |server| {
            accepted(
                server,
                &server.upgrade().with("Connection", "keep-alive, Upgrade"),
            )
        },
    ),
    Case::echo(
        "rfc6455::s4_2_1::connection_is_compared_without_case",
        &[&H16],
        |server| accepted(server, &server.upgrade().with("Connection", "UPGRADE")),
    ),
    Case::echo(
        "rfc9110::s5_3::connection_on_two_lines_is_one_list",
        &[&H17],
        |server| {
            accepted(
                server,
                &server
                    .upgrade()
                    .with("Connection", "keep-alive")
                    .and("Connection", "Upgrade"),
            )
        },
    )
    .hint("look at every line of the header, not at the first"),
    Case::echo(
        "rfc9110::s5_6_3::blanks_around_connection_tokens_do_not_matter",
        &[&H18],
        |server| {
            accepted(
                server,
                &server
                    .upgrade()
                    .with("Connection", "\tkeep-alive ,\tUpgrade\t"),
            )
        },
    ),
    Case::echo(
        "rfc6455::s4_2_1::connection_close_is_not_switched",
        &[&H19],
        |server| refused(server, &server.upgrade().with("Connection", "close")),
    ),
    Case::echo(
        "rfc6455::s4_2_1::connection_with_a_longer_token_is_not_switched",
        &[&H19],
        |server| refused(server, &server.upgrade().with("Connection", "upgradex")),
    ),
    Case::echo(
        "rfc6455::s4_2_1::missing_key_is_refused",
        &[&H20],
        |server| refused(server, &server.upgrade().without("Sec-WebSocket-Key")),
    ),
    Case::echo("rfc6455::s4_2_1::empty_key_is_refused", &[&H21], |server| {
        with_key(server, "")
    }),
    Case::echo(
        "rfc6455::s4_2_1::key_of_15_bytes_is_refused",
        &[&H22],
        |server| with_key(server, "AAAAAAAAAAAAAAAAAAAA"),
    ),
    Case::echo(
        "rfc6455::s4_2_1::key_of_17_bytes_is_refused",
        &[&H23],
        |server| with_key(server, "AAAAAAAAAAAAAAAAAAAAAAA="),
    )
    .hint("24 characters are not enough to know: 16 bytes end in two padding characters"),
    Case::echo(
        "rfc6455::s4_2_1::key_outside_base64_is_refused",
        &[&H24],
        |server| with_key(server, "!!!!!!!!!!!!!!!!!!!!!!=="),
    ),
    Case::echo(
        "rfc6455::s4_2_1::key_without_padding_is_refused",
        &[&H25],
        |server| with_key(server, "dGhlIHNhbXBsZSBub25jZQ"),
    ),
    Case::echo(
        "rfc6455::s11_3_1::two_keys_are_refused",
        &[&H26],
        |server| {
            refused(
                server,
                &server
                    .upgrade()
                    .and("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            )
        },
    ),
    Case::echo(
        "rfc9110::s5_5::blanks_around_the_key_are_no_part_of_it",
        &[&H27, &H29],
        |server| {
            accepted(
                server,
                &server
                    .upgrade()
                    .with("Sec-WebSocket-Key", "  dGhlIHNhbXBsZSBub25jZQ==\t"),
            )
        },
    ),
    Case::echo(
        "rfc6455::s4_1::the_key_of_the_rfc_with_stray_bits_is_accepted",
        &[&H28],
        |server| {
            accepted(
                server,
                &server
                    .upgrade()
                    .with("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEC=="),
            )
        },
    )
    .hint(
        "the key is never decoded for use: check its form, do not insist that unused bits are zero",
    ),
    Case::echo(
        "rfc6455::s4_2_1::missing_version_is_refused",
        &[&H30],
        |server| refused(server, &server.upgrade().without("Sec-WebSocket-Version")),
    ),
    Case::echo(
        "rfc6455::s4_4::version_0_is_answered_with_13",
        &[&H31],
        |server| other_version(server, "0"),
    ),
    Case::echo(
        "rfc6455::s4_4::version_7_without_upgrade_is_not_switched",
        &[&H31, &H10],
        |server| {
            let request = server.upgrade().with("Sec-WebSocket-Version", "7");
            refused(server, &request.without("Upgrade").without("Connection"))
        },
    ),
    Case::echo(
        "rfc6455::s4_4::version_12_is_answered_with_13",
        &[&H31],
        |server| other_version(server, "12"),
    ),
    Case::echo(
        "rfc6455::s4_4::version_14_is_answered_with_13",
        &[&H31],
        |server| other_version(server, "14"),
    ),
    Case::echo(
        "rfc6455::s4_4::version_255_is_answered_with_13",
        &[&H31],
        |server| other_version(server, "255"),
    ),
    Case::echo(
        "rfc6455::s4_4::version_that_is_no_number_is_answered_with_13",
        &[&H31],
        |server| other_version(server, "abc"),
    ),
    Case::echo(
        "rfc6455::s11_3_5::two_versions_are_refused",
        &[&H32],
        |server| refused(server, &server.upgrade().and("Sec-WebSocket-Version", "8")),
    ),
    Case::echo(
        "rfc6455::s4_3::version_with_leading_zero_is_refused",
        &[&H33],
        |server| {
            refused(
                server,
                &server.upgrade().with("Sec-WebSocket-Version", "013"),
            )
        },
    ),
    Case::echo(
        "rfc6455::s4_2_1::missing_origin_is_accepted",
        &[&H34],
        |server| accepted(server, &server.upgrade()),
    ),
];

fn with_key(server: &Server, key: &str) -> Verdict {
    refused(server, &server.upgrade().with("Sec-WebSocket-Key", key))
}

fn other_version(server: &Server, version: &str) -> Verdict {
    let request = server.upgrade().with("Sec-WebSocket-Version", version);
    let reply = server.refuse_with(&request, &[426, 400])?;
    let named = reply
        .all("sec-websocket-version")
        .flat_map(|line| line.split(','))
        .any(|version| version.trim() == "13");
    ensure(named, "Sec-WebSocket-Version: 13", &reply)?;
    accepted(server, &server.upgrade())
}

/// Accepted as a whole, or refused with an answer.
pub(super) fn accepted_or_refused(server: &Server, name: &str, value: &str) -> Verdict {
    let request = server.upgrade().with(name, value);
    match server.connect()?.ask(&request)? {
        Some(reply) if reply.status == 101 => accepted(server, &request),
        Some(reply) => ensure(
            (400..=599).contains(&reply.status),
            "101 or an HTTP error",
            &reply,
        ),
        None => Ok(()),
    }
}
