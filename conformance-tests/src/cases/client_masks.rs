//! The masks of a client (RFC 6455 sections 5.1, 5.3 and 10.3).

use std::collections::HashSet;

use bytes::Bytes;
use switchwire_core::{CloseCode, WebSocketMessage};

use super::client_frames::fails;
use crate::{
    ClientCase,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Client, Event, Frame, Peer},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new("client::s5_3::data_frames_are_masked", &[&C26], |client| {
        let (session, mut peer) = client.open()?;
        session.send("text")?;
        peer.expect_text("text")?;
        session.send(Bytes::from_static(b"binary"))?;
        peer.expect_binary("binary")
    }),
    ClientCase::new("client::s5_3::empty_frames_are_masked", &[&C26], |client| {
        let (session, mut peer) = client.open()?;
        session.send("")?;
        peer.expect_text("")?;
        session.close(CloseCode::NORMAL);
        peer.expect_close(1000).map(drop)
    }),
    ClientCase::new(
        "client::s5_3::control_frames_are_masked",
        &[&C26],
        |client| {
            let (session, mut peer) = client.open()?;
            peer.expect_alive()?;
            session.send(WebSocketMessage::Pong(Bytes::from_static(b"unasked")))?;
            peer.expect_pong("unasked")?;
            session.close(CloseCode::NORMAL);
            peer.expect_close(1000).map(drop)
        },
    ),
    ClientCase::new("client::s5_3::large_message_is_masked", &[&C26], |client| {
        let (session, mut peer) = client.open()?;
        let text = "0123456789abcdef".repeat(16 << 10);
        session.send(text.clone())?;
        peer.expect_text(text)
    }),
    ClientCase::new(
        "client::s5_3::every_frame_has_its_own_mask",
        &[&C26, &C27],
        |client| {
            let keys = masks(client)?;
            let distinct = keys.iter().collect::<HashSet<_>>().len();
            // Of 1000 random keys two are alike once in 8600 runs, and three pairs practically never.
            let seen = format_args!("{distinct} keys on {} frames", keys.len());
            ensure(distinct > keys.len() - 3, "a new key on every frame", seen)
        },
    ),
    ClientCase::new(
        "client::s10_3::masks_do_not_follow_from_those_before",
        &[&C27],
        |client| {
            let keys: Vec<_> = masks(client)?.into_iter().map(u32::from_be_bytes).collect();
            let steps = keys.windows(2).map(|two| two[1].wrapping_sub(two[0]));
            let steps = steps.collect::<HashSet<_>>().len();
            ensure(steps > 990, "no step twice", format_args!("{steps} steps"))?;
            for bit in 0..32 {
                let set = keys.iter().filter(|key| **key >> bit & 1 == 1).count();
                // Ten standard deviations.
                let seen = format_args!("bit {bit} was set in {set} of {}", keys.len());
                ensure(
                    (340..=660).contains(&set),
                    "every bit set in half of the keys",
                    seen,
                )?;
            }
            Ok(())
        },
    ),
    ClientCase::new("client::s5_1::masked_text_fails", &[&C28, &K32], |client| {
        fails(client, &[Frame::text("masked").masked_with(KEY)], 1002)
    }),
    ClientCase::new("client::s5_1::masked_ping_fails", &[&C28, &K32], |client| {
        fails(client, &[Frame::ping("").masked_with(KEY)], 1002)
    }),
    ClientCase::new(
        "client::s5_1::masked_close_fails",
        &[&C28, &K32],
        |client| fails(client, &[Frame::close(1000, "").masked_with(KEY)], 1002),
    ),
];

const KEY: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// The masks of 1000 frames.
fn masks(client: &Client<'_>) -> Verdict<Vec<[u8; 4]>> {
    let (session, mut peer) = client.open()?;
    for _ in 0..1000 {
        session.send("x")?;
    }
    (0..1000).map(|_| mask(&mut peer)).collect()
}

fn mask(peer: &mut Peer) -> Verdict<[u8; 4]> {
    match peer.next()? {
        Event::Frame(Frame {
            mask: Some(key), ..
        }) => Ok(key),
        other => Err(Failure::new("a masked frame", other)),
    }
}
