//! Answers that a handler still owes when its session is to be closed.

use super::shutdown::{LONG, SHORT, begin};
use crate::{
    Case,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Event, Frame, Journal, Peer, Server, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::shutdown::answer_that_is_owed_comes_before_the_close",
        &[&SESSION_SHUTDOWN_3],
        |server| {
            let (mut peer, mut journal) = open(server, "/answers/patient")?;
            takes(&mut peer, &mut journal, "one")?;
            let _shutdown = begin(server, LONG)?;
            peer.expect_silence()?;
            journal.start(server.control()?)?;
            peer.expect_text("one")?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone()
    .hint("a handler that took a message and has not come back to `receive` owes an answer"),
    Case::app(
        "contract::shutdown::all_who_owe_an_answer_give_it",
        &[&SESSION_SHUTDOWN_3],
        |server| {
            let mut journal = server.control()?.journal()?;
            let path = journal.path_to("/answers/patient");
            let mut peers = Vec::new();
            for n in 0..200 {
                let mut peer = server.open(&path)?;
                takes(&mut peer, &mut journal, &n.to_string())?;
                peers.push(peer);
            }
            let mut shutdown = begin(server, LONG)?;
            peers[0].expect_silence()?;
            journal.start(server.control()?)?;
            for (n, peer) in peers.iter_mut().enumerate() {
                peer.expect_text(n.to_string())?;
            }
            for peer in &mut peers {
                peer.expect_close(1001)?;
            }
            drop(peers);
            shutdown.expect_text("200 closed, 0 failed, 0 aborted, 0 remaining")
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::queued_messages_are_answered_one_after_the_other",
        &[&SESSION_SHUTDOWN_3],
        |server| {
            let (mut peer, mut journal) = open(server, "/answers/patient")?;
            takes(&mut peer, &mut journal, "0")?;
            for n in 1..5 {
                peer.send(&Frame::text(n.to_string()));
            }
            peer.expect_alive()?; // all has been read
            let _shutdown = begin(server, LONG)?;
            peer.expect_silence()?;
            journal.start(server.control()?)?;
            (0..5).try_for_each(|n| peer.expect_text(n.to_string()))?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::grace_of_an_answer_begins_when_its_message_is_taken",
        &[&SESSION_SHUTDOWN_3],
        |server| {
            // All answers together take more than twice the grace, each a third of it.
            let (mut peer, mut journal) = open(server, "/answers/hurried?how=slow")?;
            for n in 0..8 {
                peer.send(&Frame::text(n.to_string()));
            }
            journal.expect("took 0")?;
            peer.expect_alive()?; // all has been read
            let _shutdown = begin(server, LONG)?;
            (0..8).try_for_each(|n| peer.expect_text(n.to_string()))?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::subscription_is_closed_after_the_grace",
        &[&SESSION_SHUTDOWN_3, &SESSION_SHUTDOWN_1],
        |server| {
            let (mut peer, mut journal) = open(server, "/answers/hurried?how=subscription")?;
            takes(&mut peer, &mut journal, "subscribe")?;
            let _shutdown = begin(server, LONG)?;
            for _ in 0..200 {
                match peer.next()? {
                    Event::Frame(frame) if frame.opcode == opcode::TEXT => {}
                    Event::Frame(frame) if frame.close_code() == Some(1001) => {
                        peer.send(&Frame::close(1001, ""));
                        return peer.expect_end();
                    }
                    other => return Err(Failure::new("Close 1001 behind messages", other)),
                }
            }
            ensure(false, "Close 1001", "messages without end")
        },
    )
    .alone()
    .hint("a handler that only sends never comes back to `receive`"),
    Case::app(
        "contract::shutdown::handler_that_never_comes_back_is_closed_after_the_grace",
        &[&SESSION_SHUTDOWN_3, &SESSION_SHUTDOWN_1],
        |server| {
            let (mut peer, mut journal) = open(server, "/answers/hurried?how=lost")?;
            takes(&mut peer, &mut journal, "one")?;
            let _shutdown = begin(server, LONG)?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::handler_that_waits_in_receive_is_closed_at_once",
        &[&SESSION_SHUTDOWN_3, &SESSION_SHUTDOWN_1],
        |server| {
            // Any grace is over after the case.
            let (mut fresh, _) = open(server, "/answers/patient")?;
            let (mut answered, journal) = open(server, "/answers/patient")?;
            journal.start(server.control()?)?;
            answered.send(&Frame::text("one"));
            answered.expect_text("one")?;
            let _shutdown = begin(server, LONG)?;
            fresh.expect_close(1001)?;
            answered.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::handler_that_never_received_is_closed_at_once",
        &[&SESSION_SHUTDOWN_3, &SESSION_SHUTDOWN_1],
        |server| {
            let (mut peer, _) = open(server, "/answers/patient?how=deaf")?;
            peer.send(&Frame::text("unread"));
            peer.expect_alive()?; // it has been read into the queue
            let _shutdown = begin(server, LONG)?;
            peer.expect_close(1001).map(drop)
        },
    )
    .alone(),
    Case::app(
        "contract::shutdown::deadline_cuts_a_handler_that_owes_an_answer",
        &[&SESSION_SHUTDOWN_5, &SESSION_SHUTDOWN_3],
        |server| {
            let (mut peer, mut journal) = open(server, "/answers/patient")?;
            takes(&mut peer, &mut journal, "one")?;
            let mut shutdown = begin(server, SHORT)?;
            journal.expect("dropped")?;
            shutdown.expect_text("0 closed, 0 failed, 1 aborted, 0 remaining")?;
            match peer.next()? {
                // If it can be written at once.
                Event::Frame(frame) if frame.close_code() == Some(1001) => peer.expect_end(),
                Event::End(_) => Ok(()),
                other @ Event::Frame(_) => Err(Failure::new("Close 1001 or the end of TCP", other)),
            }
        },
    )
    .alone(),
    Case::app(
        "contract::session::close_does_not_wait_for_a_handler_that_awaits_something_else",
        &[&SESSION_SERVE_2],
        |server| {
            // Until the key is started, which never happens.
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/answers/patient"))?;
            takes(&mut peer, &mut journal, "one")?;
            peer.close()
        },
    )
    .hint("by default a handler has no time after the peer's Close"),
    Case::app(
        "contract::session::answer_comes_before_that_to_the_close_where_there_is_a_grace",
        &[&SESSION_SERVE_2],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/answers/after-close"))?;
            takes(&mut peer, &mut journal, "one")?;
            peer.send_all(&[Frame::text("two"), Frame::close(1000, "")]);
            peer.expect_silence()?;
            journal.start(server)?;
            peer.expect_text("one")?;
            peer.expect_text("two")?;
            peer.expect_close_answer(1000)
        },
    ),
    Case::app(
        "contract::session::close_is_answered_when_the_grace_for_answers_is_over",
        &[&SESSION_SERVE_2],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/answers/soon-after-close?how=lost"))?;
            takes(&mut peer, &mut journal, "one")?;
            peer.close()
        },
    ),
];

/// A session whose handler owes answers, of a server that is shut down.
fn open(server: &Server, path: &str) -> Verdict<(Peer, Journal)> {
    let journal = server.control()?.journal()?;
    let peer = server.open(&journal.path_to(path))?;
    Ok((peer, journal))
}

/// The handler has this message, and has not answered it.
fn takes(peer: &mut Peer, journal: &mut Journal, text: &str) -> Verdict {
    peer.send(&Frame::text(text));
    journal.expect(&format!("took {text}"))
}
