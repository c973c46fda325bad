//! Pings of the server, and what happens to silent, idle and old sessions.

use std::time::Duration;

use crate::{
    Case,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Event, Frame, Peer, Server, opcode},
};

/// So many pings take longer than a silent peer is borne with.
pub(super) const PINGS: usize = 9;

pub(super) const CASES: &[Case] = &[
    Case::app(
        "keepalive::peer_is_pinged",
        &[&SESSION_KEEPALIVE_1],
        |server| {
            let mut peer = server.open("/kept")?.showing_pings();
            for _ in 0..3 {
                let payload = peer.expect_ping()?;
                peer.send(&Frame::pong(payload));
            }
            peer.ignoring_pings().close()
        },
    ),
    Case::app(
        "keepalive::busy_peer_is_pinged_too",
        &[&SESSION_KEEPALIVE_1],
        |server| {
            let mut peer = server.open("/kept")?.showing_pings();
            let mut pings = 0;
            for _ in 0..200 {
                peer.send(&Frame::text("busy"));
                while let Some(event) = peer.within(Duration::from_millis(2))? {
                    match event {
                        Event::Frame(frame) => pings += usize::from(frame.opcode == opcode::PING),
                        Event::End(_) => return Err(Failure::new("pings", event)),
                    }
                }
                if pings >= 2 {
                    return Ok(());
                }
            }
            ensure(false, "pings between echoes", "none in time")
        },
    ),
    Case::app(
        "keepalive::peer_that_answers_pings_is_kept",
        &[&SESSION_KEEPALIVE_5],
        |server| kept_by(server, |peer, payload| peer.send(&Frame::pong(payload))),
    ),
    Case::app(
        "keepalive::peer_that_sends_messages_is_kept",
        &[&SESSION_KEEPALIVE_5],
        |server| {
            let mut peer = server.open("/kept")?.showing_pings();
            for _ in 0..PINGS {
                peer.expect_ping()?;
                peer.send(&Frame::text("no pong"));
                let message = loop {
                    match peer.next()? {
                        Event::Frame(frame) if frame.opcode == opcode::PING => {}
                        other => break other,
                    }
                };
                match message {
                    Event::Frame(frame) if frame.opcode == opcode::TEXT => {}
                    other => return Err(Failure::new("an echo", other)),
                }
            }
            Ok(())
        },
    ),
    Case::app(
        "keepalive::peer_that_sends_other_pongs_is_kept",
        &[&SESSION_KEEPALIVE_5],
        |server| kept_by(server, |peer, _| peer.send(&Frame::pong("of my own"))),
    ),
    Case::app(
        "keepalive::peer_that_sends_fragments_is_kept",
        &[&SESSION_KEEPALIVE_5],
        |server| {
            let mut first = true;
            kept_by(server, move |peer, _| {
                let fragment = if std::mem::take(&mut first) {
                    Frame::binary("x")
                } else {
                    Frame::continuation("x")
                };
                peer.send(&fragment.unfinished());
            })
        },
    )
    .hint("a fragment is a whole frame"),
    Case::app(
        "keepalive::peer_that_sends_a_large_frame_slowly_is_kept",
        &[&SESSION_KEEPALIVE_5],
        |server| {
            let frame = Frame::binary(vec![b'x'; PINGS * 2048]).encode();
            let mut pieces = frame.chunks(2048);
            kept_by(server, move |peer, _| {
                peer.write(pieces.next().unwrap_or_default());
            })
        },
    )
    .hint("a frame may take longer than the timeout"),
    Case::app(
        "keepalive::trickle_of_half_a_frame_is_silence",
        &[&SESSION_KEEPALIVE_4, &SESSION_KEEPALIVE_5],
        |server| {
            let mut peer = server.open("/kept")?.ignoring_pings();
            let frame = Frame::binary([b'x'; 1000]).encode();
            for byte in &frame {
                peer.write(&[*byte]);
                match peer.within(Duration::from_millis(20))? {
                    None => {}
                    Some(event) => return given_up(&mut peer, event),
                }
            }
            ensure(false, "Close 1011", "a session that is kept by a trickle")
        },
    )
    .hint("a few bytes of a frame are no sign of life"),
    Case::app(
        "keepalive::silent_peer_is_told_1011",
        &[&SESSION_KEEPALIVE_4, &L7],
        |server| {
            let mut peer = server.open("/kept")?.ignoring_pings();
            let event = peer.next()?;
            given_up(&mut peer, event)
        },
    ),
    Case::app(
        "keepalive::handler_of_a_silent_peer_is_told",
        &[&SESSION_KEEPALIVE_4],
        |server| {
            let mut journal = server.journal()?;
            let _peer = server.open(&journal.path_to("/kept"))?;
            // Nobody reads what comes, so no ping is answered.
            journal.expect_all(&["error: Timeout", "closed abnormally: Timeout"])
        },
    ),
    Case::app(
        "keepalive::hanging_handler_of_a_silent_peer_is_dropped",
        &[&SESSION_KEEPALIVE_4, &HANDLER_END_4],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server
                .open(&journal.path_to("/kept-stubborn"))?
                .ignoring_pings();
            peer.expect_text("going on")?;
            let event = peer.next()?;
            given_up(&mut peer, event)?;
            drop(peer);
            journal.expect("dropped")
        },
    ),
    Case::app(
        "keepalive::pongs_are_not_shown_to_the_handler",
        &[&SESSION_KEEPALIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server
                .open(&journal.path_to("/kept-control"))?
                .showing_pings();
            for _ in 0..3 {
                let payload = peer.expect_ping()?;
                peer.send(&Frame::pong(payload));
            }
            peer.send(&Frame::pong("mine"));
            journal.expect("pong mine")
        },
    ),
    Case::app(
        "keepalive::round_trip_time_is_known_after_a_pong",
        &[&SESSION_KEEPALIVE_7],
        |server| {
            let mut peer = server.open("/kept")?.showing_pings();
            let payload = peer.expect_ping()?;
            peer.send_all(&[Frame::pong(payload), Frame::text("rtt")]);
            said(&mut peer, "known")
        },
    ),
    Case::app(
        "keepalive::other_pongs_tell_no_round_trip_time",
        &[&SESSION_KEEPALIVE_7],
        |server| {
            let mut peer = server.open("/kept")?.showing_pings();
            peer.expect_ping()?;
            peer.send_all(&[Frame::pong("of my own"), Frame::text("rtt")]);
            said(&mut peer, "unknown")
        },
    ),
    Case::app(
        "keepalive::no_ping_follows_a_close",
        &[&SESSION_KEEPALIVE_2],
        |server| {
            let mut peer = server.open("/kept-closing")?.showing_pings();
            loop {
                match peer.next()? {
                    Event::Frame(frame) if frame.opcode == opcode::CLOSE => break,
                    Event::Frame(frame) if frame.opcode == opcode::PING => {}
                    other => return Err(Failure::new("a Close", other)),
                }
            }
            // It is not answered: the server has the whole closing deadline to ping.
            match peer.next()? {
                Event::End(_) => Ok(()),
                other @ Event::Frame(_) => Err(Failure::new("nothing but the end of TCP", other)),
            }
        },
    ),
    Case::app(
        "keepalive::blocked_output_gets_no_pings",
        &[&SESSION_KEEPALIVE_2],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server
                .open_slow(&journal.path_to("/kept-pushing"))?
                .showing_pings();
            journal.last()?; // until the handler has been waiting for a while
            let (mut in_a_row, mut most) = (0, 0);
            loop {
                match peer.next()? {
                    Event::Frame(frame) if frame.opcode == opcode::PING => in_a_row += 1,
                    Event::Frame(frame) if frame.opcode == opcode::CLOSE => break,
                    Event::Frame(_) => in_a_row = 0,
                    end @ Event::End(_) => return Err(Failure::new("all messages", end)),
                }
                most = most.max(in_a_row);
            }
            ensure(
                most <= 3,
                "hardly any pings behind what was blocked",
                format_args!("{most} in a row"),
            )
        },
    )
    .hint("a ping behind blocked output tells nothing sooner"),
    Case::app(
        "keepalive::session_that_does_not_read_holds_nothing_against_its_peer",
        &[&SESSION_KEEPALIVE_6],
        |server| {
            let journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/kept-deaf"))?.showing_pings();
            // More than the handler's queue holds, and little enough for any system to hold.
            for n in 0..8 {
                peer.send(&Frame::text(format!("{n:01024}")));
            }
            for _ in 0..PINGS {
                let payload = peer.expect_ping()?;
                peer.send(&Frame::pong(payload)); // which nobody gets to
            }
            journal.start(server)?;
            let mut peer = peer.ignoring_pings();
            for n in 0..8 {
                peer.expect_text(format!("{n:01024}"))?;
            }
            peer.close()
        },
    ),
    Case::app(
        "idle::session_without_messages_is_closed",
        &[&SESSION_IDLE_1, &L7],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/idle"))?;
            peer.expect_close(1001)?;
            journal.expect("end")?;
            let told = journal.next()?;
            ensure(
                told.starts_with("closed by us: 1001"),
                "closed by us: 1001",
                told,
            )
        },
    ),
    Case::app(
        "idle::pings_are_no_messages",
        &[&SESSION_IDLE_1],
        |server| {
            let mut peer = server.open("/idle")?;
            peer.send(&Frame::ping("tick"));
            for _ in 0..200 {
                match peer.within(Duration::from_millis(10))? {
                    None => peer.send(&Frame::ping("tick")),
                    Some(Event::Frame(frame)) if frame.opcode == opcode::PONG => {}
                    Some(Event::Frame(frame)) if frame.close_code() == Some(1001) => return Ok(()),
                    Some(other) => return Err(Failure::new("Close 1001", other)),
                }
            }
            ensure(false, "Close 1001", "a session that is kept by pings")
        },
    ),
    Case::app(
        "idle::messages_of_the_peer_keep_it",
        &[&SESSION_IDLE_1],
        |server| {
            // The server's pings are the clock: ten are longer than the timeout.
            let mut peer = server.open("/idle-pinging")?.showing_pings();
            for _ in 0..10 {
                let payload = peer.expect_ping()?;
                peer.send_all(&[Frame::pong(payload), Frame::text("here")]);
                said(&mut peer, "here")?;
            }
            Ok(())
        },
    ),
    Case::app(
        "idle::messages_of_the_handler_keep_it",
        &[&SESSION_IDLE_1],
        |server| {
            let mut peer = server.open("/idle-ticking")?;
            for n in 0..12 {
                peer.expect_text(format!("tick {n}"))?;
            }
            peer.expect_close(1001).map(drop)
        },
    ),
    Case::app(
        "age::old_session_is_closed_though_busy",
        &[&SESSION_AGE_1],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/aging"))?;
            for _ in 0..200 {
                match peer.within(Duration::from_millis(10))? {
                    None => peer.send(&Frame::text("busy")),
                    Some(Event::Frame(frame)) if frame.opcode == opcode::TEXT => {}
                    Some(Event::Frame(frame)) if frame.close_code() == Some(1001) => {
                        peer.send(&Frame::close(1001, ""));
                        peer.expect_end()?;
                        return journal.expect("end");
                    }
                    Some(other) => return Err(Failure::new("Close 1001", other)),
                }
            }
            ensure(
                false,
                "Close 1001",
                "a session that is kept though it is old",
            )
        },
    ),
    Case::app(
        "age::hanging_handler_does_not_hold_up_the_close",
        &[&SESSION_AGE_1, &HANDLER_END_4],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/aging-stubborn"))?;
            peer.expect_text("going on")?;
            peer.expect_close(1001)?;
            drop(peer);
            journal.expect("dropped")
        },
    ),
    Case::app(
        "age::peer_that_ignores_the_close_is_dropped",
        &[&SESSION_AGE_1, &SESSION_CLOSE_6],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/aging"))?;
            let close = peer.expect_close_frame()?;
            ensure(close.close_code() == Some(1001), "Close 1001", &close)?;
            peer.expect_end()?;
            journal.find("closed: timed out").map(drop)
        },
    ),
];

/// A peer that does this with each ping, and answers none, is kept for longer than a silent one.
fn kept_by(server: &Server, mut answer: impl FnMut(&mut Peer, Vec<u8>)) -> Verdict {
    let mut peer = server.open("/kept")?.showing_pings();
    for _ in 0..PINGS {
        let payload = peer.expect_ping()?;
        answer(&mut peer, payload);
    }
    Ok(())
}

/// The server gives the peer up: Close 1011, and the end of TCP though the peer does not answer.
fn given_up(peer: &mut Peer, event: Event) -> Verdict {
    match event {
        Event::Frame(frame) if frame.close_code() == Some(1011) => peer.expect_end(),
        other => Err(Failure::new("Close 1011", other)),
    }
}

/// The next frame that is no ping is this text.
pub(super) fn said(peer: &mut Peer, text: &str) -> Verdict {
    loop {
        match peer.next()? {
            Event::Frame(frame) if frame.opcode == opcode::PING => {}
            Event::Frame(frame) if frame.payload == text.as_bytes() => return Ok(()),
            other => return Err(Failure::new(format!("the text {text}"), other)),
        }
    }
}
