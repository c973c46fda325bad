//! The contract of the opening handshake: statuses, what the handler sees, HTTP beside WebSocket.

use std::collections::HashSet;

use super::HTTP_SIDE;
use crate::{
    Case, Feature,
    case::{Failure, Verdict, ensure},
    contract::HTTP_BODY,
    requirements::*,
    wire::{Frame, Peer, Request, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::handshake::other_method_is_405_and_names_get",
        &[&HANDSHAKE_REFUSAL_1, &H1],
        |server| {
            let request = server.upgrade().method("POST").and("Content-Length", "0");
            let reply = server.refuse_with(&request, &[405])?;
            ensure(reply.header("allow") == Some("GET"), "Allow: GET", &reply)
        },
    ),
    Case::app(
        "contract::handshake::missing_version_is_426_and_names_13",
        &[&HANDSHAKE_REFUSAL_1, &H30],
        |server| version_13(server, &server.upgrade().without("Sec-WebSocket-Version")),
    ),
    Case::app(
        "contract::handshake::other_version_is_426_and_names_13",
        &[&HANDSHAKE_REFUSAL_1, &H31],
        |server| version_13(server, &server.upgrade().with("Sec-WebSocket-Version", "8")),
    ),
    Case::app(
        "contract::handshake::missing_host_is_400",
        &[&HANDSHAKE_REFUSAL_1, &H8],
        |server| bad(server, &server.upgrade().without("Host")),
    ),
    Case::app(
        "contract::handshake::missing_upgrade_is_400",
        &[&HANDSHAKE_REFUSAL_1, &H10],
        |server| bad(server, &server.upgrade().without("Upgrade")),
    ),
    Case::app(
        "contract::handshake::missing_connection_is_400",
        &[&HANDSHAKE_REFUSAL_1, &H14],
        |server| bad(server, &server.upgrade().without("Connection")),
    ),
    Case::app(
        "contract::handshake::missing_key_is_400",
        &[&HANDSHAKE_REFUSAL_1, &H20],
        |server| bad(server, &server.upgrade().without("Sec-WebSocket-Key")),
    ),
    Case::app(
        "contract::handshake::announced_body_is_400",
        &[&HANDSHAKE_REFUSAL_1, &H54],
        |server| {
            bad(
                server,
                &server.upgrade().and("Content-Length", "5").body("hello"),
            )
        },
    ),
    Case::app(
        "contract::handshake::malformed_extensions_are_400",
        &[&HANDSHAKE_EXTENSIONS_1, &H46],
        |server| {
            for value in [";;", "a;b=", "\"", "a; b=\"c d\""] {
                bad(
                    server,
                    &server.upgrade().and("Sec-WebSocket-Extensions", value),
                )?;
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::handshake::other_spellings_of_a_path_are_404",
        &[&MAPPING_PATH_1, &H7],
        |server| {
            for path in ["/%65cho", "//echo", "/echo/", "/echo;x=1"] {
                server.refuse_with(&server.upgrade_to(path), &[404])?;
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::handshake::unmapped_path_is_404",
        &[&MAPPING_PATH_2, &H5],
        |server| {
            server
                .refuse_with(&server.upgrade_to("/echo/no-such-endpoint"), &[404])
                .map(drop)
        },
    ),
    Case::app(
        "contract::handshake::refusal_leaves_the_connection_usable",
        &[&HANDSHAKE_REFUSAL_2],
        |server| {
            for request in [
                server.upgrade().without("Sec-WebSocket-Key"),
                server.upgrade_to("/no-such-endpoint"),
            ] {
                let mut peer = server.connect()?;
                let reply = peer
                    .ask(&request)?
                    .ok_or_else(|| Failure::new("a refusal", "TCP closed"))?;
                ensure((400..500).contains(&reply.status), "a refusal", &reply)?;
                peer.upgrade(&server.upgrade())?;
                peer.send(&Frame::text("second try"));
                peer.expect_text("second try")?;
                peer.close()?;
            }
            Ok(())
        },
    )
    .hint("drop the server's upgrade handle before answering, and keep the connection alive"),
    Case::app(
        "contract::handshake::refusal_holds_nothing_of_the_request",
        &[&HANDSHAKE_REFUSAL_3],
        |server| {
            let base = server
                .upgrade()
                .and("Cookie", "s3cret")
                .and("Authorization", "Basic s3cret");
            for request in [
                base.clone().with("Sec-WebSocket-Key", "s3cret"),
                base.clone().with("Sec-WebSocket-Version", "s3cret"),
                base.clone().with("Upgrade", "s3cret"),
                base.clone().with("Connection", "s3cret"),
                base.clone().and("Origin", "http://s3cret.example"),
                base.clone().and("Sec-WebSocket-Protocol", "s3cret s3cret"),
                base.clone().target("/s3cret"),
            ] {
                if let Some(reply) = server.refuse(&request)? {
                    ensure(
                        !reply.holds("s3cret"),
                        "nothing of the request in the answer",
                        &reply,
                    )?;
                }
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::handshake::plain_request_to_a_mapped_path_reaches_the_http_side",
        &[&HANDSHAKE_FALLTHROUGH_1],
        |server| http_side(&mut server.connect()?, &server.get("/echo")),
    )
    .needing(Feature::HttpFallthrough)
    .hint(HTTP_SIDE),
    Case::app(
        "contract::handshake::plain_request_elsewhere_reaches_the_http_side",
        &[&HANDSHAKE_FALLTHROUGH_1],
        |server| http_side(&mut server.connect()?, &server.get("/no-such-endpoint")),
    )
    .needing(Feature::HttpFallthrough)
    .hint(HTTP_SIDE),
    Case::app(
        "contract::handshake::http_and_websocket_share_a_connection",
        &[&HANDSHAKE_FALLTHROUGH_1, &HANDSHAKE_REFUSAL_2],
        |server| {
            let mut peer = server.connect()?;
            http_side(&mut peer, &server.get("/echo"))?;
            peer.upgrade(&server.upgrade())?;
            peer.send(&Frame::text("hello"));
            peer.expect_text("hello")?;
            peer.close()
        },
    )
    .needing(Feature::HttpFallthrough)
    .hint(HTTP_SIDE),
    Case::app(
        "contract::handshake::headers_of_the_application_reach_the_answer",
        &[&HANDSHAKE_RESPONSE_1, &UPGRADE_RESPONSE_1],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade_to("/response-headers"))?;
            ensure(
                reply.header("x-application") == Some("switchwire"),
                "x-application: switchwire",
                &reply,
            )?;
            let cookies: Vec<_> = reply.all("set-cookie").collect();
            ensure(
                cookies == ["one=1", "two=2; HttpOnly"],
                "both cookies, in order",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::app(
        "contract::handshake::headers_of_the_handshake_cannot_be_replaced",
        &[&HANDSHAKE_RESPONSE_1, &H51],
        |server| {
            // The endpoint tries to set its own accept value, upgrade and length.
            let (peer, reply) = server.accept(&server.upgrade_to("/response-headers"))?;
            let upgrades: Vec<_> = reply.all("upgrade").collect();
            ensure(upgrades == ["websocket"], "Upgrade: websocket", &reply)?;
            ensure(
                reply.header("content-length").is_none(),
                "no Content-Length",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::app(
        "contract::handshake::subprotocol_is_chosen_in_the_clients_order",
        &[&HANDSHAKE_SUBPROTOCOL_1, &H37],
        |server| {
            subprotocol(server, "chat, v12.stomp, v11.stomp", "chat")?;
            subprotocol(server, "v11.stomp, v12.stomp, chat", "v11.stomp")
        },
    ),
    Case::app(
        "contract::handshake::subprotocol_after_an_unknown_one_is_chosen",
        &[&HANDSHAKE_SUBPROTOCOL_1, &H40],
        |server| {
            subprotocol(server, "v10.stomp, v11.stomp", "v11.stomp")?;
            subprotocol(server, "v10.stomp \t,\t v11.stomp", "v11.stomp")?;
            subprotocol(server, "v10.stomp,v11.stomp", "v11.stomp")
        },
    )
    .hint("trim the elements of the list"),
    Case::app(
        "contract::handshake::handler_sees_path_and_query_as_sent",
        &[&H6, &HANDSHAKE_INFO_1],
        |server| {
            let mut peer = server.open("/handshake?a=b%20c&x")?;
            answers(&mut peer, "path", "/handshake")?;
            answers(&mut peer, "query", "a=b%20c&x")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::handshake::handler_sees_headers_and_cookies",
        &[&HANDSHAKE_INFO_1],
        |server| {
            let request = server
                .upgrade_to("/handshake")
                .and("X-Custom", "some value")
                .and("Cookie", "a=1; session=\"abc\"");
            let (mut peer, _) = server.accept(&request)?;
            answers(&mut peer, "header x-custom", "some value")?;
            answers(&mut peer, "header x-missing", "none")?;
            answers(&mut peer, "cookie a", "1")?;
            answers(&mut peer, "cookie session", "abc")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::handshake::handler_sees_path_parameters_decoded",
        &[&HANDSHAKE_INFO_2],
        |server| {
            let mut peer = server.open("/rooms/caf%C3%A9%20noir")?;
            answers(&mut peer, "parameter room", "caf\u{e9} noir")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::handshake::handler_sees_the_remote_address",
        &[&HANDSHAKE_INFO_3],
        |server| {
            let mut peer = server.open("/handshake")?;
            let address = peer.local_address()?.to_string();
            answers(&mut peer, "remote", &address)?;
            peer.close()
        },
    )
    .needing(Feature::RemoteAddress),
    Case::app(
        "contract::handshake::attributes_belong_to_one_session",
        &[&HANDSHAKE_INFO_4],
        |server| {
            let (mut one, mut two) = (server.open("/handshake")?, server.open("/handshake")?);
            answers(&mut one, "remember first", "first")?;
            answers(&mut two, "recall", "none")?;
            answers(&mut one, "recall", "first")?;
            one.close()?;
            two.close()
        },
    ),
    Case::app(
        "contract::session::ids_are_unique",
        &[&SESSION_ID_1],
        |server| {
            let mut ids = HashSet::new();
            for _ in 0..20 {
                let mut peer = server.open("/handshake")?;
                peer.send(&Frame::text("id"));
                let id = peer.message()?;
                ensure(id.payload.len() >= 16, "an id that cannot be guessed", &id)?;
                ensure(ids.insert(id.payload.clone()), "a new id", &id)?;
                peer.close()?;
            }
            Ok(())
        },
    ),
];

fn version_13(server: &Server, request: &Request) -> Verdict {
    let reply = server.refuse_with(request, &[426])?;
    ensure(
        reply.header("sec-websocket-version") == Some("13"),
        "Sec-WebSocket-Version: 13",
        &reply,
    )
}

fn bad(server: &Server, request: &Request) -> Verdict {
    server.refuse_with(request, &[400]).map(drop)
}

pub(super) fn http_side(peer: &mut Peer, request: &Request) -> Verdict {
    let reply = peer
        .ask(request)?
        .ok_or_else(|| Failure::new("HTTP 200", "TCP closed"))?;
    ensure(
        reply.status == 200 && reply.body == HTTP_BODY,
        format!("HTTP 200 with {HTTP_BODY:?}"),
        &reply,
    )
}

fn subprotocol(server: &Server, offered: &str, chosen: &str) -> Verdict {
    let request = server
        .upgrade_to("/subprotocol")
        .and("Sec-WebSocket-Protocol", offered);
    let (mut peer, reply) = server.accept(&request)?;
    ensure(
        reply.header("sec-websocket-protocol") == Some(chosen),
        format!("Sec-WebSocket-Protocol: {chosen}"),
        &reply,
    )?;
    peer.expect_text(chosen)?;
    peer.close()
}

fn answers(peer: &mut Peer, question: &str, answer: &str) -> Verdict {
    peer.send(&Frame::text(question));
    peer.expect_text(answer)
}
