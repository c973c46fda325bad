//! Interceptors of the opening handshake.

use super::{accepted, answers, asked};
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::Server,
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::interceptors::they_run_in_order",
        &[&INTERCEPTOR_BEFORE_1],
        |server| {
            let mut journal = server.journal()?;
            let (peer, _) = server.accept(&server.upgrade_to(&journal.path_to("/access/noted")))?;
            journal.expect_all(&["before service", "before first", "before second"])?;
            peer.close()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::interceptors::they_see_the_outcome_in_reverse",
        &[&INTERCEPTOR_AFTER_1],
        |server| {
            let mut journal = server.journal()?;
            let (peer, _) = server.accept(&server.upgrade_to(&journal.path_to("/access/noted")))?;
            (0..3).try_for_each(|_| journal.next().map(drop))?;
            journal.expect_all(&[
                "after second: 101",
                "after first: 101",
                "after service: 101",
            ])?;
            journal.expect_nothing()?;
            peer.close()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::interceptors::those_behind_one_that_refuses_do_not_run",
        &[&INTERCEPTOR_BEFORE_3],
        |server| {
            let mut journal = server.journal()?;
            let request = server
                .upgrade_to(&journal.path_to("/access/noted"))
                .and("X-Refuse", "first");
            server.refuse_with(&request, &[401])?;
            journal.expect_all(&["before service", "before first", "after service: 401"])?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::interceptors::refusal_has_its_own_status_headers_and_body",
        &[&INTERCEPTOR_BEFORE_3],
        |server| {
            let request = server.upgrade_to("/access/noted").and("X-Refuse", "second");
            let reply = server.refuse_with(&request, &[401])?;
            ensure(
                reply.header("www-authenticate") == Some("Bearer"),
                "WWW-Authenticate: Bearer",
                &reply,
            )?;
            ensure(
                reply.body == "who are you?\n",
                "the body of the refusal",
                &reply,
            )
        },
    ),
    Case::app(
        "contract::interceptors::wrong_handshake_reaches_none",
        &[&INTERCEPTOR_BEFORE_1],
        |server| {
            let mut journal = server.journal()?;
            let request = server.upgrade_to(&journal.path_to("/access/noted"));
            server.refuse_with(&request.clone().without("Sec-WebSocket-Key"), &[400])?;
            server.refuse_with(&request.with("Sec-WebSocket-Version", "8"), &[426])?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::interceptors::what_they_add_reaches_the_session",
        &[&INTERCEPTOR_BEFORE_2],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/adds"),
                &[
                    ("principal", "alice"),
                    ("attribute colour", "blue"),
                    ("attribute shape", "none"),
                ],
            )
        },
    ),
    Case::app(
        "contract::interceptors::headers_of_the_application_set_by_them_reach_the_answer",
        &[&INTERCEPTOR_BEFORE_2, &HANDSHAKE_RESPONSE_1],
        |server| {
            let (peer, reply) = server.accept(&server.upgrade_to("/access/adds"))?;
            ensure(
                reply.header("set-cookie") == Some("seen=yes"),
                "Set-Cookie: seen=yes",
                &reply,
            )?;
            ensure(
                reply.header("x-interceptor") == Some("adds"),
                "X-Interceptor: adds",
                &reply,
            )?;
            peer.close()
        },
    ),
    Case::app(
        "contract::interceptors::one_that_panics_is_answered_with_500",
        &[&INTERCEPTOR_BEFORE_4],
        |server| survives(server, "/access/panics", 500),
    ),
    Case::app(
        "contract::interceptors::one_that_takes_too_long_is_answered_with_503",
        &[&INTERCEPTOR_BEFORE_4, &HANDSHAKE_TIMEOUT_1],
        |server| survives(server, "/access/slow", 503),
    ),
    Case::app(
        "contract::interceptors::they_are_told_that_there_is_no_place",
        &[&INTERCEPTOR_AFTER_2, &LIMITS_SESSIONS_1],
        |server| {
            let mut journal = server.journal()?;
            let path = "/access/noted-few";
            let _sessions = [server.open(path)?, server.open(path)?];
            server.refuse_with(&server.upgrade_to(&journal.path_to(path)), &[503])?;
            journal.expect_all(&["before first", "before second"])?;
            journal.expect_all(&["after second: 503", "after first: 503"])?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::interceptors::they_are_told_that_one_behind_them_took_too_long",
        &[&INTERCEPTOR_AFTER_2, &HANDSHAKE_TIMEOUT_1],
        |server| told(server, "/access/noted-slow", 503),
    ),
    Case::app(
        "contract::interceptors::they_are_told_that_one_behind_them_panicked",
        &[&INTERCEPTOR_AFTER_2],
        |server| told(server, "/access/noted-panics", 500),
    ),
    Case::app(
        "contract::interceptors::failure_afterwards_changes_nothing",
        &[&INTERCEPTOR_AFTER_3],
        |server| {
            let mut journal = server.journal()?;
            let path = journal.path_to("/access/panics-after");
            asked(server, &server.upgrade_to(&path), &[("principal", "none")])?;
            journal.expect_all(&["before first", "after first: 101"])?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::interceptors::delay_afterwards_changes_nothing",
        &[&INTERCEPTOR_AFTER_3],
        |server| {
            let request = server.upgrade_to("/access/slow-after");
            asked(server, &request, &[("principal", "none")])
        },
    ),
    Case::app(
        "contract::interceptors::nobody_is_known_where_none_says_so",
        &[&INTERCEPTOR_BEFORE_2],
        |server| {
            let (mut peer, _) = server.accept(&server.upgrade_to("/access/plain"))?;
            answers(
                &mut peer,
                &[("principal", "none"), ("attribute colour", "none")],
            )?;
            peer.close()
        },
    ),
];

/// The handshake is refused with this status, and the server goes on.
fn survives(server: &Server, path: &str, status: u16) -> Verdict {
    server.refuse_with(&server.upgrade_to(path), &[status])?;
    accepted(server, &server.upgrade())
}

/// The handshake is refused with this status, and the first interceptor is told so.
fn told(server: &Server, path: &str, status: u16) -> Verdict {
    let mut journal = server.journal()?;
    server.refuse_with(&server.upgrade_to(&journal.path_to(path)), &[status])?;
    journal.expect_all(&["before first", &format!("after first: {status}")])?;
    journal.close();
    Ok(())
}
