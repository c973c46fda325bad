//! What all sessions may hold together. Each case has a server of its own, and one beside it that sets the budget.

use crate::{
    Case,
    case::{Verdict, ensure},
    contract::{HOARD_LEN, HOARD_MESSAGES},
    requirements::*,
    wire::{Frame, Journal, Peer, Server},
};

/// What one session holds whose handler takes nothing.
const HOARD: usize = HOARD_LEN * HOARD_MESSAGES;

/// Less than three sessions hold; with two, an eighth of it is left.
const BUDGET: usize = HOARD * 5 / 2;

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::budget::session_without_progress_for_longest_gets_1013",
        &[&REGISTRY_BUDGET_1],
        |server| {
            let [mut first, mut second, mut third] = three(server, "/hoard", |_| Ok(()))?;
            first.expect_close(1013)?;
            second.expect_alive()?;
            third.expect_alive()
        },
    )
    .alone(),
    Case::app(
        "contract::budget::session_whose_handler_has_taken_some_is_kept",
        &[&REGISTRY_BUDGET_1],
        |server| {
            let [mut first, mut second, mut third] = three(server, "/hoard", |journal| {
                journal.start(server.control()?)?;
                journal.expect("took a few")
            })?;
            second.expect_close(1013)?;
            first.expect_alive()?;
            third.expect_alive()
        },
    )
    .alone()
    .hint("what counts is when something it held was last taken, not when it began"),
    Case::app(
        "contract::budget::session_that_holds_nothing_is_kept",
        &[&REGISTRY_BUDGET_2],
        |server| {
            let mut idle = server.open_echo()?;
            idle.expect_alive()?;
            let [mut first, _second, _third] = three(server, "/hoard", |_| Ok(()))?;
            first.expect_close(1013)?;
            idle.expect_alive()
        },
    )
    .alone(),
    Case::app(
        "contract::budget::peer_that_keeps_silent_after_the_close_is_dropped",
        &[&REGISTRY_BUDGET_3],
        |server| {
            let [mut first, _second, _third] = three(server, "/hoard-briefly", |_| Ok(()))?;
            let close = first.expect_close_frame()?;
            ensure(close.close_code() == Some(1013), "Close 1013", &close)?;
            first.expect_end()
        },
    )
    .alone(),
];

/// Three peers whose sessions hold much, the third of which brings all together over the budget; after something was done
/// with the first, which has a journal.
fn three(
    server: &Server,
    path: &str,
    then: impl FnOnce(&mut Journal) -> Verdict,
) -> Verdict<[Peer; 3]> {
    let mut control = server.control()?.open("/budget")?;
    control.send(&Frame::text(BUDGET.to_string()));
    control.expect_text("set")?;
    let mut journal = server.control()?.journal()?;
    let first = hoarder(server, &journal.path_to(path))?;
    wait_until_held(server, &mut control, HOARD)?;
    let second = hoarder(server, path)?;
    wait_until_held(server, &mut control, 2 * HOARD)?;
    then(&mut journal)?;
    let third = hoarder(server, path)?;
    Ok([first, second, third])
}

/// A peer that sends more than its handler takes.
fn hoarder(server: &Server, path: &str) -> Verdict<Peer> {
    let mut peer = server.open(path)?;
    peer.write(
        &Frame::binary(vec![0; HOARD_LEN])
            .encode()
            .repeat(HOARD_MESSAGES),
    );
    Ok(peer)
}

/// Waits until the sessions hold so much together, but for the little that is not told.
fn wait_until_held(server: &Server, control: &mut Peer, bytes: usize) -> Verdict {
    server.until(|| {
        control.send(&Frame::text("held"));
        let held = control.message()?;
        let held = String::from_utf8_lossy(&held.payload).parse::<usize>();
        Ok(held
            .is_ok_and(|held| held + HOARD_LEN > bytes)
            .then_some(()))
    })
}
