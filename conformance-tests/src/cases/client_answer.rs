//! How a client judges the headers of the answer (RFC 6455 section 4.1).

use http::{HeaderName, header};
use switchwire_core::client::HandshakeViolation as Not;

use crate::{
    ClientCase,
    case::Verdict,
    requirements::*,
    wire::{Answer, Client, Frame, accept_value},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::s4_1::right_answer_opens_a_session",
        &[&C11, &C14],
        |client| opens(client, |it| it),
    ),
    // Upgrade.
    ClientCase::new(
        "client::s4_1::answer_without_upgrade_fails",
        &[&C12],
        |client| violates(client, &Not::Upgrade, |it| it.without("Upgrade")),
    ),
    ClientCase::new(
        "client::s4_1::answer_that_upgrades_to_something_else_fails",
        &[&C12],
        |client| violates(client, &Not::Upgrade, |it| it.with("Upgrade", "h2c")),
    ),
    ClientCase::new(
        "client::s4_1::answer_that_upgrades_to_a_longer_name_fails",
        &[&C12],
        |client| violates(client, &Not::Upgrade, |it| it.with("Upgrade", "websocket2")),
    ),
    ClientCase::new(
        "client::s4_1::answer_that_upgrades_to_two_things_fails",
        &[&C12],
        |client| {
            violates(client, &Not::Upgrade, |it| {
                it.with("Upgrade", "h2c, websocket")
            })
        },
    ),
    ClientCase::new(
        "client::s4_1::answer_with_upgrade_in_capitals_is_accepted",
        &[&C12],
        |client| opens(client, |it| it.with("Upgrade", "WEBSOCKET")),
    ),
    // Connection.
    ClientCase::new(
        "client::s4_1::answer_without_connection_fails",
        &[&C13],
        |client| violates(client, &Not::Connection, |it| it.without("Connection")),
    ),
    ClientCase::new(
        "client::s4_1::answer_with_connection_close_fails",
        &[&C13],
        |client| {
            violates(client, &Not::Connection, |it| {
                it.with("Connection", "close")
            })
        },
    ),
    ClientCase::new(
        "client::s4_1::answer_with_a_list_of_options_in_capitals_is_accepted",
        &[&C13],
        |client| opens(client, |it| it.with("Connection", "keep-alive, UPGRADE")),
    ),
    ClientCase::new(
        "client::s4_1::answer_with_connection_on_two_lines_is_accepted",
        &[&C13],
        |client| {
            opens(client, |it| {
                it.with("Connection", "keep-alive")
                    .and("Connection", "Upgrade")
            })
        },
    ),
    // The accept value.
    ClientCase::new(
        "client::s4_1::answer_without_accept_value_fails",
        &[&C14],
        |client| violates(client, &Not::Accept, |it| it.without(ACCEPT)),
    ),
    ClientCase::new(
        "client::s4_1::accept_value_of_another_key_fails",
        &[&C14],
        |client| {
            let other = accept_value("AAAAAAAAAAAAAAAAAAAAAA==");
            violates(client, &Not::Accept, move |it| it.with(ACCEPT, &other))
        },
    ),
    ClientCase::new(
        "client::s4_1::empty_accept_value_fails",
        &[&C14],
        |client| violates(client, &Not::Accept, |it| it.with(ACCEPT, "")),
    ),
    ClientCase::new(
        "client::s4_1::accept_value_in_other_letters_fails",
        &[&C14],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let value = accept_value(asked.header("sec-websocket-key").unwrap_or_default());
            let value = value.to_ascii_uppercase();
            peer.answer(&Answer::switching(&asked).with(ACCEPT, value));
            call.expect_violation(&Not::Accept)
        },
    ),
    ClientCase::new(
        "client::s4_1::the_key_itself_is_no_accept_value",
        &[&C14],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let key = asked.header("sec-websocket-key").unwrap_or_default();
            peer.answer(&Answer::switching(&asked).with(ACCEPT, key));
            call.expect_violation(&Not::Accept)
        },
    ),
    ClientCase::new(
        "client::s4_1::blanks_around_the_accept_value_do_not_matter",
        &[&C14],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let value = accept_value(asked.header("sec-websocket-key").unwrap_or_default());
            let value = format!(" \t {value} \t");
            peer.answer(&Answer::switching(&asked).with(ACCEPT, value));
            call.session().map(drop)
        },
    ),
    // Extensions.
    ClientCase::new(
        "client::s4_1::extension_that_was_not_offered_fails",
        &[&C15],
        |client| {
            violates(client, &Not::Extension, |it| {
                it.and(EXTENSIONS, "x-unasked")
            })
        },
    ),
    ClientCase::new(
        "client::s4_1::compression_that_was_not_offered_fails",
        &[&C15],
        |client| {
            violates(client, &Not::Extension, |it| {
                it.and(EXTENSIONS, "permessage-deflate")
            })
        },
    ),
    ClientCase::new(
        "client::rfc7692::window_out_of_range_fails",
        &[&C32],
        |client| {
            let agreed = "permessage-deflate; server_max_window_bits=16";
            violates(client, &Not::Extension, |it| it.and(EXTENSIONS, agreed))
        },
    ),
    ClientCase::new(
        "client::rfc7692::window_that_is_no_number_fails",
        &[&C32],
        |client| {
            let agreed = "permessage-deflate; server_max_window_bits=abc";
            violates(client, &Not::Extension, |it| it.and(EXTENSIONS, agreed))
        },
    ),
    ClientCase::new(
        "client::rfc7692::client_window_that_was_not_offered_fails",
        &[&C32],
        |client| {
            let agreed = "permessage-deflate; client_max_window_bits=12";
            violates(client, &Not::Extension, |it| it.and(EXTENSIONS, agreed))
        },
    ),
    // Headers that may be there once.
    ClientCase::new(
        "client::s11_3::accept_value_twice_fails",
        &[&C17],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let value = accept_value(asked.header("sec-websocket-key").unwrap_or_default());
            peer.answer(&Answer::switching(&asked).and(ACCEPT, value));
            call.expect_violation(&Not::Repeated(header::SEC_WEBSOCKET_ACCEPT))
        },
    ),
    ClientCase::new(
        "client::s11_3::subprotocol_twice_fails",
        &[&C17],
        |client| repeats(client, PROTOCOL, header::SEC_WEBSOCKET_PROTOCOL),
    ),
    ClientCase::new("client::s11_3::extensions_twice_fails", &[&C17], |client| {
        repeats(client, EXTENSIONS, header::SEC_WEBSOCKET_EXTENSIONS)
    }),
];

