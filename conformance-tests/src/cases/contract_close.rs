//! The contract of closing from the server's side.

use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Event, Frame, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::close::takes_effect_though_nobody_awaits_it",
        &[&SESSION_CLOSE_1],
        |server| {
            // The handler drops the future of `close` and then waits for something that never comes.
            let mut peer = server.open("/close?how=unawaited&code=4001&reason=bye")?;
            let reason = peer.expect_close(4001)?;
            ensure(reason == "bye", "the reason bye", reason)
        },
    ),
    Case::app(
        "contract::close::first_status_counts",
        &[&SESSION_CLOSE_2],
        |server| {
            let mut peer = server.open("/close?how=twice&code=4001&reason=first")?;
            let reason = peer.expect_close(4001)?;
            ensure(reason == "first", "the reason first", reason)
        },
    ),
    Case::app(
        "contract::close::closing_after_the_end_does_nothing",
        &[&SESSION_CLOSE_2, &K36],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/close?how=twice&code=4001"))?;
            peer.expect_close(4001)?;
            journal.expect_all(&[
                "first: closed by us: 4001",
                "second: closed by us: 4001",
                "after: closed by us: 4001",
                "is open: false",
            ])
        },
    ),
    Case::app(
        "contract::close::future_resolves_when_the_peer_answered",
        &[&SESSION_CLOSE_3],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/close?how=awaited&code=4001"))?;
            let close = peer.expect_close_frame()?;
            ensure(close.close_code() == Some(4001), "Close 4001", &close)?;
            journal.expect("closing")?;
            journal.expect_nothing()?;
            peer.send(&Frame::close(4001, ""));
            journal.expect("closed by us: 4001")?;
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::what_was_sent_before_is_written_before",
        &[&SESSION_CLOSE_4, &K13],
        |server| {
            let mut peer = server.open("/close?how=after-three&code=4001")?;
            for n in 0..3 {
                peer.expect_text(n.to_string())?;
            }
            peer.expect_close(4001).map(drop)
        },
    ),
    Case::app(
        "contract::close::sending_afterwards_fails",
        &[&SESSION_SEND_3, &K13],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/close?how=after-three&code=4001"))?;
            journal.expect_all(&["send failed", "is open: false"])?;
            for n in 0..3 {
                peer.expect_text(n.to_string())?;
            }
            peer.expect_close(4001).map(drop)
        },
    ),
    Case::app(
        "contract::close::server_closes_tcp_after_the_answer",
        &[&SESSION_CLOSE_5, &K15],
        |server| {
            let mut peer = server.open("/close?how=awaited&code=1000")?;
            peer.expect_close(1000).map(drop)
        },
    ),
    Case::app(
        "contract::close::peer_that_does_not_answer_is_dropped",
        &[&SESSION_CLOSE_6, &K23],
        |server| {
            let mut peer = server.open("/impatient")?;
            let close = peer.expect_close_frame()?;
            ensure(close.close_code() == Some(1000), "Close 1000", &close)?;
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::deadline_is_told_to_the_handler",
        &[&SESSION_CLOSE_3, &SESSION_CLOSE_6],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/impatient"))?;
            peer.expect_close_frame()?;
            journal.expect("closed: timed out")
        },
    ),
    Case::app(
        "contract::close::peer_that_goes_on_talking_is_dropped",
        &[&SESSION_CLOSE_6, &K23],
        |server| {
            let mut peer = server.open("/impatient")?;
            peer.expect_close_frame()?;
            for _ in 0..3 {
                peer.send(&Frame::ping("still here"));
                peer.send(&Frame::text("still here"));
            }
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::message_on_its_way_is_received",
        &[&SESSION_CLOSE_7, &K24],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/close?how=then-receive&code=4001"))?;
            peer.expect_close_frame()?;
            peer.send_all(&[Frame::text("crossing"), Frame::close(4001, "")]);
            journal.expect_all(&["text crossing", "end"])?;
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::closing_handshake_completes_behind_late_messages",
        &[&K24],
        |server| {
            let mut peer = server.open("/close?how=unawaited&code=4001")?;
            peer.expect_close_frame()?;
            for n in 0..100 {
                peer.send(&Frame::text(n.to_string()));
            }
            peer.send(&Frame::close(4001, ""));
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::everyone_who_asks_is_told",
        &[&SESSION_CLOSE_8],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/never-reads"))?;
            peer.expect_text("not reading")?;
            peer.send(&Frame::close(4003, "x"));
            journal.expect_all(&["closed by peer: 4003 x", "closed by peer: 4003 x"])
        },
    ),
    Case::app(
        "contract::close::both_at_once_are_one_close_each",
        &[&K16],
        |server| {
            let mut peer = server.open("/close-when-told")?;
            peer.send_all(&[Frame::text("4001"), Frame::close(1000, "")]);
            let close = peer.expect_close_frame()?;
            ensure(
                matches!(close.close_code(), Some(1000 | 4001)),
                "Close 1000 or 4001",
                &close,
            )?;
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::peers_answer_is_not_answered",
        &[&K12, &K16],
        |server| {
            let mut peer = server.open("/close-when-told")?;
            peer.send(&Frame::text("4001"));
            peer.expect_close(4001).map(drop)
        },
    ),
    Case::app(
        "contract::close::every_code_that_may_be_sent_is_sent",
        &[&SESSION_CLOSE_1, &K6],
        |server| {
            for code in [
                1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
                4999,
            ] {
                let mut peer = server.open("/close-when-told")?;
                peer.send(&Frame::text(code.to_string()));
                peer.expect_close(code)?;
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::close::codes_that_may_not_be_sent_are_refused",
        &[&K4, &K5],
        |server| {
            let mut peer = server.open("/close-when-told")?;
            for code in [
                "0", "999", "1004", "1005", "1006", "1015", "1016", "2999", "5000", "65535",
            ] {
                peer.send(&Frame::text(code));
                peer.expect_text(format!("refused {code}"))?;
            }
            peer.close()
        },
    ),
    Case::app(
        "contract::close::reason_of_123_bytes_is_sent_whole",
        &[&K8],
        |server| {
            let reason = "r".repeat(123);
            let mut peer = server.open("/close-when-told")?;
            peer.send(&Frame::text(format!("4001 {reason}")));
            let seen = peer.expect_close(4001)?;
            ensure(seen == reason, "123 bytes of reason", seen)
        },
    ),
    Case::app(
        "contract::close::reason_of_124_bytes_is_refused_and_not_cut",
        &[&K8],
        |server| {
            let mut peer = server.open("/close-when-told")?;
            peer.send(&Frame::text(format!("4001 {}", "\u{e9}".repeat(62))));
            peer.expect_text("refused 4001")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::close::close_behind_a_blocked_message_comes_after_it",
        &[&SESSION_CLOSE_4, &SESSION_SEND_2],
        |server| {
            // The handler sends 8 MiB in one message and closes; the peer reads late.
            let mut peer = server.open_slow("/close-behind-large")?;
            let message = peer.message()?;
            ensure(
                message.opcode == opcode::BINARY && message.payload.len() == 8 << 20,
                "8 MiB",
                &message,
            )?;
            peer.expect_close(1000).map(drop)
        },
    ),
    Case::app(
        "contract::close::unread_input_does_not_destroy_the_close",
        &[&K25, &SESSION_CLOSE_5],
        |server| {
            // The handler closes at once; the peer's input is still on its way to nobody.
            let mut peer = server.open("/close?how=unawaited&code=4001")?;
            peer.write(&Frame::binary(vec![0; 8 << 10]).encode().repeat(8));
            let close = peer.expect_close_frame()?;
            ensure(close.close_code() == Some(4001), "Close 4001", &close)?;
            peer.send(&Frame::close(4001, ""));
            peer.expect_end()
        },
    ),
    Case::app(
        "contract::close::reset_after_our_close_is_no_answer",
        &[&SESSION_CLOSE_3, &K19],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/close?how=awaited&code=4001"))?;
            journal.expect("closing")?;
            peer.expect_close_frame()?;
            peer.reset();
            unclean(&journal.next()?)
        },
    ),
    Case::app(
        "contract::close::end_after_our_close_is_no_answer",
        &[&SESSION_CLOSE_3, &K19],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/close?how=awaited&code=4001"))?;
            journal.expect("closing")?;
            peer.expect_close_frame()?;
            peer.finish();
            unclean(&journal.next()?)?;
            match peer.next()? {
                Event::End(_) => Ok(()),
                Event::Frame(frame) => ensure(false, "the end of TCP", frame),
            }
        },
    ),
];

fn unclean(entry: &str) -> Verdict {
    ensure(
        entry.starts_with("closed abnormally") || entry == "closed: timed out",
        "the handler to learn of an unclean end",
        entry,
    )
}
