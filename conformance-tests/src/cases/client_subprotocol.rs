//! The subprotocols that are offered, and the one in the answer (RFC 6455 sections 1.9 and 4.1).

use switchwire_core::{
    ConnectError, HandlerResult, InvalidRequest, WebSocketHandler, WebSocketSession,
    client::HandshakeViolation as Not,
};

use super::client_answer::{opens, violates};
use crate::{
    ClientCase,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Answer, Client},
};

pub(super) const CASES: &[ClientCase] = &[
    // The offer.
    ClientCase::new(
        "client::contract::subprotocols_are_offered_in_their_order",
        &[&CLIENT_SUBPROTOCOL_1, &C25],
        |client| {
            let offered = ["v2.chat", "v1.chat", "a"];
            let (_call, _peer, asked) = client.ask_with("/", |it| it.with_subprotocols(offered))?;
            let seen = asked.list("sec-websocket-protocol");
            ensure(seen == offered, "v2.chat, v1.chat, a", &asked)
        },
    ),
    ClientCase::new(
        "client::contract::subprotocols_of_the_handler_are_offered",
        &[&CLIENT_SUBPROTOCOL_1],
        |client| {
            let mut listener = client.listen()?;
            let _call = client.execute(listener.request("/")?, Speaks(&["v2", "v1"]));
            let (_peer, asked) = listener.asked()?;
            let seen = asked.list("sec-websocket-protocol");
            ensure(seen == ["v2", "v1"], "v2, v1", &asked)
        },
    ),
    ClientCase::new(
        "client::contract::subprotocols_of_the_request_go_before_the_handlers",
        &[&CLIENT_SUBPROTOCOL_1],
        |client| {
            let mut listener = client.listen()?;
            let request = listener.request("/")?.with_subprotocols(["v3"])?;
            let _call = client.execute(request, Speaks(&["v2"]));
            let (_peer, asked) = listener.asked()?;
            let seen = asked.list("sec-websocket-protocol");
            ensure(seen == ["v3"], "v3", &asked)
        },
    ),
    ClientCase::new(
        "client::s4_1::repeated_subprotocol_is_not_offered",
        &[&C25],
        |client| {
            let error = InvalidRequest::RepeatedSubprotocol("chat".to_owned());
            offers_nothing(client, &["chat", "chat"], &error)
        },
    ),
    ClientCase::new(
        "client::s4_1::subprotocol_that_is_no_token_is_not_offered",
        &[&C25],
        |client| {
            let error = InvalidRequest::Subprotocol("a b".to_owned());
            offers_nothing(client, &["a b"], &error)
        },
    ),
    ClientCase::new(
        "client::s4_1::subprotocol_with_a_line_break_is_not_offered",
        &[&C24],
        |client| {
            let error = InvalidRequest::Subprotocol("a\r\nx-forged: b".to_owned());
            offers_nothing(client, &["a\r\nx-forged: b"], &error)
        },
    ),
    // The answer.
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
        accepts_required,
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

/// A handler that offers this makes the call an error, and nothing is sent.
fn offers_nothing(
    client: &Client<'_>,
    offered: &'static [&'static str],
    error: &InvalidRequest,
) -> Verdict {
    let mut listener = client.listen()?;
    let call = client.execute(listener.request("/")?, Speaks(offered));
    call.expect_error(
        "the error that the request is invalid",
        |seen| matches!(seen, ConnectError::Invalid(seen) if seen == error),
    )?;
    listener.expect_nobody()
}

/// A handler that speaks subprotocols and does nothing else.
struct Speaks(&'static [&'static str]);

#[async_trait::async_trait]
impl WebSocketHandler for Speaks {
    async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        self.0
    }
}