const ACCEPT: &str = "Sec-WebSocket-Accept";
pub(super) const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// This answer breaks a rule: the call tells which, and the connection is closed.
pub(super) fn violates(
    client: &Client<'_>,
    rule: &Not,
    wrong: impl FnOnce(Answer) -> Answer,
) -> Verdict {
    let (call, mut peer, asked) = client.ask_with("/", |it| it.with_subprotocols(["chat", "b"]))?;
    peer.answer(&wrong(Answer::switching(&asked)));
    call.expect_violation(rule)?;
    peer.expect_end_unasked()
}

/// This answer is right: messages go both ways.
pub(super) fn opens(client: &Client<'_>, right: impl FnOnce(Answer) -> Answer) -> Verdict {
    let (call, mut peer, asked) = client.ask_with("/", |it| it.with_subprotocols(["chat", "b"]))?;
    peer.answer(&right(Answer::switching(&asked)));
    let mut session = call.session()?;
    peer.send(&Frame::text("from the server"));
    session.expect("from the server")?;
    session.send("from the client")?;
    peer.expect_text("from the client")
}

/// This header may be there once.
fn repeats(client: &Client<'_>, header: &str, name: HeaderName) -> Verdict {
    violates(client, &Not::Repeated(name), |it| {
        it.and(header, "chat").and(header, "chat")
    })
}
