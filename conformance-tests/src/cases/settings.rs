//! Settings of one endpoint leave the others alone.

use super::echoes;
use crate::{
    Case,
    case::Verdict,
    requirements::*,
    wire::{Frame, Server},
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
