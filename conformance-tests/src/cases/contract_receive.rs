//! The contract of receiving: what a handler sees of messages and of the end.

use crate::{
    Case,
    case::ensure,
    requirements::*,
    wire::{Frame, Length},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::session::messages_are_received_whole_and_in_order",
        &[&SESSION_RECEIVE_1],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            let frames: Vec<_> = (0..100).map(|n| Frame::text(n.to_string())).collect();
            peer.send_all(&frames);
            for n in 0..100 {
                journal.expect(&format!("text {n}"))?;
            }
            journal.close();
            peer.close()
        },
    ),
    Case::app(
        "contract::session::fragments_are_received_as_one_message",
        &[&SESSION_RECEIVE_1, &F22],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send_all(&[
                Frame::text("a").unfinished(),
                Frame::continuation("b"),
                Frame::text("c"),
            ]);
            journal.expect_all(&["text ab", "text c"])?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::empty_messages_are_messages",
        &[&SESSION_RECEIVE_1],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send_all(&[Frame::text(""), Frame::binary(""), Frame::text("after")]);
            journal.expect_all(&["text ", "binary 0", "text after"])?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::empty_messages_are_sent",
        &[&SESSION_SEND_1],
        |server| {
            let mut peer = server.open("/echo")?;
            peer.send_all(&[Frame::text(""), Frame::binary("")]);
            peer.expect_text("")?;
            peer.expect_binary("")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::control_frames_are_not_received_unasked",
        &[&SESSION_RECEIVE_1],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send_all(&[Frame::ping("a"), Frame::pong("b"), Frame::text("c")]);
            peer.expect_pong("a")?;
            journal.expect("text c")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::control_frames_are_received_when_asked_for",
        &[&SESSION_RECEIVE_1],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/control"))?;
            peer.send_all(&[Frame::ping("a"), Frame::pong("b"), Frame::text("c")]);
            peer.expect_pong("a")?;
            journal.expect_all(&["ping a", "pong b", "text c"])?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::messages_before_the_close_are_received",
        &[&SESSION_RECEIVE_2, &K17],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send_all(&[
                Frame::text("one"),
                Frame::text("two"),
                Frame::close(4001, "enough"),
            ]);
            journal.expect_all(&[
                "text one",
                "text two",
                "end",
                "end again",
                "closed by peer: 4001 enough",
                "send failed",
            ])?;
            peer.expect_close_answer(4001)
        },
    ),
    Case::app(
        "contract::session::handler_learns_code_and_reason",
        &[&K17, &SESSION_CLOSE_8],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::close(1001, "th\u{e9} end"));
            journal.expect_all(&[
                "end",
                "end again",
                "closed by peer: 1001 th\u{e9} end",
                "send failed",
            ])?;
            peer.expect_close_answer(1001)
        },
    ),
    Case::app(
        "contract::session::close_without_code_is_no_status",
        &[&K18],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::empty_close());
            journal.expect_all(&[
                "end",
                "end again",
                "closed by peer: no status",
                "send failed",
            ])
        },
    ),
    Case::app(
        "contract::session::violation_is_one_error_after_the_messages_before_it",
        &[&SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send_all(&[Frame::text("fine"), Frame::new(0x3, "")]);
            journal.expect_all(&[
                "text fine",
                "error: Protocol",
                "end again",
                "closed abnormally: Protocol",
                "send failed",
            ])?;
            peer.expect_failed(&[1002])
        },
    ),
    Case::app(
        "contract::session::invalid_text_is_told_as_such",
        &[&SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::text(b"\xff"));
            journal.expect_all(&["error: InvalidPayload", "end again"])?;
            peer.expect_failed(&[1007])
        },
    ),
    Case::app(
        "contract::session::message_too_big_is_told_as_such",
        &[&SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::binary("").with_length(Length::Announced(1 << 40)));
            journal.expect_all(&["error: TooBig", "end again"])?;
            peer.expect_failed(&[1009])
        },
    ),
    Case::app(
        "contract::session::end_without_close_is_one_error",
        &[&K19, &SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::text("last"));
            peer.finish();
            journal.expect_all(&[
                "text last",
                "error: Disconnected",
                "end again",
                "closed abnormally: Disconnected",
                "send failed",
            ])
        },
    ),
    Case::app(
        "contract::session::reset_is_one_error",
        &[&K19, &SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::text("last"));
            journal.expect("text last")?;
            peer.reset();
            let error = journal.next()?;
            ensure(
                matches!(&*error, "error: Io" | "error: Disconnected"),
                "error: Io or Disconnected",
                error,
            )?;
            journal.expect("end again")?;
            let closed = journal.next()?;
            ensure(
                closed.starts_with("closed abnormally"),
                "closed abnormally",
                closed,
            )?;
            journal.expect("send failed")
        },
    ),
    Case::app(
        "contract::session::message_cut_off_is_not_received",
        &[&K20, &SESSION_RECEIVE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send(&Frame::text("whole"));
            let bytes = Frame::text("cut off").encode();
            peer.write(&bytes[..bytes.len() - 2]);
            peer.finish();
            journal.expect_all(&["text whole", "error: Disconnected", "end again"])
        },
    ),
    Case::app(
        "contract::session::half_a_message_is_not_received",
        &[&K20, &F30],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/watch"))?;
            peer.send_all(&[
                Frame::text("first half").unfinished(),
                Frame::close(1000, ""),
            ]);
            journal.expect_all(&["end", "end again"])?;
            peer.expect_close_answer(1000)
        },
    ),
    Case::app(
        "contract::session::handler_that_does_not_read_stops_the_peer",
        &[&SESSION_RECEIVE_4, &SESSION_BACKPRESSURE_1],
        |server| {
            const MOST: usize = 64 << 20;
            let mut peer = server.open_slow("/never-reads")?;
            peer.expect_text("not reading")?;
            let taken = peer.flood(&Frame::binary(vec![0; 16 << 10]).encode(), MOST);
            ensure(
                taken < MOST,
                "the peer to be stopped before 64 MiB",
                format_args!("{taken} bytes taken"),
            )
        },
    )
    .hint("stop reading the socket when the inbound queue is full"),
    Case::app(
        "contract::session::messages_waiting_for_a_slow_handler_are_all_received",
        &[&SESSION_RECEIVE_4, &SESSION_RECEIVE_1],
        |server| {
            // More than the inbound queue holds, to a handler that is told when to begin.
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/late"))?;
            let frames: Vec<_> = (0..2000).map(|n| Frame::text(n.to_string())).collect();
            peer.send_all(&frames);
            let mut starter = server.open(&journal.path_to("/start"))?;
            starter.expect_text("started")?;
            for n in 0..2000 {
                journal.expect(&format!("text {n}"))?;
            }
            peer.close()
        },
    ),
];
