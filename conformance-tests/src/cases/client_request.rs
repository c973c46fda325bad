//! What a client asks (RFC 6455 sections 3 and 4.1).

use std::{collections::HashSet, net::Ipv6Addr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use switchwire_core::WebSocketSession;

use crate::{
    ClientCase,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Answer, Client, Frame},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::s4_1::request_is_a_get_of_http_1_1",
        &[&C1],
        |client| {
            let (_call, mut peer, asked) = client.ask("/chat")?;
            let expected = "GET /chat HTTP/1.1";
            ensure(asked.first_line == expected, expected, &asked)?;
            ensure(asked.malformed.is_empty(), "header lines", &asked)?;
            peer.expect_silence()
        },
    ),
    ClientCase::new("client::s4_1::request_has_no_body", &[&C1], |client| {
        let (_call, _peer, asked) = client.ask("/chat")?;
        let bodies = ["content-length", "transfer-encoding"];
        let has_body = bodies.iter().any(|name| asked.header(name).is_some());
        ensure(
            !has_body,
            "neither Content-Length nor Transfer-Encoding",
            &asked,
        )
    }),
    ClientCase::new("client::s4_1::host_has_the_port", &[&C2], |client| {
        let mut listener = client.listen()?;
        let _call = client.connect(listener.request("/")?);
        let (_peer, asked) = listener.asked()?;
        let expected = listener.address().to_string();
        ensure(
            asked.all("host") == [&*expected],
            format!("Host: {expected}"),
            &asked,
        )
    }),
    ClientCase::new(
        "client::s4_1::ipv6_host_stands_in_brackets",
        &[&C2],
        |client| {
            let mut listener = client.listen_on(Ipv6Addr::LOCALHOST, 16)?;
            let _call = client.connect(listener.request("/")?);
            let (_peer, asked) = listener.asked()?;
            let expected = listener.address().to_string();
            ensure(
                asked.all("host") == [&*expected],
                format!("Host: {expected}"),
                &asked,
            )
        },
    ),
    ClientCase::new(
        "client::s4_1::host_of_the_application_is_sent_alone",
        &[&C2],
        |client| {
            let host = "example.com";
            let (_call, _peer, asked) = client.ask_with("/", |it| it.with_header("host", host))?;
            ensure(
                asked.all("host") == [host],
                "Host: example.com, once",
                &asked,
            )
        },
    ),
    ClientCase::new("client::s4_1::request_names_websocket", &[&C3], |client| {
        let (_call, _peer, asked) = client.ask("/")?;
        let upgrade = asked.list("upgrade");
        let named = upgrade
            .iter()
            .any(|it| it.eq_ignore_ascii_case("websocket"));
        ensure(named, "Upgrade: websocket", &asked)
    }),
    ClientCase::new("client::s4_1::request_names_upgrade", &[&C3], |client| {
        let (_call, _peer, asked) = client.ask("/")?;
        let options = asked.list("connection");
        let named = options.iter().any(|it| it.eq_ignore_ascii_case("upgrade"));
        ensure(named, "Connection: Upgrade", &asked)
    }),
    ClientCase::new(
        "client::s4_1::key_is_16_bytes_in_base64",
        &[&C4],
        |client| {
            let (_call, _peer, asked) = client.ask("/")?;
            let keys = asked.all("sec-websocket-key");
            let is_key = |key: &&str| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
            let fits = keys.len() == 1 && keys.iter().all(is_key);
            ensure(fits, "one key of 16 bytes in base64", &asked)
        },
    ),
    ClientCase::new(
        "client::s4_1::every_handshake_has_its_own_key",
        &[&C4],
        |client| {
            let mut listener = client.listen()?;
            let mut keys = HashSet::new();
            for _ in 0..20 {
                let _call = client.connect(listener.request("/")?);
                let (_peer, asked) = listener.asked()?;
                let key = asked.header("sec-websocket-key").unwrap_or_default();
                ensure(
                    keys.insert(key.to_owned()),
                    "another key than before",
                    &asked,
                )?;
            }
            Ok(())
        },
    ),
    ClientCase::new(
        "client::s4_1::version_is_13_and_there_once",
        &[&C5],
        |client| {
            let (_call, _peer, asked) = client.ask("/")?;
            let expected = "Sec-WebSocket-Version: 13, once";
            ensure(
                asked.all("sec-websocket-version") == ["13"],
                expected,
                &asked,
            )
        },
    ),
    ClientCase::new(
        "client::s3::empty_path_is_sent_as_a_slash",
        &[&C7],
        |client| asks_for(client, "", "/"),
    ),
    ClientCase::new(
        "client::s3::query_behind_an_empty_path_follows_a_slash",
        &[&C7],
        |client| asks_for(client, "?a=b", "/?a=b"),
    ),
    ClientCase::new(
        "client::s3::target_is_sent_as_it_was_given",
        &[&C7],
        |client| {
            let target = "/a%2Fb/%C3%A9;v=1//c%20d?x=%2F&y=+&z=a/b?c";
            asks_for(client, target, target)
        },
    ),
    ClientCase::new(
        "client::contract::headers_are_sent_as_often_as_they_were_set",
        &[&CLIENT_REQUEST_1],
        |client| {
            let (_call, _peer, asked) = client.ask_with("/", |it| {
                it.with_header("x-one", "1")?
                    .with_header("x-two", "a")?
                    .with_header("x-two", "b")
            })?;
            ensure(asked.all("x-one") == ["1"], "x-one: 1", &asked)?;
            ensure(
                asked.list("x-two") == ["a", "b"],
                "x-two: a and x-two: b",
                &asked,
            )
        },
    ),
    ClientCase::new(
        "client::contract::cookies_are_sent_in_one_line",
        &[&CLIENT_REQUEST_1],
        |client| {
            let (_call, _peer, asked) =
                client.ask_with("/", |it| it.with_cookie("a", "1")?.with_cookie("b", "2"))?;
            ensure(
                asked.all("cookie") == ["a=1; b=2"],
                "Cookie: a=1; b=2",
                &asked,
            )
        },
    ),
    ClientCase::new("client::s4_1::no_extension_is_offered", &[&C15], |client| {
        let (_call, _peer, asked) = client.ask("/")?;
        let none = asked.header("sec-websocket-extensions").is_none();
        ensure(none, "no Sec-WebSocket-Extensions", &asked)
    }),
    ClientCase::new(
        "client::s4_1::nothing_is_sent_before_the_answer",
        &[&C18],
        |client| {
            let mut listener = client.listen()?;
            let handler = |session: WebSocketSession| async move {
                session.send("at once").await?;
                session.closed().await;
                Ok(())
            };
            let _call = client.execute(listener.request("/")?, handler);
            let (mut peer, asked) = listener.asked()?;
            peer.expect_silence()?;
            peer.answer(&Answer::switching(&asked));
            peer.expect_text("at once")?;
            peer.send(&Frame::close(1000, ""));
            peer.expect_close_answer(1000)
        },
    ),
];

/// The request for this part of a URL names this target.
fn asks_for(client: &Client<'_>, path: &str, target: &str) -> Verdict {
    let (_call, _peer, asked) = client.ask(path)?;
    ensure(asked.target() == target, target.to_owned(), &asked)
}
