//! The handlers around sessions: those that find, publish and shut down, and those that are found and shut down.

use std::{thread, time::Duration};

use super::{Fault, around, session::Session, topics};
use switchwire_conformance::{contract::LARGE, internals::Frame};

/// What such a handler does before it reads.
pub(super) fn open(session: &mut Session<'_>) {
    let world = session.world.clone();
    let parameter = |name| session.head.parameter(name).unwrap_or_default().to_owned();
    match &*session.path {
        "/kept/member" => session.text("in"),
        path if path.starts_with("/topic/member") || path == "/topic/room" => {
            let brief = path == "/topic/member-brief" && !session.has(Fault::NeverClosesTheSlow);
            let patience = brief.then_some(topics::PATIENCE);
            let topic = parameter("topic");
            world
                .topics
                .join(&topic, session.id, &session.out, patience);
            session.text("in");
        }
        "/down/told" => session.text("waiting"),
        "/down/hang" => session.text("hanging"),
        "/shutdown" => {
            let deadline = parameter("deadline").parse().unwrap_or_default();
            around::begin(&world, Duration::from_millis(deadline));
            let is_dropped = parameter("how") == "dropped";
            session.text("begun");
            if is_dropped {
                session.close(1000, "");
                return;
            }
            let out = session.out.clone();
            thread::spawn(move || out.frame(Frame::text(around::wait(&world))));
        }
        "/close-all" => {
            let code = parameter("code").parse().unwrap_or_default();
            let all = world.around.all();
            all.iter().for_each(|(_, kept)| kept.close(code));
            session.text(&all.len().to_string());
        }
        _ => {}
    }
}

/// What such a handler does with a message.
pub(super) fn message(session: &mut Session<'_>, words: &str) {
    match &*session.path {
        "/kept/member" if words == "id" => session.text(&format!("{:016}", session.id)),
        "/kept/member" => session.text(words),
        path if path.starts_with("/few") => session.text(words),
        "/kept/keeper" => keep(session, words),
        path if path.starts_with("/topic/member") => {
            if words == "leave" && !session.has(Fault::KeepsMembers) {
                leave(session);
            }
            // Its queue may be stuck.
            let out = session.out.clone();
            thread::spawn(move || out.frame(Frame::text("left")));
        }
        "/topic/publisher" => publish(session, words),
        "/budget" if words == "held" => {
            let held = session.world.hoards.held();
            session.text(&held.to_string());
        }
        "/budget" => {
            let budget = words.parse().unwrap_or_default();
            session.world.hoards.set_budget(budget);
            session.text("set");
        }
        "/down/echo" => session.store(words),
        "/down/late" => session.text(words),
        _ => {}
    }
}

/// What such a handler does when its connection is gone.
pub(super) fn ended(session: &mut Session<'_>, told: &str) {
    let key = session.head.parameter("key").unwrap_or_default().to_owned();
    match &*session.path {
        "/kept/late" => session.world.journals.wait(&key),
        path if (path.starts_with("/topic/member") || path == "/topic/room")
            && !session.has(Fault::KeepsMembers) =>
        {
            leave(session);
        }
        "/down/work" => {
            session.write(told);
            session.world.journals.wait(&key);
            session.write("finished");
        }
        "/down/hang" if !session.has(Fault::KeepsHandlers) => {
            session.ticket.wait_for_deadline();
            session.write("dropped");
        }
        _ => {}
    }
}

fn leave(session: &Session<'_>) {
    let topic = session.head.parameter("topic").unwrap_or_default();
    session.world.topics.leave(topic, session.id);
}

fn keep(session: &mut Session<'_>, words: &str) {
    let all = session.world.around.all();
    let tagged = |tag: &str| {
        all.iter()
            .filter(|(_, kept)| kept.tag == tag)
            .collect::<Vec<_>>()
    };
    let answer = match words.split(' ').collect::<Vec<_>>()[..] {
        ["tagged" | "opened", tag] => tagged(tag).len().to_string(),
        ["find", wanted] => all
            .iter()
            .find(|(id, _)| format!("{id:016}") == wanted)
            .map_or("none".to_owned(), |(_, kept)| kept.path.clone()),
        ["send", tag, text] => {
            let found = tagged(tag);
            found
                .iter()
                .for_each(|(_, kept)| kept.out.frame(Frame::text(text)));
            found.len().to_string()
        }
        ["close", tag, code] => {
            let found = tagged(tag);
            let code = code.parse().unwrap_or_default();
            found.iter().for_each(|(_, kept)| kept.close(code));
            found.len().to_string()
        }
        _ => "what?".to_owned(),
    };
    session.text(&answer);
}

fn publish(session: &mut Session<'_>, words: &str) {
    let world = session.world.clone();
    let topic = session
        .head
        .parameter("topic")
        .unwrap_or_default()
        .to_owned();
    let answer = match words.split_once(' ') {
        None if words == "members" => world.topics.count(&topic).to_string(),
        None => {
            let large = Frame::binary(vec![0; LARGE]);
            topics::publish(&world, &topic, &large, words == "wait")
        }
        Some((verb, text)) => {
            let waits = verb == "publish";
            topics::publish(&world, &topic, &Frame::text(text), waits)
        }
    };
    session.text(&answer);
}
