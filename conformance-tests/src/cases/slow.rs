//! Peers that read too slowly.

use std::{thread, time::Duration};

use crate::{
    Case,
    case::{Failure, Verdict, ensure},
    contract::{SLOW_LEN, SLOW_MESSAGES},
    requirements::*,
    wire::{Event, Frame, Journal, Peer, Server, opcode},
};

/// How often a peer reads that is slow on purpose.
const PACE: Duration = Duration::from_millis(10);

pub(super) const CASES: &[Case] = &[
    Case::app(
        "slow::wait_loses_nothing",
        &[&SESSION_SLOW_1, &SESSION_SLOW_7],
        |server| {
            let (mut peer, mut journal) = open(server, "/slow/wait")?;
            journal.last()?; // until the handler has been waiting for a while
            let received = received(&mut peer)?;
            ensure(
                received.numbers.iter().copied().eq(0..SLOW_MESSAGES),
                "every message, in order",
                &received,
            )?;
            ensure(
                journal.find("dropped ")? == "0",
                "nothing dropped",
                "something",
            )
        },
    ),
    Case::app("slow::wait_waits", &[&SESSION_SLOW_1, &L4], |server| {
        let (_peer, mut journal) = open(server, "/slow/wait")?;
        journal.expect("sent 1")?; // which may take longer than the silence that follows
        let last = journal.last()?;
        let all = format!("sent {SLOW_MESSAGES}");
        ensure(
            last.as_ref()
                .is_none_or(|last| last.starts_with("sent ") && *last != all),
            "a send that waits while the peer does not read",
            format_args!("{last:?}"),
        )
    }),
    Case::app(
        "slow::close_tells_a_peer_that_does_not_read_1008",
        &[&SESSION_SLOW_2, &L9],
        |server| {
            let (mut peer, mut journal) = open(server, "/slow/close")?;
            journal.find("send failed")?;
            let end = received(&mut peer)?.end;
            ensure(
                matches!(&end, Event::Frame(frame) if frame.close_code() == Some(1008)),
                "Close 1008",
                end,
            )?;
            peer.send(&Frame::close(1008, ""));
            peer.expect_end()?;
            let told = journal.next()?;
            ensure(
                told.starts_with("closed by us: 1008"),
                "closed by us: 1008",
                told,
            )
        },
    ),
    Case::app(
        "slow::close_drops_a_peer_that_never_reads",
        &[&SESSION_SLOW_2, &L9],
        |server| {
            let (_peer, mut journal) = open(server, "/slow/close-soon")?;
            journal.find("send failed")?;
            journal.expect("closed: timed out")
        },
    ),
    Case::app(
        "slow::close_spares_a_peer_that_reads",
        &[&SESSION_SLOW_2, &SESSION_SLOW_7],
        |server| {
            let (mut peer, _journal) = open(server, "/slow/close-late")?;
            let received = received(&mut peer)?;
            ensure(
                received.numbers.iter().copied().eq(0..SLOW_MESSAGES) && received.says_end(),
                "every message, in order, and no Close",
                &received,
            )
        },
    ),
    Case::app(
        "slow::close_spares_a_steady_reader_though_its_queue_is_never_empty",
        &[&SESSION_SLOW_2],
        |server| {
            // In the half second of the policy it takes fifty times the mark, and it goes on for three of them.
            let (mut peer, mut journal) = open(server, "/slow/steady")?;
            for _ in 0..150 {
                match peer.next()? {
                    Event::Frame(frame) if frame.opcode == opcode::BINARY => {}
                    other => return Err(Failure::new("messages without end", other)),
                }
                thread::sleep(PACE); // the peer is no faster
            }
            journal.expect_nothing() // of the handler, whose sends succeed
        },
    )
    .hint("what counts is how much the peer takes, not whether its queue is ever empty"),
    Case::app(
        "slow::close_tells_a_peer_that_takes_next_to_nothing_1008",
        &[&SESSION_SLOW_2, &L9],
        |server| {
            let (mut peer, mut journal) = open(server, "/slow/steady")?;
            let mut is_given_up = false;
            for _ in 0..300 {
                peer.nibble(1 << 10, PACE);
                is_given_up = journal.says_within("send failed", PACE)?;
                if is_given_up {
                    break;
                }
            }
            ensure(is_given_up, "a send that fails", "a session that is kept")?;
            loop {
                match peer.next()? {
                    Event::Frame(frame) if frame.opcode == opcode::BINARY => {}
                    Event::Frame(frame) if frame.close_code() == Some(1008) => break,
                    other => return Err(Failure::new("Close 1008 behind messages", other)),
                }
            }
            peer.send(&Frame::close(1008, ""));
            peer.expect_end()
        },
    )
    .hint("a byte now and then is not progress"),
    Case::app(
        "slow::close_waits_until_then",
        &[&SESSION_SLOW_2],
        |server| {
            let (mut peer, mut journal) = open(server, "/slow/close-late")?;
            journal.last()?; // until the handler has been waiting, though not for two seconds
            let received = received(&mut peer)?;
            ensure(
                received.numbers.iter().copied().eq(0..SLOW_MESSAGES) && received.says_end(),
                "every message, in order, and no Close",
                &received,
            )
        },
    ),
    Case::app(
        "slow::drop_newest_sends_the_beginning",
        &[&SESSION_SLOW_3, &SESSION_SLOW_7],
        |server| {
            let (mut peer, mut journal) = open(server, "/slow/newest")?;
            journal.find("dropped ")?;
            let received = received(&mut peer)?;
            let sent = received.numbers.len() as u32;
            ensure(
                sent < SLOW_MESSAGES && received.numbers.iter().copied().eq(0..sent),
                "the first messages without a gap, and then nothing",
                &received,
            )
        },
    )
    .hint("what is new is dropped while what is old waits"),
    Case::app(
        "slow::drop_oldest_sends_the_end",
        &[&SESSION_SLOW_4, &SESSION_SLOW_7],
        |server| {
            let (mut peer, mut journal) = open(server, "/slow/oldest")?;
            journal.find("dropped ")?;
            let received = received(&mut peer)?;
            ensure(
                received.numbers.is_sorted()
                    && received.numbers.len() < SLOW_MESSAGES as usize
                    && received.numbers.last() == Some(&(SLOW_MESSAGES - 1)),
                "messages in order, with gaps, and the last one",
                &received,
            )
        },
    )
    .hint("what has waited longest makes room"),
    Case::app("slow::dropping_never_waits", &[&SESSION_SLOW_5], |server| {
        for path in ["/slow/newest", "/slow/oldest"] {
            let (_peer, mut journal) = open(server, path)?;
            journal.find("dropped ")?;
        }
        Ok(())
    }),
    Case::app(
        "slow::handler_that_drops_in_a_loop_hears_of_the_end",
        &[&SESSION_SLOW_5],
        |server| {
            // More of them than a server has threads, each of which a handler could keep.
            let opened = (0..16).map(|n| match n % 2 {
                0 => open(server, "/slow/loop-newest"),
                _ => open(server, "/slow/loop-oldest"),
            });
            for (peer, mut journal) in opened.collect::<Verdict<Vec<_>>>()? {
                journal.expect("dropping")?;
                server.open_echo()?.expect_alive()?;
                peer.reset();
                journal.expect("send failed")?;
            }
            Ok(())
        },
    )
    .hint("`send` lets others run after a share of drops, though it does not wait for the peer"),
    Case::app(
        "slow::peer_that_closes_is_answered_while_the_handler_sends",
        &[&SESSION_SLOW_5, &SESSION_SERVE_2],
        |server| {
            for path in ["/slow/loop-newest", "/slow/loop-oldest"] {
                let (mut peer, mut journal) = open(server, path)?;
                journal.expect("dropping")?;
                peer.send(&Frame::close(1000, ""));
                loop {
                    match peer.next()? {
                        Event::Frame(frame) if frame.opcode == opcode::BINARY => {}
                        Event::Frame(frame) if frame.close_code() == Some(1000) => break,
                        other => return ensure(false, "messages, then Close 1000", other),
                    }
                }
                peer.expect_end()?;
            }
            Ok(())
        },
    ),
    Case::app(
        "slow::dropped_messages_are_counted",
        &[&SESSION_SLOW_5],
        |server| {
            for path in ["/slow/newest", "/slow/oldest"] {
                let (mut peer, mut journal) = open(server, path)?;
                let dropped = journal.find("dropped ")?;
                let received = received(&mut peer)?;
                let missing = SLOW_MESSAGES as usize - received.numbers.len();
                ensure(
                    dropped == missing.to_string(),
                    format!("{missing} dropped messages, as so many did not come"),
                    dropped,
                )?;
            }
            Ok(())
        },
    ),
    Case::app(
        "slow::dropping_never_closes",
        &[&SESSION_SLOW_5],
        |server| {
            for path in ["/slow/newest", "/slow/oldest"] {
                let (mut peer, mut journal) = open(server, path)?;
                journal.find("dropped ")?;
                journal.last()?; // for a while
                let received = received(&mut peer)?;
                ensure(received.says_end(), "a session that goes on", received.end)?;
                peer.close()?;
            }
            Ok(())
        },
    ),
    Case::app(
        "slow::answers_to_pings_are_not_dropped",
        &[&SESSION_SLOW_8],
        |server| {
            for path in ["/slow/newest", "/slow/oldest"] {
                let (mut peer, mut journal) = open(server, path)?;
                journal.find("dropped ")?;
                peer.send(&Frame::ping("still there?"));
                let received = received(&mut peer)?;
                if received.pongs == 0 {
                    peer.expect_pong("still there?")?; // what the handler says last may come first
                }
            }
            Ok(())
        },
    ),
    Case::app("slow::close_is_not_dropped", &[&SESSION_SLOW_8], |server| {
        for path in ["/slow/newest?how=close", "/slow/oldest?how=close"] {
            let (mut peer, mut journal) = open(server, path)?;
            journal.find("dropped ")?;
            let received = received(&mut peer)?;
            ensure(
                matches!(&received.end, Event::Frame(frame) if frame.close_code() == Some(4001)),
                "Close 4001",
                &received.end,
            )?;
        }
        Ok(())
    }),
    Case::app(
        "slow::try_send_gives_back_where_send_would_wait",
        &[&SESSION_SLOW_6],
        |server| {
            for path in ["/slow/wait?how=try", "/slow/close?how=try"] {
                let (_peer, mut journal) = open(server, path)?;
                journal.expect("full after 8, given back: true")?;
            }
            Ok(())
        },
    ),
    Case::app(
        "slow::try_send_drops_where_send_would",
        &[&SESSION_SLOW_6],
        |server| {
            for path in ["/slow/newest?how=try", "/slow/oldest?how=try"] {
                let (_peer, mut journal) = open(server, path)?;
                journal.expect(&format!("dropped {}", SLOW_MESSAGES - 8))?;
            }
            Ok(())
        },
    ),
];

