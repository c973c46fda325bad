//! CORS: preflight requests, and handshakes where a configuration applies.

use super::{HTTP_SIDE, http_side};
use crate::{
    Case, Feature,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Reply, Request, Server},
};

const APP: &str = "https://app.example";

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::cors::preflight_is_answered_with_204_and_nothing_else",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let reply = allowed(server, &preflight(server, "/access/cors", APP, "GET"))?;
            ensure(reply.body.is_empty(), "no body", &reply)
        },
    ),
    Case::app(
        "contract::cors::preflight_names_the_origin_and_credentials",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let reply = allowed(server, &preflight(server, "/access/cors", APP, "GET"))?;
            has(&reply, "access-control-allow-origin", APP)?;
            has(&reply, "access-control-allow-credentials", "true")
        },
    ),
    Case::app(
        "contract::cors::preflight_names_the_methods",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let reply = allowed(server, &preflight(server, "/access/cors", APP, "PUT"))?;
            has(&reply, "access-control-allow-methods", "GET, PUT")
        },
    ),
    Case::app(
        "contract::cors::preflight_names_the_headers_that_are_allowed",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let request = preflight(server, "/access/cors", APP, "GET")
                .and("Access-Control-Request-Headers", "X-Two, x-four");
            has(
                &allowed(server, &request)?,
                "access-control-allow-headers",
                "x-two",
            )
        },
    ),
    Case::app(
        "contract::cors::preflight_names_how_long_it_may_be_remembered",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let reply = allowed(server, &preflight(server, "/access/cors", APP, "GET"))?;
            has(&reply, "access-control-max-age", "600")
        },
    ),
    Case::app(
        "contract::cors::preflight_from_a_pattern_is_allowed",
        &[&CORS_PREFLIGHT_1, &ORIGIN_PATTERN_1],
        |server| {
            let origin = "https://a.apps.example";
            let reply = allowed(server, &preflight(server, "/access/cors", origin, "GET"))?;
            has(&reply, "access-control-allow-origin", origin)
        },
    ),
    Case::app(
        "contract::cors::preflight_from_a_foreign_origin_is_403",
        &[&CORS_PREFLIGHT_1],
        |server| {
            forbidden(
                server,
                &preflight(server, "/access/cors", "https://evil.example", "GET"),
            )
        },
    ),
    Case::app(
        "contract::cors::preflight_for_another_method_is_refused",
        &[&CORS_PREFLIGHT_1],
        |server| forbidden(server, &preflight(server, "/access/cors", APP, "DELETE")),
    ),
    Case::app(
        "contract::cors::preflight_for_other_headers_is_refused",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let request = preflight(server, "/access/cors", APP, "GET")
                .and("Access-Control-Request-Headers", "x-four");
            forbidden(server, &request)
        },
    ),
    Case::app(
        "contract::cors::preflight_of_the_own_origin_needs_nothing",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let own = format!("http://{}", server.host());
            let reply = allowed(server, &preflight(server, "/access/cors", &own, "DELETE"))?;
            ensure(
                reply.header("access-control-allow-origin").is_none(),
                "no Access-Control-Allow-Origin",
                &reply,
            )
        },
    ),
    Case::app(
        "contract::cors::preflight_names_once_what_it_depends_on",
        &[&CORS_VARY_1],
        |server| {
            let reply = allowed(server, &preflight(server, "/access/cors", APP, "GET"))?;
            varies(&reply)
        },
    ),
    Case::app(
        "contract::cors::preflight_without_configuration_reaches_the_http_side",
        &[&CORS_PREFLIGHT_1, &HANDSHAKE_FALLTHROUGH_1],
        |server| {
            http_side(
                &mut server.connect()?,
                &preflight(server, "/access/plain", APP, "GET"),
            )
        },
    )
    .needing(Feature::HttpFallthrough)
    .hint(HTTP_SIDE),
    Case::app(
        "contract::cors::preflight_elsewhere_reaches_the_http_side",
        &[&CORS_PREFLIGHT_1, &HANDSHAKE_FALLTHROUGH_1],
        |server| {
            http_side(
                &mut server.connect()?,
                &preflight(server, "/no-such-endpoint", APP, "GET"),
            )
        },
    )
    .needing(Feature::HttpFallthrough)
    .hint(HTTP_SIDE),
    Case::app(
        "contract::cors::preflight_and_handshake_use_one_connection",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let mut peer = server.connect()?;
            let reply = peer.ask(&preflight(server, "/access/cors", APP, "GET"))?;
            reply.ok_or_else(|| Failure::new("an answer", "TCP closed"))?;
            peer.upgrade(&handshake(server, "/access/cors", APP))?;
            peer.close()
        },
    ),
    Case::app(
        "contract::cors::switching_names_what_the_page_may_know",
        &[&CORS_RESPONSE_1],
        |server| {
            let (peer, reply) = server.accept(&handshake(server, "/access/cors", APP))?;
            has(&reply, "access-control-allow-origin", APP)?;
            has(&reply, "access-control-allow-credentials", "true")?;
            has(&reply, "access-control-expose-headers", "x-three")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::cors::switching_names_once_what_it_depends_on",
        &[&CORS_VARY_1],
        |server| {
            let (peer, reply) = server.accept(&handshake(server, "/access/cors", APP))?;
            varies(&reply)?;
            peer.close()
        },
    ),
    Case::app(
        "contract::cors::handshake_of_a_foreign_origin_is_403",
        &[&CORS_RESPONSE_1, &HANDSHAKE_ORIGIN_2],
        |server| {
            server
                .refuse_with(
                    &handshake(server, "/access/cors", "https://evil.example"),
                    &[403],
                )
                .map(drop)
        },
    ),
    Case::app(
        "contract::cors::own_origin_is_accepted_where_a_configuration_applies",
        &[&CORS_RESPONSE_1],
        |server| {
            let own = format!("http://{}", server.host());
            let (peer, reply) = server.accept(&handshake(server, "/access/cors", &own))?;
            ensure(
                reply.header("access-control-allow-origin").is_none(),
                "no Access-Control-Allow-Origin",
                &reply,
            )?;
            peer.close()
        },
    )
    .hint("a page of the server itself asks for nothing"),
    Case::app(
        "contract::cors::any_origin_is_answered_with_an_asterisk",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let reply = allowed(
                server,
                &preflight(server, "/access/public", "https://anyone.example", "GET"),
            )?;
            has(&reply, "access-control-allow-origin", "*")?;
            ensure(
                reply.header("access-control-allow-credentials").is_none(),
                "no credentials",
                &reply,
            )
        },
    ),
    Case::app(
        "contract::cors::any_page_may_connect_where_any_origin_is_allowed",
        &[&CORS_WEBSOCKET_1],
        |server| {
            let (peer, _) = server.accept(&handshake(
                server,
                "/access/public",
                "https://anyone.example",
            ))?;
            peer.close()
        },
    ),
    Case::app(
        "contract::cors::private_network_is_allowed_where_it_is_set",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let request = preflight(server, "/access/private", APP, "GET")
                .and("Access-Control-Request-Private-Network", "true");
            has(
                &allowed(server, &request)?,
                "access-control-allow-private-network",
                "true",
            )
        },
    ),
    Case::app(
        "contract::cors::private_network_is_not_spoken_of_elsewhere",
        &[&CORS_PREFLIGHT_1],
        |server| {
            let request = preflight(server, "/access/cors", APP, "GET")
                .and("Access-Control-Request-Private-Network", "true");
            let reply = allowed(server, &request)?;
            ensure(
                reply
                    .header("access-control-allow-private-network")
                    .is_none(),
                "no private network",
                &reply,
            )
        },
    ),
    Case::app(
        "contract::cors::origins_of_mapping_and_handler_are_let_in",
        &[&CORS_COMBINE_1],
        |server| {
            for origin in [APP, "https://own.example"] {
                let (peer, reply) =
                    server.accept(&handshake(server, "/access/combined", origin))?;
                has(&reply, "access-control-allow-origin", origin)?;
                peer.close()?;
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::cors::single_values_are_the_handlers",
        &[&CORS_COMBINE_3],
        |server| {
            let reply = allowed(server, &preflight(server, "/access/combined", APP, "GET"))?;
            has(&reply, "access-control-max-age", "5")?;
            has(&reply, "access-control-allow-credentials", "true")
        },
    ),
];

fn preflight(server: &Server, path: &str, origin: &str, method: &str) -> Request {
    server
        .get(path)
        .method("OPTIONS")
        .and("Origin", origin)
        .and("Access-Control-Request-Method", method)
}

fn handshake(server: &Server, path: &str, origin: &str) -> Request {
    server.upgrade_to(path).and("Origin", origin)
}

/// The preflight request is answered with 204: refused by nobody.
fn allowed(server: &Server, request: &Request) -> Verdict<Reply> {
    server.refuse_with(request, &[204])
}

fn forbidden(server: &Server, request: &Request) -> Verdict {
    let reply = server.refuse_with(request, &[403])?;
    ensure(
        reply.header("access-control-allow-origin").is_none(),
        "no Access-Control-Allow-Origin",
        &reply,
    )
}

fn has(reply: &Reply, name: &str, value: &str) -> Verdict {
    let all: Vec<_> = reply.all(name).collect();
    ensure(all == [value], format!("{name}: {value}"), reply)
}

/// `Vary` has the three names, each once.
fn varies(reply: &Reply) -> Verdict {
    let mut names: Vec<_> = reply
        .all("vary")
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    names.sort();
    let expected = [
        "access-control-request-headers",
        "access-control-request-method",
        "origin",
    ];
    ensure(
        names == expected,
        "Vary with Origin and what was asked for, each once",
        reply,
    )
}
