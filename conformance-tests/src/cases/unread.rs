//! Peers whose handler does not read: those that take nothing either, those that have left, and those that stay.

use std::thread;

use super::keepalive::{PINGS, said};
use crate::{
    Case,
    case::{Failure, Verdict},
    requirements::*,
    wire::{Event, Frame, Journal, Peer, Server, opcode},
};

/// More than any queue and any system hold of a peer that keeps its buffers small.
const MOST: usize = 64 << 20;

pub(super) const CASES: &[Case] = &[
    Case::app(
        "keepalive::peer_that_takes_nothing_is_given_up_though_the_session_does_not_read",
        &[&SESSION_KEEPALIVE_6, &SESSION_KEEPALIVE_4],
        |server| {
            let (mut peer, mut journal) = blocked(server, "/kept-blocked")?;
            journal.find("error: Timeout")?;
            journal.expect("closed abnormally: Timeout")?;
            ends(&mut peer)
        },
    )
    .hint("a peer is excused only while it takes what is written"),
    Case::app(
        "keepalive::room_goes_on_though_one_takes_nothing",
        &[&SESSION_KEEPALIVE_6, &TOPIC_PUBLISH_3],
        |server| {
            let mut silent = server.open_slow("/topic/room?topic=kept")?;
            silent.expect_text("in")?;
            let mut listens = member(server)?;
            let frame = Frame::binary(vec![0; 64 << 10]);
            // One reads all along, and the other comes to a room that is held up.
            thread::scope(|scope| {
                let listening = scope.spawn(|| hears(&mut listens));
                silent.flood(&frame.encode(), MOST);
                let mut talks = member(server)?;
                talks.send(&Frame::text("hello"));
                hears(&mut talks)?;
                listening.join().expect("reading does not panic")
            })
        },
    ),
    Case::app(
        "keepalive::peer_that_ends_tcp_behind_a_full_queue_is_given_up",
        &[&SESSION_KEEPALIVE_9],
        |server| {
            let (mut peer, mut journal) = filled(server, "/kept-unread")?;
            peer.finish();
            journal.expect("closed abnormally: Timeout")?;
            ends(&mut peer)
        },
    )
    .hint("the end of TCP can be seen without reading what is before it"),
    Case::app(
        "keepalive::peer_that_closes_behind_a_full_queue_and_ends_tcp_is_given_up",
        &[&SESSION_KEEPALIVE_9],
        |server| {
            let (mut peer, mut journal) = filled(server, "/kept-unread")?;
            peer.send(&Frame::close(1000, ""));
            peer.finish();
            journal.expect("closed abnormally: Timeout")?;
            ends(&mut peer)
        },
    ),
    Case::app(
        "keepalive::what_a_peer_sent_before_it_ended_tcp_is_received_by_a_handler_that_goes_on_reading",
        &[&SESSION_KEEPALIVE_9],
        |server| {
            // A message fills the queue, and all of them take twice as long as a ping and its timeout.
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/kept-sluggish"))?;
            peer.send_all(&vec![Frame::binary([0; 1 << 10]); 16]);
            peer.finish();
            (0..16).try_for_each(|_| journal.expect("took 1024"))?;
            journal.expect("error: Disconnected")
        },
    )
    .hint("the handler takes messages from one ping to its timeout"),
    Case::app(
        "idle::peer_that_takes_nothing_is_idle_though_the_session_does_not_read",
        &[&SESSION_IDLE_2],
        |server| {
            let (mut peer, mut journal) = blocked(server, "/idle-blocked")?;
            journal.find("closed: timed out")?; // as the Close could not be written
            ends(&mut peer)
        },
    ),
    Case::app(
        "idle::session_that_does_not_read_is_not_idle",
        &[&SESSION_IDLE_2],
        |server| {
            let (mut peer, journal) = filled(server, "/idle-deaf")?;
            for _ in 0..PINGS {
                let payload = peer.expect_ping()?;
                peer.send(&Frame::pong(payload)); // which nobody gets to
            }
            journal.start(server)?;
            (0..FILLED).try_for_each(|n| said(&mut peer, &numbered(n)))
        },
    ),
];

/// How many messages of a kilobyte fill a queue of one.
const FILLED: usize = 8;

fn numbered(n: usize) -> String {
    format!("{n:01024}")
}

/// A peer of a handler that does not read, or not yet, with more behind the full queue.
fn filled(server: &Server, path: &str) -> Verdict<(Peer, Journal)> {
    let journal = server.journal()?;
    let mut peer = server.open(&journal.path_to(path))?.showing_pings();
    for n in 0..FILLED {
        peer.send(&Frame::text(numbered(n)));
    }
    Ok((peer, journal))
}

/// A peer that sends until the server takes no more, and reads nothing.
fn blocked(server: &Server, path: &str) -> Verdict<(Peer, Journal)> {
    let journal = server.journal()?;
    let mut peer = server.open_slow(&journal.path_to(path))?;
    peer.flood(&Frame::binary(vec![0; 64 << 10]).encode(), MOST);
    Ok((peer, journal))
}

/// The server ends TCP, whatever was on its way before.
fn ends(peer: &mut Peer) -> Verdict {
    while let Event::Frame(_) = peer.next()? {}
    Ok(())
}

fn member(server: &Server) -> Verdict<Peer> {
    let mut peer = server.open("/topic/room?topic=kept")?;
    peer.expect_text("in")?;
    Ok(peer)
}

/// The peer reads until another peer says hello.
fn hears(peer: &mut Peer) -> Verdict {
    loop {
        match peer.next()? {
            Event::Frame(frame) if frame.payload == b"hello" => return Ok(()),
            Event::Frame(frame) if frame.opcode == opcode::BINARY => {}
            other => {
                return Err(Failure::new(
                    "text \"hello\" behind what filled the room",
                    other,
                ));
            }
        }
    }
}
