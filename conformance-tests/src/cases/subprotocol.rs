//! Subprotocols beyond the list: a hook that sees the request, and endpoints that need one.

use super::answers;
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::Server,
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::subprotocol::none_offered_where_one_is_required_is_400",
        &[&HANDSHAKE_SUBPROTOCOL_5],
        |server| {
            server
                .refuse_with(&server.upgrade_to("/access/required"), &[400])
                .map(drop)
        },
    ),
    Case::app(
        "contract::subprotocol::unknown_one_where_one_is_required_is_400",
        &[&HANDSHAKE_SUBPROTOCOL_5],
        |server| {
            let request = server
                .upgrade_to("/access/required")
                .and("Sec-WebSocket-Protocol", "chat.v3, Chat.v1");
            let reply = server.refuse_with(&request, &[400])?;
            ensure(
                reply.header("sec-websocket-protocol").is_none(),
                "no Sec-WebSocket-Protocol",
                &reply,
            )
        },
    ),
    Case::app(
        "contract::subprotocol::required_one_that_is_spoken_is_chosen",
        &[&HANDSHAKE_SUBPROTOCOL_5, &HANDSHAKE_SUBPROTOCOL_1],
        |server| {
            chosen(
                server,
                "/access/required",
                "chat.v3, chat.v2",
                Some("chat.v2"),
            )
        },
    ),
    Case::app(
        "contract::subprotocol::hook_sees_the_request",
        &[&HANDSHAKE_SUBPROTOCOL_3],
        |server| {
            chosen(server, "/access/chosen?choose=b", "a, b, c", Some("b"))?;
            chosen(server, "/access/chosen?choose=c", "a, b, c", Some("c"))
        },
    ),
    Case::app(
        "contract::subprotocol::hook_may_choose_none",
        &[&HANDSHAKE_SUBPROTOCOL_3],
        |server| chosen(server, "/access/chosen?choose=none", "a, b, c", None),
    ),
    Case::app(
        "contract::subprotocol::hook_cannot_choose_what_was_not_offered",
        &[&HANDSHAKE_SUBPROTOCOL_4],
        |server| chosen(server, "/access/chosen?choose=foreign", "a, b, c", None),
    ),
    Case::app(
        "contract::subprotocol::token_beside_a_subprotocol_names_the_user_and_is_not_answered",
        &[&HANDSHAKE_SUBPROTOCOL_3, &INTERCEPTOR_BEFORE_2],
        |server| {
            let request = server
                .upgrade_to("/access/token")
                .and("Sec-WebSocket-Protocol", "bearer.alice, chat.v1");
            let (mut peer, reply) = server.accept(&request)?;
            ensure(
                reply.header("sec-websocket-protocol") == Some("chat.v1"),
                "Sec-WebSocket-Protocol: chat.v1",
                &reply,
            )?;
            answers(
                &mut peer,
                &[("principal", "alice"), ("subprotocol", "chat.v1")],
            )?;
            peer.close()
        },
    ),
];

/// Of what is offered, this one is chosen.
fn chosen(server: &Server, path: &str, offered: &str, expected: Option<&str>) -> Verdict {
    let request = server
        .upgrade_to(path)
        .and("Sec-WebSocket-Protocol", offered);
    let (mut peer, reply) = server.accept(&request)?;
    ensure(
        reply.header("sec-websocket-protocol") == expected,
        format!("the subprotocol {}", expected.unwrap_or("left out")),
        &reply,
    )?;
    answers(&mut peer, &[("subprotocol", expected.unwrap_or("none"))])?;
    peer.close()
}
