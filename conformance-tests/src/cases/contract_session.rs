//! The contract of a session while it is open: sending, and being served.

use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Length, Server, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::session::dropping_the_session_is_not_closing",
        &[&SESSION_RECEIVE_5],
        |server| {
            let mut peer = server.open("/dropped")?;
            peer.expect_text("dropped")?;
            peer.write(&Frame::text("discarded").encode().repeat(2000));
            peer.expect_alive()?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::senders_work_from_other_threads_in_order",
        &[&SESSION_SEND_1],
        |server| {
            let mut peer = server.open("/threads")?;
            let mut next = [0; 4];
            for _ in 0..200 {
                let message = peer.message()?;
                let text = String::from_utf8_lossy(&message.payload);
                let parsed = text.split_once(' ').and_then(|(thread, n)| {
                    Some((thread.parse::<usize>().ok()?, n.parse::<u32>().ok()?))
                });
                let Some((thread @ 0..4, n)) = parsed else {
                    return ensure(false, "the number of a thread and of a message", &message);
                };
                ensure(
                    n == next[thread],
                    format!("message {} of thread {thread}", next[thread]),
                    &message,
                )?;
                next[thread] += 1;
            }
            peer.expect_close(1000).map(drop)
        },
    ),
    Case::app(
        "contract::session::receiving_and_sending_do_not_wait_for_each_other",
        &[&SESSION_SEND_1, &SESSION_SEND_4],
        |server| {
            // The handler sends ten messages of its own while it echoes.
            let mut peer = server.open("/both")?;
            let frames: Vec<_> = (0..10).map(|n| Frame::text(format!("echo {n}"))).collect();
            peer.send_all(&frames);
            let (mut echoes, mut ticks) = (0, 0);
            for _ in 0..20 {
                let message = peer.message()?;
                let count = if message.payload.starts_with(b"echo") {
                    &mut echoes
                } else {
                    &mut ticks
                };
                let kind = if message.payload.starts_with(b"echo") {
                    "echo"
                } else {
                    "tick"
                };
                ensure(
                    message.payload == format!("{kind} {count}").as_bytes(),
                    format!("{kind} {count}"),
                    &message,
                )?;
                *count += 1;
            }
            ensure(
                (echoes, ticks) == (10, 10),
                "ten echoes and ten ticks",
                format_args!("{echoes} and {ticks}"),
            )?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::sender_waits_for_a_peer_that_does_not_read",
        &[&SESSION_SEND_2, &SESSION_BACKPRESSURE_2, &L4],
        |server| {
            // 512 messages of 64 KiB, numbered.
            let mut journal = server.journal()?;
            let mut peer = server.open_slow(&journal.path_to("/push"))?;
            journal.expect("accepted 1")?; // which may take longer than the silence that follows
            let last = journal.last()?;
            ensure(
                last.as_deref() != Some("accepted 512"),
                "the sender to wait before 32 MiB are accepted",
                format_args!("{last:?}"),
            )?;
            for n in 0..512_u32 {
                let message = peer.message()?;
                let whole = message.payload.len() == 64 << 10
                    && message.payload.starts_with(&n.to_be_bytes());
                ensure(whole, format!("message {n}, whole"), &message)?;
            }
            peer.expect_close(1000).map(drop)
        },
    )
    .hint("bound what a session may have unwritten, and let send wait"),
    Case::app(
        "contract::session::what_is_sent_is_written_without_a_flush",
        &[&SESSION_SEND_4],
        |server| {
            let mut peer = server.open("/never-reads")?;
            peer.expect_text("not reading")?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::what_is_sent_is_written_while_the_peer_sends_without_pause",
        &[&SESSION_SEND_4],
        |server| {
            // The handler is slower than the flood, so that there is always more to read.
            const MOST: usize = 2_000;
            let mut peer = server.open("/flooded")?;
            let frame = Frame::binary(vec![0; 64 << 10]);
            let sent = peer.flood_while(&frame, MOST, |peer| peer.expect_text("acknowledged"))?;
            ensure(
                sent < MOST,
                "the acknowledgement of the first message before the end of the flood",
                format_args!("{sent} messages sent before it came"),
            )
        },
    )
    .hint("write when the handler waits, not when there is nothing left to read"),
    Case::app(
        "contract::session::oversized_control_frames_are_refused_and_not_sent",
        &[&SESSION_SEND_5],
        |server| {
            let mut peer = server.open("/oversized-ping")?;
            peer.expect_text("ping refused: Misuse")?;
            peer.expect_text("pong refused: Misuse")?;
            peer.expect_alive()?;
            peer.close()
        },
    ),
    Case::app(
        "contract::session::ping_is_answered_though_the_handler_does_not_read",
        &[&SESSION_SERVE_1, &F42],
        |server| {
            let mut peer = server.open("/never-reads")?;
            peer.expect_text("not reading")?;
            peer.send_all(&[
                Frame::text("unread"),
                Frame::ping("one"),
                Frame::text("unread"),
                Frame::ping("two"),
            ]);
            peer.expect_pong("one")?;
            peer.expect_pong("two")?;
            peer.close()
        },
    )
    .hint("the connection is served by its driver, not by the handler's reading"),
    Case::app(
        "contract::session::close_is_answered_though_the_handler_does_not_read",
        &[&SESSION_SERVE_2],
        |server| {
            let mut peer = server.open("/never-reads")?;
            peer.expect_text("not reading")?;
            peer.send_all(&[
                Frame::text("unread"),
                Frame::text("unread"),
                Frame::close(4002, ""),
            ]);
            peer.expect_close_answer(4002)
        },
    ),
    Case::app(
        "contract::session::end_is_noticed_though_the_handler_does_not_read",
        &[&SESSION_SERVE_2, &SESSION_CLOSE_8],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/never-reads"))?;
            peer.expect_text("not reading")?;
            peer.send(&Frame::close(4002, "over"));
            journal.expect("closed by peer: 4002 over")
        },
    ),
    Case::app(
        "contract::session::violation_is_told_though_the_handler_does_not_read",
        &[&SESSION_SERVE_3],
        |server| unread_fails(server, &Frame::new(0x3, ""), 1002),
    ),
    Case::app(
        "contract::session::invalid_text_is_told_though_the_handler_does_not_read",
        &[&SESSION_SERVE_3],
        |server| unread_fails(server, &Frame::text(b"\xff"), 1007),
    ),
    Case::app(
        "contract::session::giant_frame_is_told_though_the_handler_does_not_read",
        &[&SESSION_SERVE_3],
        |server| {
            unread_fails(
                server,
                &Frame::binary("").with_length(Length::Announced(1 << 40)),
                1009,
            )
        },
    ),
    Case::app(
        "contract::session::sessions_do_not_disturb_each_other",
        &[&SESSION_SEND_1, &SESSION_RECEIVE_1],
        |server| {
            let mut peers = (0..16)
                .map(|_| server.open("/echo"))
                .collect::<Verdict<Vec<_>>>()?;
            for round in 0..10 {
                for (n, peer) in peers.iter_mut().enumerate() {
                    peer.send(&Frame::text(format!("{n} {round}")));
                }
                for (n, peer) in peers.iter_mut().enumerate() {
                    peer.expect_text(format!("{n} {round}"))?;
                }
            }
            peers.into_iter().try_for_each(|peer| peer.close())
        },
    ),
    Case::app(
        "contract::session::large_messages_both_ways_do_not_block_each_other",
        &[&SESSION_SEND_2, &SESSION_RECEIVE_4],
        |server| {
            // 16 messages of 64 KiB are under way before the first answer is read.
            let mut peer = server.open("/echo")?;
            let message = Frame::binary(vec![3; 64 << 10]);
            for _ in 0..16 {
                peer.send(&message);
            }
            for _ in 0..16 {
                let echo = peer.message()?;
                ensure(
                    echo.opcode == opcode::BINARY && echo.payload == message.payload,
                    "the message",
                    &echo,
                )?;
            }
            peer.close()
        },
    ),
    Case::app(
        "contract::session::messages_before_the_close_are_answered",
        &[&SESSION_SERVE_2, &K1],
        |server| {
            let mut peer = server.open("/echo")?;
            peer.send_all(&[Frame::text("last words"), Frame::close(1000, "")]);
            peer.expect_text("last words")?;
            peer.expect_close_answer(1000)
        },
    )
    .hint("a Close waits until the handler had a chance to run on what came before it"),
    Case::app(
        "contract::session::messages_that_wait_for_room_are_answered_before_the_close",
        &[&SESSION_SERVE_2],
        |server| {
            let mut peer = server.open("/echo")?;
            let large = vec![7; 256 << 10];
            peer.send_all(&[
                Frame::binary(large.clone()),
                Frame::text("last words"),
                Frame::close(1000, ""),
            ]);
            peer.expect_binary(large)?;
            peer.expect_text("last words")?;
            peer.expect_close_answer(1000)
        },
    )
    .hint("a handler that waits for room in the outbound buffer goes on once there is some, Close or not"),
    Case::app(
        "contract::session::messages_before_a_violation_are_answered",
        &[&SESSION_RECEIVE_3, &K22],
        |server| {
            let mut peer = server.open("/echo")?;
            peer.send_all(&[Frame::text("fine"), Frame::new(0x3, "")]);
            peer.expect_text("fine")?;
            peer.expect_failed(&[1002])
        },
    )
    .hint("an error must not overtake the messages before it"),
];

fn unread_fails(server: &Server, frame: &Frame, code: u16) -> Verdict {
    let mut peer = server.open("/never-reads")?;
    peer.expect_text("not reading")?;
    peer.send(frame);
    peer.expect_failed(&[code])
}
