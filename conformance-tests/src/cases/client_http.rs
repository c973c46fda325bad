//! How a client reads the answer as HTTP, and the bytes after it.

use super::client_answer::{PROTOCOL, opens};
use crate::{
    ClientCase,
    case::ensure,
    requirements::*,
    wire::{Answer, Frame},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::s4_1::answer_in_http_1_0_fails",
        &[&C31],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let line = "HTTP/1.0 101 Switching Protocols";
            peer.answer(&Answer::switching(&asked).first_line(line));
            call.expect_error("an error", |_| true)?;
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::s4_1::answer_with_an_empty_reason_is_accepted",
        &[&C31],
        |client| opens(client, |it| it.first_line("HTTP/1.1 101 ")),
    ),
    ClientCase::new(
        "client::s4_1::answer_without_a_reason_is_accepted",
        &[&C31],
        |client| opens(client, |it| it.first_line("HTTP/1.1 101")),
    ),
    ClientCase::new(
        "client::s4_1::answer_byte_by_byte_is_accepted",
        &[&C11],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            peer.trickle(&Answer::switching(&asked).encode());
            let mut session = call.session()?;
            peer.send(&Frame::text("hello"));
            session.expect("hello")
        },
    ),
    ClientCase::new(
        "client::rfc9110::interim_answers_are_skipped",
        &[&C33],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            peer.answer(&Answer::status("100 Continue"));
            peer.answer(&Answer::status("103 Early Hints").and("Link", "</a>; rel=preload"));
            peer.answer(&Answer::switching(&asked));
            call.session().map(drop)
        },
    ),
    ClientCase::new(
        "client::rfc9110::interim_answers_before_a_refusal_are_skipped",
        &[&C33],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.answer(&Answer::status("100 Continue"));
            peer.answer(&Answer::status("403 Forbidden").whole_body("no"));
            call.expect_refusal(403).map(drop)
        },
    ),
    // What comes behind the answer.
    ClientCase::new(
        "client::s4_1::frame_in_one_segment_with_the_answer_is_received",
        &[&C21],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let frame = peer.encode(&Frame::text("early"));
            peer.answer(&Answer::switching(&asked).body(frame));
            call.session()?.expect("early")
        },
    ),
    ClientCase::new(
        "client::s4_1::frame_cut_by_the_segment_of_the_answer_is_received",
        &[&C21],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let frame = peer.encode(&Frame::text("cut in two"));
            peer.answer(&Answer::switching(&asked).body(&frame[..4]));
            let mut session = call.session()?;
            peer.write(&frame[4..]);
            session.expect("cut in two")
        },
    ),
    ClientCase::new(
        "client::s4_1::close_in_one_segment_with_the_answer_is_answered",
        &[&C21],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let close = peer.encode(&Frame::close(1013, "later"));
            peer.answer(&Answer::switching(&asked).body(close));
            let session = call.session()?;
            peer.expect_close_answer(1013)?;
            session.expect_outcome("closed by the peer: 1013 (later)")
        },
    ),
    ClientCase::new(
        "client::rfc9112::length_in_the_answer_takes_nothing_from_the_session",
        &[&C34],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let frame = peer.encode(&Frame::text("early"));
            let answer = Answer::switching(&asked).and("Content-Length", "3");
            peer.answer(&answer.body(frame));
            call.session()?.expect("early")
        },
    ),
    ClientCase::new(
        "client::rfc9112::coding_of_the_answer_is_not_that_of_the_session",
        &[&C34],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let frame = peer.encode(&Frame::text("early"));
            let answer = Answer::switching(&asked).and("Transfer-Encoding", "chunked");
            peer.answer(&answer.body(frame));
            call.session()?.expect("early")
        },
    ),
    ClientCase::new(
        "client::s4_1::thousand_frames_right_behind_the_answer_are_received",
        &[&C21, &SESSION_RECEIVE_1],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let frames = (0..1000).map(|n| peer.encode(&Frame::text(format!("early {n}"))));
            let frames: Vec<_> = frames.flatten().collect();
            peer.answer(&Answer::switching(&asked).body(frames));
            let mut session = call.session()?;
            (0..1000).try_for_each(|n| session.expect(format!("early {n}")))
        },
    ),
    ClientCase::new(
        "client::s4_1::large_message_right_behind_the_answer_is_received",
        &[&C21, &SESSION_RECEIVE_1],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let payload: Vec<_> = (0..1_u32 << 20).map(|n| (n % 251) as u8).collect();
            let frame = peer.encode(&Frame::binary(&payload));
            peer.answer(&Answer::switching(&asked).body(frame));
            call.session()?.expect(payload)
        },
    ),
    ClientCase::new(
        "client::contract::session_knows_url_answer_and_subprotocol",
        &[&CLIENT_INFO_1],
        |client| {
            let (call, mut peer, asked) =
                client.ask_with("/chat?room=1", |it| it.with_subprotocols(["v2", "v1"]))?;
            let answer = Answer::switching(&asked)
                .and(PROTOCOL, "v1")
                .and("X-Server", "kit");
            peer.answer(&answer.and("Set-Cookie", "a=1").and("Set-Cookie", "b=2"));
            let session = call.session()?;
            let info = session.info();
            let target = (info.uri().path(), info.query());
            ensure(
                target == ("/chat", Some("room=1")),
                "the URL",
                format_args!("{target:?}"),
            )?;
            let subprotocol = info.subprotocol();
            ensure(
                subprotocol == Some("v1"),
                "v1",
                format_args!("{subprotocol:?}"),
            )?;
            let headers = info.headers();
            let cookies = headers.get_all("set-cookie").iter().count();
            let fits = headers.get("x-server").is_some_and(|it| it == "kit") && cookies == 2;
            ensure(
                fits,
                "the headers of the answer",
                format_args!("{headers:?}"),
            )
        },
    ),
];
