//! The contract of a handler's end.

use crate::{
    Case, Feature,
    case::ensure,
    contract::PANICKING_LENS,
    requirements::*,
    wire::{Frame, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::end::ok_closes_with_1000",
        &[&HANDLER_END_1, &K31],
        |server| {
            let mut peer = server.open("/ok")?;
            peer.send(&Frame::text("go"));
            peer.expect_text("done")?;
            let reason = peer.expect_close(1000)?;
            ensure(reason.is_empty(), "an empty reason", reason)
        },
    ),
    Case::app(
        "contract::end::ok_at_once_closes_with_1000",
        &[&HANDLER_END_1, &K31],
        |server| {
            let mut peer = server.open("/ok-at-once")?;
            peer.expect_close(1000).map(drop)
        },
    ),
    Case::app(
        "contract::end::what_was_sent_is_written_before_the_close",
        &[&HANDLER_END_1, &SESSION_CLOSE_4],
        |server| {
            // The handler sends 64 messages of 32 KiB and returns; the peer reads late.
            let mut peer = server.open_slow("/burst")?;
            for n in 0..64_u32 {
                let message = peer.message()?;
                let whole = message.payload.len() == 32 << 10
                    && message.payload.starts_with(&n.to_be_bytes());
                ensure(whole, format!("message {n}, whole"), &message)?;
            }
            peer.expect_close(1000).map(drop)
        },
    ),
    Case::app(
        "contract::end::unread_messages_do_not_disturb_the_close",
        &[&HANDLER_END_1, &K25],
        |server| {
            let mut peer = server.open("/ok")?;
            peer.write(&Frame::text("go").encode().repeat(1000));
            peer.expect_text("done")?;
            peer.expect_close(1000).map(drop)
        },
    ),
    Case::app(
        "contract::end::error_closes_with_1011",
        &[&HANDLER_END_2, &K27],
        |server| {
            let mut peer = server.open("/error")?;
            peer.expect_close(1011).map(drop)
        },
    ),
    Case::app(
        "contract::end::error_tells_nothing_internal",
        &[&HANDLER_END_2, &K27],
        |server| {
            let mut peer = server.open("/error")?;
            let reason = peer.expect_close(1011)?;
            ensure(reason.is_empty(), "an empty reason", reason)
        },
    )
    .hint("the text of an error is for the log"),
    Case::app(
        "contract::end::what_was_sent_before_an_error_is_written",
        &[&HANDLER_END_2, &SESSION_CLOSE_4],
        |server| {
            let mut peer = server.open("/error?say=first")?;
            peer.expect_text("first")?;
            peer.expect_close(1011).map(drop)
        },
    ),
    Case::app(
        "contract::end::error_can_choose_its_status",
        &[&HANDLER_END_2, &K28],
        |server| {
            let mut peer = server.open("/text-only")?;
            peer.send(&Frame::text("fine"));
            peer.expect_text("fine")?;
            peer.send(&Frame::binary("not fine"));
            let reason = peer.expect_close(1003)?;
            ensure(reason == "text only", "the reason text only", reason)
        },
    ),
    Case::app(
        "contract::end::panic_closes_with_1011",
        &[&HANDLER_END_3, &K27],
        |server| {
            let mut peer = server.open("/panic")?;
            let reason = peer.expect_close(1011)?;
            ensure(reason.is_empty(), "an empty reason", reason)
        },
    )
    .needing(Feature::Unwinding),
    Case::app(
        "contract::end::panic_after_a_wait_closes_with_1011",
        &[&HANDLER_END_3],
        |server| {
            let mut peer = server.open("/panic?when=told")?;
            peer.send(&Frame::text("now"));
            peer.expect_close(1011).map(drop)
        },
    )
    .needing(Feature::Unwinding),
    Case::app(
        "contract::end::panic_of_what_a_handler_leaves_closes_with_1011",
        &[&HANDLER_END_3],
        |server| {
            let mut peer = server.open("/panic-when-dropped")?;
            peer.expect_text("ending")?;
            let reason = peer.expect_close(1011)?;
            ensure(reason.is_empty(), "an empty reason", reason)
        },
    )
    .needing(Feature::Unwinding),
    Case::app(
        "contract::end::payload_that_panics_when_it_is_dropped_changes_nothing",
        &[&HANDLER_END_5],
        |server| {
            let mut peer = server.open("/panicking-payloads")?;
            for len in PANICKING_LENS {
                peer.expect_binary(vec![7; len])?;
            }
            peer.expect_alive()?;
            peer.close()
        },
    )
    .needing(Feature::Unwinding),
    Case::app(
        "contract::end::panic_touches_no_other_session",
        &[&HANDLER_END_3],
        |server| {
            let mut other = server.open("/echo")?;
            let mut peer = server.open("/panic")?;
            peer.expect_close(1011)?;
            other.send(&Frame::text("untouched"));
            other.expect_text("untouched")?;
            other.close()?;
            let mut fresh = server.open("/echo")?;
            fresh.send(&Frame::text("still serving"));
            fresh.expect_text("still serving")?;
            fresh.close()
        },
    )
    .needing(Feature::Unwinding),
    Case::app(
        "contract::end::fifty_panics_leave_the_server_well",
        &[&HANDLER_END_3],
        |server| {
            for _ in 0..50 {
                server.open("/panic")?.expect_close(1011)?;
            }
            let mut peer = server.open("/echo")?;
            peer.send(&Frame::text("well"));
            peer.expect_text("well")?;
            peer.close()
        },
    )
    .needing(Feature::Unwinding),
    Case::app(
        "contract::end::handler_that_goes_on_is_dropped_after_its_grace",
        &[&HANDLER_END_4],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/stubborn"))?;
            peer.expect_text("going on")?;
            peer.send(&Frame::close(1000, ""));
            let close = peer.expect_close_frame()?;
            ensure(
                close.opcode == opcode::CLOSE && close.close_code() == Some(1000),
                "Close 1000",
                &close,
            )?;
            journal.expect("dropped")
        },
    ),
    Case::app(
        "contract::end::handler_that_goes_on_is_dropped_after_a_reset",
        &[&HANDLER_END_4],
        |server| {
            let mut journal = server.journal()?;
            let mut peer = server.open(&journal.path_to("/stubborn"))?;
            peer.expect_text("going on")?;
            peer.reset();
            journal.expect("dropped")
        },
    ),
];
