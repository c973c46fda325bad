//! Answers that switch nothing.

use std::time::Duration;

use crate::{
    ClientCase,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Answer, Client, settings},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::s4_1::status_200_does_not_switch",
        &[&C11],
        |client| refuses(client, 200, "200 OK"),
    ),
    ClientCase::new(
        "client::s4_1::status_202_does_not_switch",
        &[&C11],
        |client| refuses(client, 202, "202 Accepted"),
    ),
    ClientCase::new(
        "client::s4_1::status_301_does_not_switch",
        &[&C11],
        |client| refuses(client, 301, "301 Moved Permanently"),
    ),
    ClientCase::new(
        "client::s4_1::status_401_does_not_switch",
        &[&C11],
        |client| refuses(client, 401, "401 Unauthorized"),
    ),
    ClientCase::new(
        "client::s4_1::status_403_does_not_switch",
        &[&C11],
        |client| refuses(client, 403, "403 Forbidden"),
    ),
    ClientCase::new(
        "client::s4_1::status_426_does_not_switch",
        &[&C11],
        |client| refuses(client, 426, "426 Upgrade Required"),
    ),
    ClientCase::new(
        "client::s4_1::status_500_does_not_switch",
        &[&C11],
        |client| refuses(client, 500, "500 Internal Server Error"),
    ),
    ClientCase::new(
        "client::s4_1::status_503_does_not_switch",
        &[&C11],
        |client| refuses(client, 503, "503 Service Unavailable"),
    ),
    ClientCase::new(
        "client::s4_1::status_204_is_told_at_once",
        &[&C34, &C11],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.answer(&Answer::status("204 No Content"));
            call.expect_refusal(204)?;
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::s4_1::refusal_is_told_with_headers_and_body",
        &[&C11],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            let answer = Answer::status("401 Unauthorized").and("WWW-Authenticate", "Bearer");
            peer.answer(
                &answer
                    .and("X-A", "1")
                    .and("X-A", "2")
                    .whole_body("who are you?"),
            );
            let answer = call.expect_refusal(401)?;
            let seen = format!("{answer:?}");
            let challenge = answer.headers().get("www-authenticate");
            ensure(
                challenge.is_some_and(|it| it == "Bearer"),
                "WWW-Authenticate: Bearer",
                &seen,
            )?;
            let lines = answer.headers().get_all("x-a").iter().count();
            ensure(lines == 2, "X-A on two lines", &seen)?;
            ensure(answer.body() == "who are you?", "the whole body", seen)
        },
    ),
    ClientCase::new(
        "client::s4_1::chunked_body_of_a_refusal_is_joined",
        &[&C11],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            let answer = Answer::status("503 Later").and("Transfer-Encoding", "chunked");
            peer.answer(&answer.body("5\r\nhello\r\n6;a=b\r\n again\r\n0\r\n\r\n"));
            let answer = call.expect_refusal(503)?;
            ensure(
                answer.body() == "hello again",
                "hello again",
                format_args!("{answer:?}"),
            )
        },
    ),
    ClientCase::new(
        "client::s4_1::body_of_a_refusal_may_end_with_the_connection",
        &[&C11],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.answer(&Answer::status("404 Not Found").body("nothing here"));
            peer.finish();
            let answer = call.expect_refusal(404)?;
            ensure(
                answer.body() == "nothing here",
                "nothing here",
                format_args!("{answer:?}"),
            )
        },
    ),
    ClientCase::new(
        "client::s4_1::status_of_a_refusal_with_a_wrong_length_is_told",
        &[&C11],
        |client| {
            for length in ["abc", "-1", "", "2, 3", "99999999999999999999999"] {
                let (call, mut peer, _) = client.ask("/")?;
                let answer = Answer::status("401 Unauthorized").and("WWW-Authenticate", "Bearer");
                peer.answer(&answer.and("Content-Length", length).body("who are you?"));
                peer.finish();
                let answer = call.expect_refusal(401)?;
                let challenge = answer.headers().get("www-authenticate");
                ensure(
                    challenge.is_some_and(|it| it == "Bearer"),
                    "WWW-Authenticate: Bearer",
                    format_args!("{answer:?}"),
                )?;
            }
            Ok(())
        },
    ),
    ClientCase::new(
        "client::s4_1::body_of_a_refusal_in_another_coding_is_kept_as_it_is",
        &[&C11],
        |client| {
            for coding in ["xchunked", "chunked, gzip"] {
                let (call, mut peer, _) = client.ask("/")?;
                let answer = Answer::status("401 Unauthorized").and("Transfer-Encoding", coding);
                peer.answer(&answer.body("5\r\nhello\r\n"));
                peer.finish();
                let answer = call.expect_refusal(401)?;
                ensure(
                    answer.body() == "5\r\nhello\r\n",
                    "the body as it came",
                    format_args!("{answer:?}"),
                )?;
            }
            Ok(())
        },
    ),
    ClientCase::new(
        "client::s4_1::body_of_a_refusal_is_cut_at_64_kib",
        &[&C11],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            let body = vec![b'x'; (64 << 10) + 5000];
            peer.answer(&Answer::status("500 Oh").whole_body(&body));
            let len = call.expect_refusal(500)?.body().len();
            ensure(
                len == 64 << 10,
                "64 KiB of the body",
                format_args!("{len} bytes"),
            )
        },
    ),
    ClientCase::new(
        "client::s4_1::endless_body_of_a_refusal_is_cut",
        &[&C11],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.answer(&Answer::status("500 Oh"));
            let body = vec![b'x'; 64 << 10];
            peer.flood(&body, 64 << 20);
            let len = call.expect_refusal(500)?.body().len();
            ensure(
                len == 64 << 10,
                "64 KiB of the body",
                format_args!("{len} bytes"),
            )
        },
    ),
    ClientCase::new(
        "client::s4_1::body_without_an_end_is_cut_at_the_deadline",
        &[&C11, &CLIENT_TIMEOUT_1],
        |client| {
            let hasty = settings(|it| it.with_handshake_timeout(Duration::from_millis(150)));
            let (call, mut peer, _) = client.ask_with("/", |it| Ok(it.with_settings(hasty)))?;
            peer.answer(
                &Answer::status("403 No")
                    .and("Content-Length", "100")
                    .body("a part"),
            );
            let answer = call.expect_refusal(403)?;
            ensure(
                answer.body() == "a part",
                "what came of the body",
                format_args!("{answer:?}"),
            )
        },
    ),
];

/// An answer of this status is told, also when all its headers are those of a switch.
fn refuses(client: &Client<'_>, status: u16, line: &str) -> Verdict {
    let (call, mut peer, asked) = client.ask("/")?;
    let line = format!("HTTP/1.1 {line}");
    peer.answer(&Answer::switching(&asked).first_line(&line).whole_body("no"));
    call.expect_refusal(status)?;
    peer.expect_end_unasked()
}
