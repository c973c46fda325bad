//! What a proxy in front says of the client. The app trusts one that connects from 127.0.0.2.

use std::net::Ipv4Addr;

use super::answers;
use crate::{
    Case,
    case::{Failure, Verdict},
    contract::PROXY,
    requirements::*,
    wire::{Peer, Request, Server},
};

const HINT: &str =
    "the proxy's address is 127.0.0.2: a system that has no such address cannot run this case";

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::forwarded::claims_of_a_stranger_are_403",
        &[&FORWARDED_TRUST_1],
        |server| server.refuse_with(&public(server), &[403]).map(drop),
    ),
    Case::app(
        "contract::forwarded::client_that_claims_to_be_another_is_seen_as_it_is",
        &[&FORWARDED_TRUST_1],
        |server| {
            let request = server
                .upgrade_to("/access/plain")
                .and("X-Forwarded-For", "192.0.2.1")
                .and("X-Forwarded-Proto", "https");
            let (mut peer, _) = server.accept(&request)?;
            let own = peer.local_address()?.to_string();
            answers(&mut peer, &[("remote", &own), ("secure", "none")])?;
            peer.close()
        },
    ),
    Case::app(
        "contract::forwarded::page_behind_a_trusted_proxy_is_let_in",
        &[&FORWARDED_TRUST_1],
        |server| {
            let mut peer = from_proxy(server)?;
            peer.upgrade(&public(server))?;
            peer.close()
        },
    )
    .hint(HINT),
    Case::app(
        "contract::forwarded::inner_origin_behind_a_trusted_proxy_is_403",
        &[&FORWARDED_TRUST_1],
        |server| {
            let inner = format!("http://{}", server.host());
            let request = public(server).with("Origin", inner);
            refused_behind_proxy(server, &request)
        },
    )
    .hint(HINT),
    Case::app(
        "contract::forwarded::client_behind_a_trusted_proxy_is_seen",
        &[&FORWARDED_TRUST_1],
        |server| {
            let mut peer = from_proxy(server)?;
            peer.upgrade(&public(server).and("X-Forwarded-For", "192.0.2.1"))?;
            answers(&mut peer, &[("remote", "192.0.2.1:0"), ("secure", "yes")])?;
            peer.close()
        },
    )
    .hint(HINT),
    Case::app(
        "contract::forwarded::claim_in_front_of_the_last_proxy_is_ignored",
        &[&FORWARDED_TRUST_2],
        |server| {
            let mut peer = from_proxy(server)?;
            peer.upgrade(&public(server).and("X-Forwarded-For", "192.0.2.9, 192.0.2.1"))?;
            answers(&mut peer, &[("remote", "192.0.2.1:0")])?;
            peer.close()
        },
    )
    .hint(HINT),
    Case::app(
        "contract::forwarded::junk_in_front_of_the_last_proxy_is_ignored",
        &[&FORWARDED_PARSE_1, &FORWARDED_TRUST_2],
        |server| {
            let mut peer = from_proxy(server)?;
            peer.upgrade(&public(server).and("X-Forwarded-For", "\u{e9}, 192.0.2.1"))?;
            answers(&mut peer, &[("remote", "192.0.2.1:0"), ("secure", "yes")])?;
            peer.close()
        },
    )
    .hint("read the values from the last one: a client sends what stands before"),
    Case::app(
        "contract::forwarded::malformed_host_is_ignored",
        &[&FORWARDED_PARSE_1],
        |server| {
            let own = format!("http://{}", server.host());
            let request = server
                .upgrade_to("/access/plain")
                .and("Origin", own)
                .and("X-Forwarded-Host", "a b@evil.example");
            let mut peer = from_proxy(server)?;
            peer.upgrade(&request)?;
            peer.close()
        },
    )
    .hint(HINT),
    Case::app(
        "contract::forwarded::header_that_is_not_set_up_is_403",
        &[&FORWARDED_TRUST_1],
        |server| {
            let request = server
                .upgrade_to("/access/plain")
                .and("Origin", "https://public.example")
                .and("Forwarded", "for=192.0.2.1;proto=https;host=public.example");
            refused_behind_proxy(server, &request)
        },
    )
    .hint(HINT),
];

/// A handshake of a page of public.example, as a proxy hands it on.
fn public(server: &Server) -> Request {
    server
        .upgrade_to("/access/plain")
        .and("Origin", "https://public.example")
        .and("X-Forwarded-Proto", "https")
        .and("X-Forwarded-Host", "public.example")
}

fn from_proxy(server: &Server) -> Verdict<Peer> {
    let proxy: Ipv4Addr = PROXY.parse().expect("an address");
    server.connect_from(proxy)
}

fn refused_behind_proxy(server: &Server, request: &Request) -> Verdict {
    match from_proxy(server)?.ask(request)? {
        Some(reply) if reply.status == 403 => Ok(()),
        Some(reply) => Err(Failure::new("HTTP 403", reply)),
        None => Err(Failure::new("HTTP 403", "TCP closed")),
    }
}
