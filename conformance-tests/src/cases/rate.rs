//! Peers that send too fast.

use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Event, Frame, Peer, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "rate::messages_over_the_rate_wait",
        &[&LIMITS_RATE_1],
        |server| {
            let mut peer = server.open("/rate-two")?;
            peer.send_all(&numbered(3));
            peer.expect_text("0")?;
            peer.expect_text("1")?;
            peer.expect_silence()?;
            peer.expect_text("2")
        },
    ),
    Case::app(
        "rate::messages_at_the_rate_pass_at_once",
        &[&LIMITS_RATE_1],
        |server| {
            let mut peer = server.open("/rate-closing")?;
            passes(&mut peer, 5)?;
            peer.expect_alive()
        },
    ),
    Case::app(
        "rate::nothing_is_lost_by_waiting",
        &[&LIMITS_RATE_4],
        |server| {
            let mut peer = server.open("/rate-many")?;
            passes(&mut peer, 220)?;
            peer.close()
        },
    ),
    Case::app(
        "rate::waiting_does_not_lose_the_close",
        &[&LIMITS_RATE_4],
        |server| {
            let mut peer = server.open("/rate-many")?;
            let mut frames = numbered(220);
            frames.push(Frame::close(4001, ""));
            peer.send_all(&frames);
            for n in 0..220 {
                peer.expect_text(n.to_string())?;
            }
            peer.expect_close_answer(4001)
        },
    ),
    Case::app(
        "rate::message_over_the_rate_closes_with_1008",
        &[&LIMITS_RATE_1, &LIMITS_RATE_5],
        |server| {
            let mut peer = server.open("/rate-closing")?;
            peer.send_all(&numbered(6));
            for n in 0..5 {
                peer.expect_text(n.to_string())?;
            }
            peer.expect_failed(&[1008])
        },
    ),
    Case::app(
        "rate::handler_is_told_of_the_policy",
        &[&LIMITS_RATE_5, &SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/rate-closing"))?;
            peer.send_all(&numbered(6));
            journal.expect_all(&["error: Policy", "closed abnormally: Policy"])
        },
    ),
    Case::app(
        "rate::bytes_over_the_rate_wait",
        &[&LIMITS_RATE_2, &LIMITS_RATE_4],
        |server| {
            let mut peer = server.open("/rate-bytes")?;
            let payload = vec![b'x'; 64 << 10];
            for _ in 0..3 {
                peer.send(&Frame::binary(&payload));
            }
            let mut received = 0;
            while let Some(frame) = peer.message_or_silence()? {
                ensure(frame.payload == payload, "64 KiB", &frame)?;
                received += 1;
            }
            ensure(
                received < 3,
                "silence before the third message",
                format_args!("{received} messages at once"),
            )?;
            for _ in received..3 {
                peer.expect_binary(&payload)?;
            }
            Ok(())
        },
    ),
    Case::app(
        "rate::bytes_over_the_rate_close_with_1008",
        &[&LIMITS_RATE_2, &LIMITS_RATE_5],
        |server| bytes_fail(server, &Frame::text("x".repeat(1000))),
    ),
    Case::app(
        "rate::control_frames_are_bytes",
        &[&LIMITS_RATE_2],
        |server| bytes_fail(server, &Frame::pong([b'x'; 125])),
    )
    .hint("all bytes count, those of control frames too"),
    Case::app("rate::fragments_are_bytes", &[&LIMITS_RATE_2], |server| {
        let mut peer = server.open("/rate-bytes-closing")?;
        peer.send(&Frame::text("").unfinished());
        let fragments = Frame::continuation("x").unfinished().encode();
        peer.write(&fragments.repeat(1000));
        peer.expect_failed(&[1008])
    })
    .hint("all bytes count, those of headers too"),
    Case::app(
        "rate::bytes_at_the_rate_pass",
        &[&LIMITS_RATE_2],
        |server| {
            let mut peer = server.open("/rate-bytes-closing")?;
            let text = "x".repeat(1000);
            for _ in 0..3 {
                peer.send(&Frame::text(&text));
                peer.expect_text(&text)?;
            }
            Ok(())
        },
    ),
    Case::app(
        "rate::pings_over_the_rate_close_with_1008",
        &[&LIMITS_RATE_3, &L12],
        |server| {
            let mut peer = server.open("/rate-pings")?;
            peer.send_all(&pings(6));
            for n in 0..5 {
                peer.expect_pong(n.to_string())?;
            }
            peer.expect_failed(&[1008])
        },
    ),
    Case::app(
        "rate::pings_at_the_rate_are_answered",
        &[&LIMITS_RATE_3],
        |server| {
            let mut peer = server.open("/rate-pings")?;
            peer.send_all(&pings(5));
            for n in 0..5 {
                peer.expect_pong(n.to_string())?;
            }
            passes(&mut peer, 10)
        },
    ),
];

fn numbered(count: usize) -> Vec<Frame> {
    (0..count).map(|n| Frame::text(n.to_string())).collect()
}

fn pings(count: usize) -> Vec<Frame> {
    (0..count).map(|n| Frame::ping(n.to_string())).collect()
}

/// So many messages at once come back.
fn passes(peer: &mut Peer, count: usize) -> Verdict {
    peer.send_all(&numbered(count));
    (0..count).try_for_each(|n| peer.expect_text(n.to_string()))
}

/// Enough of these frames are too many bytes.
fn bytes_fail(server: &Server, frame: &Frame) -> Verdict {
    let mut peer = server.open("/rate-bytes-closing")?;
    let bytes = frame.encode();
    peer.write(&bytes.repeat(5000 / bytes.len() + 1));
    loop {
        match peer.next()? {
            Event::Frame(frame) if !frame.is_control() => {}
            Event::Frame(frame) => {
                ensure(frame.close_code() == Some(1008), "Close 1008", &frame)?;
                peer.send(&Frame::close(1008, ""));
                return peer.expect_end();
            }
            end @ Event::End(_) => return ensure(false, "Close 1008", end),
        }
    }
}
