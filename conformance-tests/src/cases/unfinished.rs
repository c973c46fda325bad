//! Messages that take too long.

use std::time::Duration;

use super::keepalive::{PINGS, said};
use crate::{
    Case,
    case::{Failure, Verdict},
    requirements::*,
    wire::{Event, Frame, Peer, Server, opcode},
};

/// How often a peer sends a little.
const PACE: Duration = Duration::from_millis(10);

pub(super) const CASES: &[Case] = &[
    Case::app(
        "limits::message_that_never_ends_is_closed_with_1008",
        &[&LIMITS_MESSAGE_2],
        |server| {
            let mut peer = begun(server)?;
            takes_too_long(&mut peer, |peer| {
                peer.send(&Frame::continuation("").unfinished());
            })
        },
    ),
    Case::app(
        "limits::message_that_stops_between_fragments_is_closed_with_1008",
        &[&LIMITS_MESSAGE_2],
        |server| {
            let mut peer = begun(server)?;
            takes_too_long(&mut peer, |peer| peer.send(&Frame::ping("still here")))
        },
    ),
    Case::app(
        "limits::message_that_stops_in_a_frame_is_closed_with_1008",
        &[&LIMITS_MESSAGE_2],
        |server| {
            let mut peer = server.open("/unfinished")?;
            peer.write(&Frame::binary([0; 1000]).encode()[..500]);
            takes_too_long(&mut peer, |_| {})
        },
    ),
    Case::app(
        "limits::message_that_trickles_is_closed_with_1008",
        &[&LIMITS_MESSAGE_2],
        |server| {
            // More than a kilobyte in each interval of pings: no silence.
            let mut peer = server.open("/unfinished")?;
            let frame = Frame::binary(vec![0; 1 << 20]).encode();
            let mut pieces = frame.chunks(2 << 10);
            takes_too_long(&mut peer, move |peer| {
                peer.write(pieces.next().unwrap_or_default());
            })
        },
    ),
    Case::app(
        "limits::message_that_begins_with_the_end_of_another_is_closed_with_1008",
        &[&LIMITS_MESSAGE_2],
        |server| {
            let mut peer = server.open("/unfinished")?;
            peer.send_all(&[Frame::text("whole"), Frame::text("half").unfinished()]);
            peer.expect_text("whole")?;
            let mut peer = peer.ignoring_pings(); // nothing at all comes after it
            takes_too_long(&mut peer, |_| {})
        },
    ),
    Case::app(
        "limits::messages_that_are_whole_in_time_may_follow_each_other_for_longer",
        &[&LIMITS_MESSAGE_2],
        |server| {
            // The server's pings are the clock: each message takes one interval, all of them longer than the time of one.
            let mut peer = server.open("/unfinished")?.showing_pings();
            let large = "x".repeat(256 << 10);
            for n in 0..PINGS {
                peer.send(&Frame::text(&large).unfinished());
                let payload = peer.expect_ping()?;
                peer.send_all(&[Frame::pong(payload), Frame::continuation(n.to_string())]);
                said(&mut peer, &format!("{large}{n}"))?;
            }
            Ok(())
        },
    ),
    Case::app(
        "limits::time_of_a_message_does_not_run_while_the_session_does_not_read",
        &[&LIMITS_MESSAGE_2],
        |server| {
            let journal = server.journal()?;
            let mut peer = server
                .open(&journal.path_to("/unfinished-deaf"))?
                .showing_pings();
            let large = "x".repeat(64 << 10);
            // The session may have read the beginning of the second before its queue was full, and not the rest.
            peer.send_all(&[
                Frame::text("x".repeat(1 << 10)),
                Frame::text(&large).unfinished(),
            ]);
            for _ in 0..PINGS {
                let payload = peer.expect_ping()?;
                peer.send(&Frame::pong(payload)); // which nobody gets to
            }
            peer.send(&Frame::continuation("end"));
            journal.start(server)?;
            said(&mut peer, &"x".repeat(1 << 10))?;
            said(&mut peer, &format!("{large}end"))
        },
    ),
];

/// A message has begun and is not whole.
fn begun(server: &Server) -> Verdict<Peer> {
    let mut peer = server.open("/unfinished")?;
    peer.send(&Frame::text("begun").unfinished());
    Ok(peer)
}

/// The session is closed with 1008 though the peer does this again and again.
fn takes_too_long(peer: &mut Peer, mut again: impl FnMut(&mut Peer)) -> Verdict {
    for _ in 0..200 {
        again(peer);
        while let Some(event) = peer.within(PACE)? {
            match event {
                Event::Frame(frame) if frame.opcode == opcode::PONG => {}
                Event::Frame(frame) if frame.close_code() == Some(1008) => {
                    peer.send(&Frame::close(1008, ""));
                    return ends(peer);
                }
                other => return Err(Failure::new("Close 1008", other)),
            }
        }
    }
    Err(Failure::new(
        "Close 1008",
        "a session that waits for the rest",
    ))
}

/// TCP ends, with no more than a pong before it.
fn ends(peer: &mut Peer) -> Verdict {
    match peer.next()? {
        Event::Frame(frame) if frame.opcode == opcode::PONG => ends(peer),
        Event::Frame(frame) => Err(Failure::new("the end of TCP", frame)),
        Event::End(_) => Ok(()),
    }
}
