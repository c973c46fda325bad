//! Sessions that are found, sent to and closed from outside of their handlers.

use super::answers;
use crate::{
    Case,
    case::{Verdict, ensure},
    requirements::*,
    wire::{Frame, Peer, Server, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::registry::session_is_found_by_its_id",
        &[&REGISTRY_SESSION_2],
        |server| {
            let mut member = member(server, "by-id")?;
            member.send(&Frame::text("id"));
            let id = text(&mut member)?;
            let mut keeper = server.open("/kept/keeper")?;
            let question = format!("find {id}");
            answers(
                &mut keeper,
                &[(&question, "/kept/member"), ("find 0", "none")],
            )
        },
    ),
    Case::app(
        "contract::registry::sessions_are_found_by_their_attributes",
        &[&REGISTRY_SESSION_2],
        |server| {
            let _members = [
                member(server, "two")?,
                member(server, "two")?,
                member(server, "one")?,
            ];
            let mut keeper = server.open("/kept/keeper")?;
            answers(
                &mut keeper,
                &[
                    ("tagged two", "2"),
                    ("tagged one", "1"),
                    ("tagged none", "0"),
                ],
            )
        },
    ),
    Case::app(
        "contract::registry::session_that_was_found_is_sent_to",
        &[&REGISTRY_SESSION_2],
        |server| {
            let mut member = member(server, "sent")?;
            let mut keeper = server.open("/kept/keeper")?;
            answers(&mut keeper, &[("send sent hello", "1")])?;
            member.expect_text("hello")?;
            member.close()
        },
    ),
    Case::app(
        "contract::registry::session_is_there_as_soon_as_its_101",
        &[&REGISTRY_SESSION_1],
        |server| {
            let mut keeper = server.open("/kept/keeper")?;
            (0..20).try_for_each(|n| {
                let _peer = server.open(&format!("/kept/member?tag=at-once-{n}"))?;
                let question = format!("opened at-once-{n}");
                answers(&mut keeper, &[(&question, "1")])
            })
        },
    ),
    Case::app(
        "contract::registry::session_that_ended_is_gone",
        &[&REGISTRY_SESSION_1],
        |server| {
            let mut keeper = server.open("/kept/keeper")?;
            let (orderly, abrupt) = (member(server, "gone")?, member(server, "gone")?);
            answers(&mut keeper, &[("opened gone", "2")])?;
            orderly.close()?;
            keeper.asks_until("opened gone", "1")?;
            abrupt.reset();
            keeper.asks_until("opened gone", "0")
        },
    ),
    Case::app(
        "contract::registry::session_is_kept_while_its_handler_goes_on",
        &[&REGISTRY_SESSION_1],
        |server| {
            let journal = server.journal()?;
            let mut keeper = server.open("/kept/keeper")?;
            server
                .open(&journal.path_to("/kept/late?tag=late"))?
                .close()?;
            answers(&mut keeper, &[("opened late", "1")])?;
            keeper.expect_silence()?;
            answers(&mut keeper, &[("opened late", "1")])?;
            journal.start(server)?;
            keeper.asks_until("opened late", "0")
        },
    ),
    Case::app(
        "contract::registry::session_is_closed_from_outside",
        &[&REGISTRY_CLOSE_1, &SESSION_CLOSE_1],
        |server| {
            let (mut member, mut other) = (member(server, "closed")?, member(server, "open")?);
            let mut keeper = server.open("/kept/keeper")?;
            answers(&mut keeper, &[("close closed 4001", "1")])?;
            member.expect_close(4001)?;
            other.expect_alive()
        },
    ),
    Case::app(
        "contract::registry::what_was_sent_from_outside_comes_before_the_close",
        &[&REGISTRY_CLOSE_1, &SESSION_CLOSE_4],
        |server| {
            let mut member = member(server, "last-words")?;
            let mut keeper = server.open("/kept/keeper")?;
            keeper.send_all(&[
                Frame::text("send last-words farewell"),
                Frame::text("close last-words 4001"),
            ]);
            member.expect_text("farewell")?;
            member.expect_close(4001).map(drop)
        },
    ),
    Case::app(
        "contract::registry::all_are_closed_from_outside",
        &[&REGISTRY_CLOSE_1],
        |server| {
            let mut members = Vec::new();
            for _ in 0..5 {
                members.push(member(server, "all")?);
            }
            let mut closing = server.control()?.open("/close-all?code=4002")?;
            closing.expect_text("5")?;
            members
                .iter_mut()
                .try_for_each(|member| member.expect_close(4002).map(drop))
        },
    )
    .alone(),
];

/// A session with a tag, whose handler runs.
fn member(server: &Server, tag: &str) -> Verdict<Peer> {
    let mut peer = server.open(&format!("/kept/member?tag={tag}"))?;
    peer.expect_text("in")?;
    Ok(peer)
}

fn text(peer: &mut Peer) -> Verdict<String> {
    let message = peer.message()?;
    ensure(message.opcode == opcode::TEXT, "a text", &message)?;
    Ok(String::from_utf8_lossy(&message.payload).into_owned())
}
