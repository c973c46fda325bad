//! Whatever settings can be built are served: each at its least and at its most, alone and with the others.

use std::time::Duration;

use proptest::prelude::*;
use switchwire_core::{
    HandlerResult, WebSocketSession, WebSocketSettings, WebSocketSettingsBuilder,
};
use tokio::{runtime::Runtime, time::timeout};

use crate::peer::{close, frame, start};

type Set = fn(WebSocketSettingsBuilder, bool) -> WebSocketSettingsBuilder;

fn size(is_most: bool, least: usize) -> usize {
    if is_most { isize::MAX as usize } else { least }
}

/// Sizes, counts and rates. At its least each lets a message of a byte through.
const SIZES: [Set; 14] = [
    |settings, is_most| {
        let size = size(is_most, 1);
        settings
            .with_max_message_size(size)
            .with_max_frame_size(size)
    },
    |settings, is_most| settings.with_max_fragments(size(is_most, 1)),
    |settings, is_most| settings.with_read_buffer_size(if is_most { 16 << 20 } else { 512 }),
    |settings, is_most| settings.with_inbound_buffer_size(size(is_most, 1)),
    |settings, is_most| settings.with_inbound_messages(size(is_most, 1)),
    |settings, is_most| settings.with_outbound_buffer_size(size(is_most, 1)),
    |settings, is_most| settings.with_outbound_messages(size(is_most, 1)),
    |settings, is_most| settings.with_max_messages_per_second(size(is_most, 1)),
    |settings, is_most| settings.with_max_bytes_per_second(size(is_most, 1)),
    |settings, is_most| settings.with_max_pings_per_second(size(is_most, 1)),
    |settings, is_most| settings.with_max_sessions(size(is_most, 1)),
    |settings, is_most| settings.with_max_sessions_per_address(size(is_most, 1)),
    |settings, is_most| settings.with_ipv6_prefix_length(if is_most { 128 } else { 1 }),
    |settings, is_most| settings.with_max_request_head_size(size(is_most, 1)),
];

fn time(is_most: bool, least: u64) -> Duration {
    if is_most {
        Duration::from_secs(10 * 365 * 24 * 60 * 60)
    } else {
        Duration::from_millis(least)
    }
}

/// Times. At its least each may end the session before a message is answered.
const TIMES: [Set; 10] = [
    |settings, is_most| settings.with_ping_interval(time(is_most, 1)),
    |settings, is_most| settings.with_pong_timeout(time(is_most, 1)),
    |settings, is_most| settings.with_idle_timeout(time(is_most, 1)),
    |settings, is_most| settings.with_max_session_age(time(is_most, 1)),
    |settings, is_most| settings.with_message_timeout(time(is_most, 1)),
    |settings, is_most| settings.with_handshake_timeout(time(is_most, 1)),
    |settings, is_most| settings.with_closing_deadline(time(is_most, 1)),
    |settings, is_most| settings.with_handler_grace(time(is_most, 0)),
    |settings, is_most| settings.with_answer_grace(time(is_most, 0)),
    |settings, is_most| settings.with_answer_grace_after_close(time(is_most, 0)),
];

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// A byte is sent back, and the session closed as the peer asks.
fn serves(settings: WebSocketSettingsBuilder) {
    let settings = settings.build().unwrap();
    runtime().block_on(async {
        let mut peer = start(echo, settings, 1 << 10);
        peer.write(&frame(0x82, b"x")).await;
        peer.expect(b"\x82\x01x").await;
        peer.write(&close(1000)).await;
        peer.expect_end(b"\x88\x02\x03\xe8").await;
        assert!(peer.outcome().await.is_clean());
    });
}

/// The session ends, one way or another, soon after the peer has left.
fn ends(settings: WebSocketSettingsBuilder) {
    let settings = settings.build().unwrap();
    runtime().block_on(async {
        let mut peer = start(echo, settings, 1 << 10);
        peer.write(&frame(0x02, b"the beginning")).await;
        timeout(Duration::from_secs(3_600), peer.outcome())
            .await
            .expect("it ends");
    });
}

fn default() -> WebSocketSettingsBuilder {
    WebSocketSettings::builder()
}

#[test]
fn each_setting_alone_at_its_least_and_most_is_served() {
    for set in SIZES {
        serves(set(default(), false));
        serves(set(default(), true));
    }
    for set in TIMES {
        serves(set(default(), true));
        ends(set(default(), true));
        ends(set(default(), false));
    }
}

#[test]
fn all_settings_at_their_most_are_served_together() {
    let sizes = SIZES.iter().fold(default(), |all, set| set(all, true));
    let all = TIMES.iter().fold(sizes, |all, set| set(all, true));
    serves(all.clone());
    ends(all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_settings_at_their_least_or_most_are_served(
        sizes: [Option<bool>; 14],
        times: [Option<bool>; 10],
    ) {
        let choose = |chosen: &[Option<bool>], sets: &[Set], settings| {
            let chosen = chosen.iter().zip(sets);
            chosen.fold(settings, |all: WebSocketSettingsBuilder, (most, set)| match most {
                Some(is_most) => set(all, *is_most),
                None => all,
            })
        };
        let sizes = choose(&sizes, &SIZES, default());
        serves(sizes.clone());
        ends(choose(&times, &TIMES, sizes));
    }
}

/// A header announces the longest message that the settings allow, and nothing comes of it.
#[tokio::test(start_paused = true)]
async fn a_message_as_long_as_memory_may_be_announced() {
    for first in [0x82, 0x02] {
        let settings = SIZES[0](default(), true).build().unwrap();
        let mut peer = start(echo, settings, 1 << 10);
        let mut header = vec![first, 0x80 | 127];
        header.extend((isize::MAX as u64).to_be_bytes());
        header.extend(*b"\0\0\0\0some of it");
        peer.write(&header).await;
        assert_eq!(peer.outcome().await.code(), 1006);
    }
}

#[test]
fn what_no_session_could_work_with_is_refused() {
    for settings in [
        default().with_handler_grace(Duration::MAX),
        default().with_idle_timeout(Duration::from_nanos(1)),
        default().with_read_buffer_size((16 << 20) + 1),
    ] {
        settings.build().unwrap_err();
    }
}
