//! How many sessions an endpoint may have. Each case has an endpoint of its own, with room for two.

use std::net::Ipv4Addr;

use crate::{
    Case,
    case::{Verdict, ensure},
    contract::{MOST, PROXY},
    requirements::*,
    wire::{Frame, Peer, Request, Server},
};

const HINT: &str =
    "the proxy's address is 127.0.0.2: a system that has no such address cannot run this case";

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::admission::one_session_more_gets_503",
        &[&LIMITS_SESSIONS_1, &L10],
        |server| {
            let _sessions = fill(server, "/few/0")?;
            let request = server.upgrade_to("/few/0");
            let reply = server.refuse_with(&request, &[503])?;
            ensure(!reply.holds("few"), "nothing of the request", &reply)
        },
    ),
    Case::app(
        "contract::admission::place_of_a_session_that_ended_is_free",
        &[&LIMITS_SESSIONS_3],
        |server| {
            let [first, second] = fill(server, "/few/1")?;
            first.close()?;
            let third = accepted_at_last(server, "/few/1")?;
            second.reset();
            let fourth = accepted_at_last(server, "/few/1")?;
            server.refuse_with(&server.upgrade_to("/few/1"), &[503])?;
            third.close()?;
            fourth.close()
        },
    ),
    Case::app(
        "contract::admission::refused_handshake_takes_no_place",
        &[&LIMITS_SESSIONS_1],
        |server| {
            for _ in 0..2 * MOST {
                let request = server
                    .upgrade_to("/few/2")
                    .with("Origin", "https://evil.example");
                server.refuse_with(&request, &[403])?;
            }
            fill(server, "/few/2").map(drop)
        },
    ),
    Case::app(
        "contract::admission::what_is_wrong_is_told_though_there_is_no_place",
        &[&LIMITS_SESSIONS_1],
        |server| {
            let _sessions = fill(server, "/few/3")?;
            let request = server
                .upgrade_to("/few/3")
                .with("Sec-WebSocket-Version", "12");
            server.refuse_with(&request, &[426]).map(drop)
        },
    ),
    Case::app(
        "contract::admission::many_at_once_are_no_more_than_one_by_one",
        &[&LIMITS_SESSIONS_1],
        |server| {
            let request = server.upgrade_to("/few/4");
            let mut peers = Vec::new();
            for _ in 0..20 {
                let mut peer = server.connect()?;
                peer.write(&request.encode());
                peers.push(peer);
            }
            let mut accepted = 0;
            for peer in &mut peers {
                let reply = peer.reply()?;
                accepted += usize::from(reply.is_some_and(|reply| reply.status == 101));
            }
            ensure(accepted == MOST, format!("{MOST} sessions"), accepted)
        },
    ),
    Case::app(
        "contract::admission::place_of_a_peer_that_vanished_is_free",
        &[&LIMITS_SESSIONS_3],
        |server| {
            for _ in 0..5 * MOST {
                accepted_at_last(server, "/few/5")?.reset();
            }
            let [first, second] = [
                accepted_at_last(server, "/few/5")?,
                accepted_at_last(server, "/few/5")?,
            ];
            first.close()?;
            second.close()
        },
    ),
    Case::app(
        "contract::admission::one_session_more_from_an_address_gets_429",
        &[&LIMITS_SESSIONS_2, &L10],
        |server| {
            let [first, _second] = fill(server, "/few-each/0")?;
            server.refuse_with(&server.upgrade_to("/few-each/0"), &[429])?;
            first.close()?;
            accepted_at_last(server, "/few-each/0").map(drop)
        },
    ),
    Case::app(
        "contract::admission::another_address_has_places_of_its_own",
        &[&LIMITS_SESSIONS_2],
        |server| {
            let _sessions = fill(server, "/few-each/1")?;
            let _others = [
                behind_proxy(server, "/few-each/1", "192.0.2.1", 101)?,
                behind_proxy(server, "/few-each/1", "192.0.2.2", 101)?,
                behind_proxy(server, "/few-each/1", "192.0.2.2", 101)?,
            ];
            server
                .refuse_with(&server.upgrade_to("/few-each/1"), &[429])
                .map(drop)
        },
    )
    .hint(HINT),
    Case::app(
        "contract::admission::address_is_the_clients_behind_a_trusted_proxy",
        &[&LIMITS_SESSIONS_2],
        |server| {
            let _sessions = [
                behind_proxy(server, "/few-each/2", "192.0.2.1", 101)?,
                behind_proxy(server, "/few-each/2", "192.0.2.1", 101)?,
            ];
            behind_proxy(server, "/few-each/2", "192.0.2.1", 429)?;
            behind_proxy(server, "/few-each/2", "192.0.2.2", 101).map(drop)
        },
    )
    .hint(HINT),
    Case::app(
        "contract::admission::addresses_of_one_network_are_one_client",
        &[&LIMITS_SESSIONS_4],
        |server| {
            let from = |client, status| behind_proxy(server, "/few-each/3", client, status);
            let _sessions = [
                from("2001:db8:1:2::1", 101)?,
                from("2001:db8:1:2:ffff::2", 101)?,
                from("2001:db8:1:3::1", 101)?,
            ];
            from("2001:db8:1:2:3:4:5:6", 429).map(drop)
        },
    )
    .hint(HINT),
    Case::app(
        "contract::admission::ipv4_address_in_the_form_of_ipv6_is_that_address",
        &[&LIMITS_SESSIONS_4],
        |server| {
            let from = |client, status| behind_proxy(server, "/few-each/4", client, status);
            let _sessions = [
                from("192.0.2.1", 101)?,
                from("::ffff:192.0.2.1", 101)?,
                from("::ffff:192.0.2.2", 101)?,
            ];
            from("::ffff:192.0.2.1", 429).map(drop)
        },
    )
    .hint(HINT),
];

/// Takes every place, and shows that each is one of a session that works.
fn fill(server: &Server, path: &str) -> Verdict<[Peer; MOST]> {
    let mut peers = [server.open(path)?, server.open(path)?];
    for peer in &mut peers {
        peer.send(&Frame::text("hello"));
        peer.expect_text("hello")?;
    }
    Ok(peers)
}

/// A place becomes free a moment after what a peer sees of the end.
fn accepted_at_last(server: &Server, path: &str) -> Verdict<Peer> {
    let request = server.upgrade_to(path);
    server.until(|| {
        let mut peer = server.connect()?;
        let reply = peer.ask(&request)?;
        Ok(reply
            .is_some_and(|reply| reply.status == 101)
            .then_some(peer))
    })
}

fn behind_proxy(server: &Server, path: &str, client: &str, status: u16) -> Verdict<Peer> {
    let proxy: Ipv4Addr = PROXY.parse().expect("an address");
    let request: Request = server.upgrade_to(path).and("X-Forwarded-For", client);
    let mut peer = server.connect_from(proxy)?;
    let reply = peer.ask(&request)?;
    let seen = reply.as_ref().map(|reply| reply.status);
    ensure(
        seen == Some(status),
        format!("HTTP {status}"),
        format!("{reply:?}"),
    )?;
    Ok(peer)
}
