//! The subprotocol in the answer (RFC 6455 sections 1.9 and 4.1).

use switchwire_core::HandshakeViolation as Not;

use super::client_answer::{opens, violates};
use crate::{
    ClientCase,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Answer, Client},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::s4_1::subprotocol_of_the_offer_is_accepted",
        &[&C16, &CLIENT_INFO_1],
        |client| {
            let (call, mut peer, asked) =
                client.ask_with("/", |it| it.with_subprotocols(["a", "b"]))?;
            peer.answer(&Answer::switching(&asked).and(PROTOCOL, "b"));
            let session = call.session()?;
            let chosen = session.info().subprotocol();
            ensure(
                chosen == Some("b"),
                "the subprotocol b",
                format_args!("{chosen:?}"),
            )
        },
    ),
    ClientCase::new(
        "client::s4_1::subprotocol_that_was_not_offered_fails",
        &[&C16],
        |client| violates(client, &Not::Subprotocol, |it| it.and(PROTOCOL, "other")),
    ),
    ClientCase::new(
        "client::s4_1::subprotocol_in_other_case_fails",
        &[&C16],
        |client| violates(client, &Not::Subprotocol, |it| it.and(PROTOCOL, "CHAT")),
    ),
    ClientCase::new(
        "client::s4_1::several_subprotocols_fail",
        &[&C16],
        |client| violates(client, &Not::Subprotocol, |it| it.and(PROTOCOL, "chat, b")),
    ),
    ClientCase::new(
        "client::s4_1::subprotocol_unasked_fails",
        &[&C16],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            peer.answer(&Answer::switching(&asked).and(PROTOCOL, "chat"));
            call.expect_violation(&Not::Subprotocol)
        },
    ),
    ClientCase::new(
        "client::contract::answer_without_a_subprotocol_is_accepted",
        &[&CLIENT_SUBPROTOCOL_2],
        |client| opens(client, |it| it),
    ),
    ClientCase::new(
        "client::contract::required_subprotocol_that_is_missing_fails",
        &[&CLIENT_SUBPROTOCOL_2],
        |client| {
            let (call, mut peer, asked) = client.ask_with("/", |it| {
                Ok(it.with_subprotocols(["chat"])?.with_required_subprotocol())
            })?;
            peer.answer(&Answer::switching(&asked));
            call.expect_violation(&Not::SubprotocolRequired)
        },
    ),
    ClientCase::new(
        "client::contract::required_subprotocol_that_is_there_is_accepted",
        &[&CLIENT_SUBPROTOCOL_2],
        |client| accepts_required(client),
    ),
];

const PROTOCOL: &str = "Sec-WebSocket-Protocol";

fn accepts_required(client: &Client<'_>) -> Verdict {
    let (call, mut peer, asked) = client.ask_with("/", |it| {
        Ok(it.with_subprotocols(["chat"])?.with_required_subprotocol())
    })?;
    peer.answer(&Answer::switching(&asked).and(PROTOCOL, "chat"));
    let session = call.session()?;
    let chosen = session.info().subprotocol();
    ensure(
        chosen == Some("chat"),
        "the subprotocol chat",
        format_args!("{chosen:?}"),
    )
}
