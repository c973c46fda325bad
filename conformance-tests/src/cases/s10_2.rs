//! Origins (RFC 6455 section 10.2).

use crate::{
    Case,
    case::Verdict,
    requirements::*,
    wire::{Request, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "rfc6455::s10_2::foreign_origin_is_403",
        &[&H35, &HANDSHAKE_ORIGIN_1],
        |server| {
            server
                .refuse_with(
                    &server.upgrade().and("Origin", "https://evil.example"),
                    &[403],
                )
                .map(drop)
        },
    ),
    Case::app(
        "rfc6455::s10_2::own_origin_is_accepted",
        &[&H36, &HANDSHAKE_ORIGIN_1],
        |server| {
            accepted_from(
                server,
                server.upgrade(),
                &format!("http://{}", server.host()),
            )
        },
    ),
    Case::app(
        "rfc6455::s10_2::own_origin_in_other_case_is_accepted",
        &[&H36],
        |server| {
            let request = server.upgrade().with("Host", "good.example");
            accepted_from(server, request, "HTTP://GOOD.Example")
        },
    ),
    Case::app(
        "rfc6455::s10_2::own_origin_with_the_default_port_is_accepted",
        &[&H36],
        |server| {
            accepted_from(
                server,
                server.upgrade().with("Host", "good.example"),
                "http://good.example:80",
            )?;
            accepted_from(
                server,
                server.upgrade().with("Host", "good.example:80"),
                "http://good.example",
            )
        },
    ),
    Case::app(
        "rfc6455::s10_2::null_origin_is_403",
        &[&H36, &HANDSHAKE_ORIGIN_1],
        |server| refused_from(server, b"null"),
    ),
    Case::app("rfc6455::s10_2::empty_origin_is_403", &[&H36], |server| {
        refused_from(server, b"")
    }),
    Case::app(
        "rfc6455::s10_2::origin_of_a_longer_host_is_403",
        &[&H36],
        |server| refused_from(server, b"http://good.example.evil.com"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_of_a_host_with_a_prefix_is_403",
        &[&H36],
        |server| refused_from(server, b"http://evilgood.example"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_with_a_trailing_dot_is_403",
        &[&H36],
        |server| refused_from(server, b"http://good.example."),
    ),
    Case::app(
        "rfc6455::s10_2::origin_of_another_port_is_403",
        &[&H36],
        |server| refused_from(server, b"http://good.example:8443"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_of_another_scheme_is_403",
        &[&H36],
        |server| refused_from(server, b"https://good.example"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_with_user_information_is_403",
        &[&H36],
        |server| refused_from(server, b"http://good.example@evil.com"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_with_a_path_is_403",
        &[&H36],
        |server| refused_from(server, b"http://good.example/"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_of_a_file_is_403",
        &[&H36],
        |server| refused_from(server, b"file://"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_that_is_none_is_403",
        &[&H36],
        |server| refused_from(server, b"a b"),
    ),
    Case::app(
        "rfc6455::s10_2::origin_outside_ascii_is_403",
        &[&H36],
        |server| refused_from(server, b"http://b\xc3\xbccher.example"),
    ),
    Case::app("rfc6455::s10_2::two_origins_are_403", &[&H36], |server| {
        let request = server
            .upgrade()
            .with("Host", "good.example")
            .and("Origin", "http://good.example")
            .and("Origin", "http://evil.example");
        server.refuse_with(&request, &[403, 400]).map(drop)
    }),
];

fn accepted_from(server: &Server, request: Request, origin: &str) -> Verdict {
    let (peer, _) = server.accept(&request.and("Origin", origin))?;
    peer.close()
}

/// A server at good.example does not let this origin in.
fn refused_from(server: &Server, origin: &[u8]) -> Verdict {
    let request = server
        .upgrade()
        .with("Host", "good.example")
        .and("Origin", origin);
    server.refuse_with(&request, &[403]).map(drop)
}
