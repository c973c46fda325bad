//! The end of all sessions. Each case has a server of its own, and one beside it that ends the first one's sessions.

use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Peer, Server},
};

/// Longer than any case, and no time at all.
pub(super) const LONG: u32 = 3_600_000;
pub(super) const SHORT: u32 = 100;

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::shutdown::every_session_gets_1001",
        &[&SESSION_SHUTDOWN_1, &K26],
        |server| {
            let mut peers = [
                server.open_echo()?,
                server.open("/never-reads")?,
                server.open_echo()?,
            ];
            peers[1].expect_text("not reading")?;
            let mut shutdown = begin(server, LONG)?;
            for peer in &mut peers {
                let reason = peer.expect_close(1001)?;
                ensure(reason.is_empty(), "no reason", reason)?;
            }
            drop(peers);
            shutdown.expect_text("3 closed, 0 failed, 0 aborted, 0 remaining")
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::handler_is_told_and_says_farewell",
        &[&SESSION_SHUTDOWN_2, &SESSION_SHUTDOWN_3],
        |server| {
            let mut peer = server.open("/down/farewell")?;
            let _shutdown = begin(server, LONG)?;
            peer.expect_text("bye")?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::all_who_wait_hear_of_it",
        &[&SESSION_SHUTDOWN_2],
        |server| {
            let mut journal = server.control()?.journal()?;
            let mut peer = server.open(&journal.path_to("/down/told"))?;
            peer.expect_text("waiting")?;
            let _shutdown = begin(server, LONG)?;
            journal.expect_all(&["told", "told", "shutting down: true", "told"])?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::what_was_received_before_is_answered",
        &[&SESSION_SHUTDOWN_3],
        |server| {
            let mut peer = server.open("/down/echo")?;
            for n in 0..50 {
                peer.send(&Frame::text(n.to_string()));
            }
            peer.expect_alive()?; // all has been read
            let _shutdown = begin(server, LONG)?;
            (0..50).try_for_each(|n| peer.expect_text(n.to_string()))?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::status_of_the_handlers_own_is_sent",
        &[&SESSION_SHUTDOWN_4],
        |server| {
            let mut restarting = server.open("/down/restart")?;
            let mut normal = server.open("/down/normal")?;
            let _shutdown = begin(server, LONG)?;
            restarting.expect_close(1012)?;
            normal.expect_close(1000).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::handler_that_returns_sends_1001",
        &[&SESSION_SHUTDOWN_4],
        |server| {
            let mut peer = server.open("/down/return")?;
            let _shutdown = begin(server, LONG)?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::message_that_crosses_the_close_is_received",
        &[&SESSION_SHUTDOWN_1, &SESSION_CLOSE_7],
        |server| {
            let mut journal = server.control()?.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.expect_alive()?;
            let _shutdown = begin(server, LONG)?;
            let close = peer.expect_close_frame()?;
            ensure(close.close_code() == Some(1001), "Close 1001", &close)?;
            peer.send_all(&[Frame::text("crossing"), Frame::close(1001, "")]);
            journal.expect_all(&["text crossing", "end", "end again", "closed by us: 1001"])?;
            peer.expect_end()
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::handler_finishes_its_work",
        &[&SESSION_SHUTDOWN_5, &REGISTRY_SHUTDOWN_2],
        |server| {
            let mut journal = server.control()?.journal()?;
            let mut peer = server.open(&journal.path_to("/down/work"))?;
            let mut shutdown = begin(server, LONG)?;
            peer.expect_close(1001)?;
            journal.expect("closed by us: 1001")?;
            shutdown.expect_silence()?;
            drop(peer);
            journal.start(server.control()?)?;
            journal.expect("finished")?;
            shutdown.expect_text("1 closed, 0 failed, 0 aborted, 0 remaining")
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::handler_that_goes_on_is_dropped_at_the_deadline",
        &[&SESSION_SHUTDOWN_5],
        |server| {
            let mut journal = server.control()?.journal()?;
            let mut peer = server.open(&journal.path_to("/down/hang"))?;
            peer.expect_text("hanging")?;
            let mut shutdown = begin(server, SHORT)?;
            peer.expect_close(1001)?;
            journal.expect("dropped")?;
            shutdown.expect_text("0 closed, 0 failed, 1 aborted, 0 remaining")
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::peer_that_does_not_answer_is_dropped_at_the_deadline",
        &[&SESSION_SHUTDOWN_5, &REGISTRY_SHUTDOWN_2],
        |server| {
            let mut peer = server.open_echo()?;
            let mut shutdown = begin(server, SHORT)?;
            let close = peer.expect_close_frame()?;
            ensure(close.close_code() == Some(1001), "Close 1001", &close)?;
            peer.expect_end()?;
            shutdown.expect_text("0 closed, 0 failed, 1 aborted, 0 remaining")
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::report_counts_each_session_once",
        &[&REGISTRY_SHUTDOWN_2],
        |server| {
            let mut peers = [server.open_echo()?, server.open_echo()?];
            let [mut silent, mut broken] = [server.open_echo()?, server.open_echo()?];
            let mut shutdown = begin(server, 4 * SHORT)?;
            broken.expect_close_frame()?;
            broken.reset();
            silent.expect_close_frame()?;
            for peer in &mut peers {
                peer.expect_close(1001)?;
            }
            // That these two do not end TCP makes no difference.
            shutdown.expect_text("2 closed, 1 failed, 1 aborted, 0 remaining")
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::without_sessions_it_is_over_at_once",
        &[&REGISTRY_SHUTDOWN_2],
        |server| begin(server, LONG)?.expect_text("0 closed, 0 failed, 0 aborted, 0 remaining"),
    )
    .alone(),
    Case::app(
        "contract::shutdown::handshakes_get_503",
        &[&REGISTRY_SHUTDOWN_1],
        |server| {
            let mut waiting = server.connect()?;
            let _shutdown = begin(server, LONG)?;
            server.refuse_with(&server.upgrade(), &[503])?;
            let reply = waiting.ask(&server.upgrade())?;
            let status = reply.as_ref().map(|reply| reply.status);
            ensure(status == Some(503), "HTTP 503", format!("{reply:?}"))
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::plain_requests_are_still_served",
        &[&REGISTRY_SHUTDOWN_1, &HANDSHAKE_FALLTHROUGH_1],
        |server| {
            let _shutdown = begin(server, LONG)?;
            super::http_side(&mut server.connect()?, &server.get("/echo"))?;
            server.refuse_with(&server.upgrade(), &[503]).map(drop)
        },
    )
    .alone()
    .hint(super::HTTP_SIDE),
    Case::app(
        "contract::shutdown::handshake_that_is_decided_late_gets_503",
        &[&REGISTRY_SHUTDOWN_1, &INTERCEPTOR_AFTER_2],
        |server| {
            let mut journal = server.control()?.journal()?;
            let mut peer = server.connect()?;
            peer.write(&server.upgrade_to(&journal.path_to("/down/late")).encode());
            journal.expect("deciding")?;
            let _shutdown = begin(server, LONG)?;
            journal.start(server.control()?)?;
            let reply = peer.reply()?;
            let status = reply.as_ref().map(|reply| reply.status);
            ensure(status == Some(503), "HTTP 503", format!("{reply:?}"))?;
            let told = journal.expect_all(&["before first", "after first: 503"]);
            told.map_err(|failure| failure.breaking(&INTERCEPTOR_AFTER_2))
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::earliest_deadline_counts_for_all_calls",
        &[&REGISTRY_SHUTDOWN_3],
        |server| {
            let mut peer = server.open_echo()?;
            let mut first = begin(server, LONG)?;
            peer.expect_close_frame()?;
            first.expect_silence()?;
            let mut second = begin(server, SHORT)?;
            for shutdown in [&mut first, &mut second] {
                shutdown.expect_text("0 closed, 0 failed, 1 aborted, 0 remaining")?;
            }
            peer.expect_end()
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::later_deadline_changes_nothing",
        &[&REGISTRY_SHUTDOWN_3],
        |server| {
            let mut peer = server.open_echo()?;
            let mut first = begin(server, 4 * SHORT)?;
            let mut second = begin(server, LONG)?;
            peer.expect_close_frame()?;
            for shutdown in [&mut first, &mut second] {
                shutdown.expect_text("0 closed, 0 failed, 1 aborted, 0 remaining")?;
            }
            Ok(())
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::dropping_its_future_does_not_undo_it",
        &[&REGISTRY_SHUTDOWN_4],
        |server| {
            let mut peer = server.open_echo()?;
            let path = format!("/shutdown?deadline={LONG}&how=dropped");
            let mut shutdown = server.control()?.open(&path)?;
            shutdown.expect_text("begun")?;
            shutdown.expect_close(1000)?;
            peer.expect_close(1001)?;
            server.refuse_with(&server.upgrade(), &[503]).map(drop)
        },
    )
    .alone(),
];

/// Begins to shut the server down, and waits until that has begun.
pub(super) fn begin(server: &Server, deadline: u32) -> Verdict<Peer> {
    let control = server.control()?;
    let mut shutdown = control.open(&format!("/shutdown?deadline={deadline}"))?;
    shutdown.expect_text("begun")?;
    Ok(shutdown)
}