/// A peer that is slow to read, and the journal of its handler.
fn open(server: &Server, path: &str) -> Verdict<(Peer, Journal)> {
    let journal = server.journal()?;
    let peer = server.open_slow(&journal.path_to(path))?;
    Ok((peer, journal))
}

/// What a slow peer found when it read at last.
#[derive(Debug)]
struct Received {
    numbers: Vec<u32>,
    pongs: usize,
    end: Event,
}

impl Received {
    /// Whether the handler had the last word.
    fn says_end(&self) -> bool {
        matches!(&self.end, Event::Frame(frame) if frame.payload == b"end")
    }
}

impl std::fmt::Display for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, last) = (self.numbers.first(), self.numbers.last());
        let count = self.numbers.len();
        write!(
            f,
            "{count} messages from {first:?} to {last:?}, {} pongs, then {}",
            self.pongs, self.end
        )
    }
}

/// Reads the numbered messages, each of which must be whole, until something else comes.
fn received(peer: &mut Peer) -> Verdict<Received> {
    let (mut numbers, mut pongs) = (Vec::new(), 0);
    loop {
        let frame = match peer.next()? {
            Event::Frame(frame) if frame.opcode == opcode::PONG => {
                pongs += 1;
                continue;
            }
            Event::Frame(frame) if frame.opcode == opcode::BINARY => frame,
            end => {
                return Ok(Received {
                    numbers,
                    pongs,
                    end,
                });
            }
        };
        let number = frame.payload.first_chunk().copied().unwrap_or_default();
        if frame.payload != number.repeat(SLOW_LEN / 4) {
            return Err(Failure::new("a whole message", frame).breaking(&SESSION_SLOW_7));
        }
        numbers.push(u32::from_be_bytes(number));
    }
}
