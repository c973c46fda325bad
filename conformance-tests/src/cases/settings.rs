//! Settings of one endpoint leave the others alone.

use super::{accepted, echoes};
use crate::{
    Case,
    case::Verdict,
    requirements::*,
    wire::{Frame, Request, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::settings::too_big_a_message_for_one_endpoint_is_fine_for_another",
        &[&SETTINGS_ENDPOINT_1, &LIMITS_MESSAGE_1],
        |server| {
            let text = "x".repeat(900);
            let mut frames = vec![Frame::text(&text).unfinished()];
            frames.extend((0..4).map(|_| Frame::continuation(&text).unfinished()));
            frames.push(Frame::continuation(""));
            fails_at_small(server, &frames, 1009)?;
            echoes(server, &frames, &text.repeat(5))
        },
    ),
    Case::app(
        "contract::settings::frame_over_the_limit_of_one_endpoint_is_fine_for_another",
        &[&SETTINGS_ENDPOINT_1, &LIMITS_FRAME_1],
        |server| {
            let text = "x".repeat(1025);
            fails_at_small(server, &[Frame::text(&text)], 1009)?;
            echoes(server, &[Frame::text(&text)], &text)
        },
    ),
    Case::app(
        "contract::settings::head_of_16_kib_is_accepted",
        &[&HANDSHAKE_HEADERS_1],
        |server| accepted(server, &head_of(server, "/echo", 16 << 10)),
    ),
    Case::app(
        "contract::settings::head_over_16_kib_gets_431",
        &[&HANDSHAKE_HEADERS_1],
        |server| {
            let over = head_of(server, "/echo", (16 << 10) + 1);
            server.refuse_with(&over, &[431]).map(drop)
        },
    ),
    Case::app(
        "contract::settings::head_of_many_headers_over_16_kib_gets_431",
        &[&HANDSHAKE_HEADERS_1],
        |server| {
            let mut request = server.upgrade();
            for number in 0..60 {
                request = request.and(&format!("X-{number}"), "x".repeat(300));
            }
            server.refuse_with(&request, &[431]).map(drop)
        },
    ),
    Case::app(
        "contract::settings::target_over_16_kib_gets_414",
        &[&HANDSHAKE_HEADERS_1],
        |server| {
            let target = format!("/echo?{}", "x".repeat(16 << 10));
            server
                .refuse_with(&server.upgrade_to(&target), &[414])
                .map(drop)
        },
    ),
    Case::app(
        "contract::settings::head_too_large_for_one_endpoint_is_fine_for_another",
        &[&SETTINGS_ENDPOINT_1, &HANDSHAKE_HEADERS_1],
        |server| {
            let size = 40 << 10;
            server.refuse_with(&head_of(server, "/echo", size), &[431])?;
            accepted(server, &head_of(server, "/large-head", size))
        },
    ),
    Case::app(
        "contract::settings::one_fragment_too_many_for_one_endpoint_is_fine_for_another",
        &[&SETTINGS_ENDPOINT_1, &LIMITS_FRAGMENTS_1],
        |server| {
            let mut frames = vec![Frame::text("x").unfinished()];
            frames.extend((0..7).map(|_| Frame::continuation("x").unfinished()));
            frames.push(Frame::continuation("x"));
            fails_at_small(server, &frames, 1008)?;
            echoes(server, &frames, "xxxxxxxxx")
        },
    ),
    Case::app(
        "contract::settings::patient_endpoint_waits_where_another_would_not",
        &[&SETTINGS_ENDPOINT_1, &HANDSHAKE_TIMEOUT_1],
        |server| {
            let (peer, _) = server.accept(&server.upgrade_to("/access/patient"))?;
            peer.close()
        },
    ),
];

fn fails_at_small(server: &Server, frames: &[Frame], code: u16) -> Verdict {
    let mut peer = server.open("/small")?;
    peer.send_all(frames);
    peer.expect_failed(&[code])
}

/// A handshake whose target and headers have so many bytes.
fn head_of(server: &Server, path: &str, size: usize) -> Request {
    let request = server.upgrade_to(path).and("X-Filling", "");
    let filling = "x".repeat(size - request.head_size());
    request.with("X-Filling", filling)
}
