//! One message to many sessions.

use super::answers;
use crate::{
    Case,
    case::{Failure, Verdict, ensure},
    contract::LARGE,
    requirements::*,
    wire::{Frame, Peer, Server, opcode},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::topic::every_member_gets_a_message_once",
        &[&TOPIC_PUBLISH_1],
        |server| {
            let mut members = Vec::new();
            for _ in 0..5 {
                members.push(member(server, "every")?);
            }
            let mut publisher = publisher(server, "every")?;
            answers(
                &mut publisher,
                &[("publish hello", "5 accepted, 0 missed, 0 gone")],
            )?;
            for member in &mut members {
                member.expect_text("hello")?;
                member.expect_alive()?;
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::topic::messages_of_a_publisher_stay_in_order",
        &[&TOPIC_PUBLISH_1],
        |server| {
            let mut members = [member(server, "order")?, member(server, "order")?];
            let mut publisher = publisher(server, "order")?;
            for n in 0..100 {
                publisher.send(&Frame::text(format!("publish {n}")));
            }
            for member in &mut members {
                (0..100).try_for_each(|n| member.expect_text(n.to_string()))?;
            }
            Ok(())
        },
    ),
    Case::app(
        "contract::topic::who_left_gets_nothing",
        &[&TOPIC_MEMBER_1],
        |server| {
            let (mut stays, mut leaves) = (member(server, "leave")?, member(server, "leave")?);
            answers(&mut leaves, &[("leave", "left")])?;
            let mut publisher = publisher(server, "leave")?;
            answers(
                &mut publisher,
                &[("publish hello", "1 accepted, 0 missed, 0 gone")],
            )?;
            stays.expect_text("hello")?;
            leaves.expect_alive()
        },
    ),
    Case::app(
        "contract::topic::session_that_ended_is_no_member",
        &[&TOPIC_MEMBER_1],
        |server| {
            let (orderly, abrupt) = (member(server, "ended")?, member(server, "ended")?);
            let mut publisher = publisher(server, "ended")?;
            answers(&mut publisher, &[("members", "2")])?;
            orderly.close()?;
            publisher.asks_until("members", "1")?;
            abrupt.reset();
            publisher.asks_until("members", "0")?;
            answers(
                &mut publisher,
                &[("publish hello", "0 accepted, 0 missed, 0 gone")],
            )
        },
    ),
    Case::app(
        "contract::topic::who_has_no_room_is_counted",
        &[&TOPIC_PUBLISH_4],
        |server| Stuck::new(server, "counted").map(drop),
    ),
    Case::app(
        "contract::topic::slow_member_delays_nobody",
        &[&TOPIC_PUBLISH_2],
        |server| {
            let mut stuck = Stuck::new(server, "delays")?;
            stuck.publish_last()
        },
    ),
    Case::app(
        "contract::topic::slow_member_is_waited_for",
        &[&TOPIC_PUBLISH_3, &TOPIC_PUBLISH_1],
        |server| {
            let mut stuck = Stuck::new(server, "waits")?;
            stuck.publish_last()?;
            // It missed what was published without waiting, and nothing else.
            for _ in 0..stuck.sent {
                large(&mut stuck.slow)?;
            }
            stuck.slow.expect_text("last")?;
            stuck.publisher.expect_text("2 accepted, 0 missed, 0 gone")
        },
    ),
    Case::app(
        "contract::topic::member_that_leaves_is_not_waited_for",
        &[&TOPIC_PUBLISH_3, &TOPIC_MEMBER_1],
        |server| {
            let mut stuck = Stuck::new(server, "leaver")?;
            stuck.publish_last()?;
            stuck.slow.send(&Frame::text("leave"));
            stuck.publisher.expect_text("1 accepted, 0 missed, 1 gone")
        },
    ),
    Case::app(
        "contract::topic::member_that_ends_is_not_waited_for",
        &[&TOPIC_PUBLISH_3, &TOPIC_MEMBER_1],
        |server| {
            let mut stuck = Stuck::new(server, "ender")?;
            stuck.publish_last()?;
            stuck.slow.reset();
            stuck.publisher.expect_text("1 accepted, 0 missed, 1 gone")
        },
    ),
    Case::app(
        "contract::topic::member_that_takes_nothing_is_waited_for_as_long_as_its_policy_says",
        &[&TOPIC_PUBLISH_3, &SESSION_SLOW_2],
        |server| {
            const MOST: usize = 100;
            let mut fast = member(server, "brief")?;
            let mut slow = server.open_slow("/topic/member-brief?topic=brief")?;
            slow.expect_text("in")?;
            let mut publisher = publisher(server, "brief")?;
            for _ in 0..MOST {
                publisher.send(&Frame::text("wait"));
                large(&mut fast)?;
                let message = publisher.message()?;
                match &*String::from_utf8_lossy(&message.payload) {
                    "2 accepted, 0 missed, 0 gone" => {}
                    "1 accepted, 0 missed, 1 gone" => return publisher.expect_alive(),
                    _ => return Err(Failure::new("1 accepted, 0 missed, 1 gone", message)),
                }
            }
            let seen = format!("{MOST} messages of {LARGE} bytes were accepted");
            Err(Failure::new("a member without room", seen))
        },
    ),
    Case::app(
        "contract::topic::who_joins_while_others_are_waited_for_gets_what_follows",
        &[&TOPIC_PUBLISH_1],
        |server| {
            let mut stuck = Stuck::new(server, "joiner")?;
            stuck.publisher.send(&Frame::text("publish before"));
            stuck.fast.expect_text("before")?;
            let mut joins = member(server, "joiner")?;
            let mut other = publisher(server, "joiner")?;
            answers(&mut other, &[("now after", "2 accepted, 1 missed, 0 gone")])?;
            joins.expect_text("after")?;
            stuck.fast.expect_text("after")
        },
    ),
];

fn member(server: &Server, topic: &str) -> Verdict<Peer> {
    let mut peer = server.open(&format!("/topic/member?topic={topic}"))?;
    peer.expect_text("in")?;
    Ok(peer)
}

fn publisher(server: &Server, topic: &str) -> Verdict<Peer> {
    server.open(&format!("/topic/publisher?topic={topic}"))
}

fn large(peer: &mut Peer) -> Verdict {
    let message = peer.message()?;
    let is_large = message.opcode == opcode::BINARY && message.payload.len() == LARGE;
    ensure(is_large, format!("{LARGE} bytes"), &message)
}

/// A topic with a member that reads, and one that does not and has no more room.
struct Stuck {
    fast: Peer,
    slow: Peer,
    publisher: Peer,
    /// How many messages the slow one has been sent.
    sent: usize,
}

impl Stuck {
    fn new(server: &Server, topic: &str) -> Verdict<Self> {
        const MOST: usize = 100;
        const MISSES: usize = 3;
        let mut slow = server.open_slow(&format!("/topic/member?topic={topic}"))?;
        slow.expect_text("in")?;
        let mut fast = member(server, topic)?;
        let mut publisher = publisher(server, topic)?;
        let (mut sent, mut misses) = (0, 0);
        for _ in 0..MOST {
            publisher.send(&Frame::text("large"));
            let message = publisher.message()?;
            large(&mut fast)?;
            match &*String::from_utf8_lossy(&message.payload) {
                "2 accepted, 0 missed, 0 gone" => (sent, misses) = (sent + 1, 0),
                "1 accepted, 1 missed, 0 gone" => misses += 1,
                _ => return Err(Failure::new("1 accepted, 1 missed, 0 gone", message)),
            }
            if misses == MISSES {
                return Ok(Self {
                    fast,
                    slow,
                    publisher,
                    sent,
                });
            }
            // Whatever comes of a peer tells the server's system to look for more room: it may do so now, and find none
            // when the case has the peer say something.
            slow.send(&Frame::pong("go on"));
        }
        let seen = format!("none after {MOST} messages of {LARGE} bytes");
        Err(Failure::new("a member without room", seen))
    }

    /// Publishes one more, which is known to have begun when the one that reads has it, and waits for the one that does not.
    fn publish_last(&mut self) -> Verdict {
        self.publisher.send(&Frame::text("publish last"));
        self.fast.expect_text("last")?;
        self.publisher.expect_silence()
    }
}
