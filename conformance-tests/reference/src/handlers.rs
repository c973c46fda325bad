//! The handlers of the kit once more, as the reference server does them.

use std::{sync::PoisonError, thread};

use super::{
    Fault, access, keeping,
    production::Plan,
    session::{End, Session, may_be_sent},
};
use switchwire_conformance::{contract::PANICKING_LENS, internals::Frame};

/// What a handler does before it reads.
pub(super) fn open(session: &mut Session<'_>) {
    match &*session.path.clone() {
        "/subprotocol" => {
            let chosen = session.subprotocol.clone();
            session.text(chosen.as_deref().unwrap_or("none"));
        }
        "/greeting" if !session.has(Fault::LosesGreeting) => session.text("welcome"),
        "/journal" => tell_journal(session),
        "/start" => {
            session
                .world
                .journals
                .start(session.head.parameter("key").unwrap_or_default());
            session.text("started");
            session.close(1000, "");
        }
        "/late" => session
            .world
            .journals
            .wait(session.head.parameter("key").unwrap_or_default()),
        "/never-reads" => session.text("not reading"),
        "/dropped" => {
            session.text("dropped");
            if session.has(Fault::ClosesDroppedSessions) {
                session.close(1000, "");
            }
        }
        "/push" => push(session, 512, 64 << 10),
        "/burst" => push(session, 64, 32 << 10),
        "/threads" => send_from_threads(session),
        "/both" => (0..10).for_each(|n| session.text(&format!("tick {n}"))),
        "/oversized-ping" if session.has(Fault::SendsLongControlFrames) => {
            session.send(Frame::ping([0; 126]));
        }
        "/oversized-ping" => {
            session.text("ping refused: Misuse");
            session.text("pong refused: Misuse");
        }
        "/closing-stream" => {
            (0..3).for_each(|n| session.text(&n.to_string()));
            session.close(1001, "");
        }
        "/close" => close(session),
        "/impatient" => session.close(1000, ""),
        "/close-behind-large" => {
            session.send(Frame::binary(vec![0; 8 << 20]));
            session.close(1000, "");
        }
        "/ok-at-once" => end(session, 1000, ""),
        "/error" => {
            if let Some(words) = session.head.parameter("say").map(str::to_owned) {
                session.text(&words);
            }
            fail(session);
        }
        "/panic" if session.head.parameter("when").is_none() => panic(session),
        "/panic-when-dropped" => {
            session.text("ending");
            if session.has(Fault::MissesPanicsOfDrops) {
                end(session, 1000, "");
            } else {
                panic(session);
            }
        }
        "/panicking-payloads" => {
            for len in PANICKING_LENS {
                session.send(Frame::binary(vec![7; len]));
            }
            if session.has(Fault::DiesOfPayloads) {
                end(session, 1011, "");
            }
        }
        "/kept-stubborn" | "/aging-stubborn" => session.text("going on"),
        "/stubborn" => session.text("going on"),
        _ => keeping::open(session),
    }
}

/// What a handler does with a message.
pub(super) fn message(session: &mut Session<'_>, text: bool, payload: Vec<u8>) {
    let words = String::from_utf8_lossy(&payload).into_owned();
    match &*session.path.clone() {
        "/echo"
        | "/panicking-payloads"
        | "/small"
        | "/large"
        | "/large-head"
        | "/response-headers"
        | "/subprotocol"
        | "/greeting"
        | "/both"
        | "/kept"
        | "/kept-control"
        | "/kept-deaf"
        | "/idle"
        | "/idle-pinging"
        | "/idle-deaf"
        | "/unfinished"
        | "/unfinished-deaf"
        | "/aging" => {
            echo(session, text, payload);
        }
        "/handshake" => answer(session, &words),
        path if path.starts_with("/access/") => {
            let Session {
                head,
                remote,
                subprotocol,
                world,
                ..
            } = &*session;
            let found = access::answer(head, remote, subprotocol.as_deref(), world, &words);
            session.text(&found.unwrap_or_else(|| "none".to_owned()));
        }
        path if path.starts_with("/rooms/") => answer(session, &words),
        path if path.starts_with("/rate-") => echo(session, text, payload),
        "/watch" | "/control" | "/late" if text => session.write(format!("text {words}")),
        "/watch" | "/control" | "/late" => session.write(format!("binary {}", payload.len())),
        "/close" if session.closing.is_some() && !session.has(Fault::DropsLateMessages) => {
            session.write(format!("text {words}"));
        }
        "/close-when-told" => close_when_told(session, &words),
        "/ok" if session.closing.is_none() => {
            session.text("done");
            end(session, 1000, "");
        }
        "/text-only" if text => echo(session, text, payload),
        "/text-only" if session.has(Fault::IgnoresChosenStatus) => fail(session),
        "/text-only" => end(session, 1003, "text only"),
        "/panic" => panic(session),
        "/flooded" if session.is_first_message() => session.text("acknowledged"),
        _ => keeping::message(session, &words),
    }
}

/// What a handler sees of a control frame.
pub(super) fn control(session: &Session<'_>, kind: &str, payload: &[u8]) {
    let asked = matches!(&*session.path, "/control" | "/kept-control")
        && !session.has(Fault::HidesControlFrames);
    if asked || (session.path == "/watch" && session.has(Fault::ShowsControlFrames)) {
        session.write(format!("{kind} {}", String::from_utf8_lossy(payload)));
    }
}

/// What a handler sees of the end.
pub(super) fn ended(session: &mut Session<'_>, end: &End) {
    let told = told(session, end);
    match &*session.path {
        "/watch" | "/control" | "/late" => {
            match end {
                End::Abnormal(kind) if !session.has(Fault::HidesErrors) => {
                    session.write(format!("error: {kind}"));
                }
                _ => session.write("end"),
            }
            session.write("end again");
            session.write(told);
            session.write("send failed");
        }
        "/never-reads" => {
            session.write(told.clone());
            session.write(told);
        }
        "/kept-stubborn" | "/aging-stubborn" if !session.has(Fault::KeepsHandlers) => {
            session.write("dropped");
        }
        "/kept-unread" => session.write(told),
        "/topic/room" => keeping::ended(session, &told),
        path if Plan::for_path(path).is_some() => {
            match end {
                End::Abnormal(kind) if !session.has(Fault::HidesErrors) => {
                    session.write(format!("error: {kind}"));
                }
                _ => session.write("end"),
            }
            session.write(told);
        }
        path if path.starts_with("/slow/") => session.write(told),
        "/close" => match session.head.parameter("how") {
            Some("twice") => {
                session.write(format!("first: {told}"));
                session.write(format!("second: {told}"));
                session.write(format!("after: {told}"));
                session.write("is open: false");
            }
            Some("then-receive") => session.write("end"),
            Some("awaited") if !session.has(Fault::ResolvesAtOnce) => session.write(told),
            _ => {}
        },
        "/impatient" => session.write(told),
        "/stubborn" if !session.has(Fault::KeepsHandlers) => session.write("dropped"),
        _ => keeping::ended(session, &told),
    }
}

fn told(session: &Session<'_>, end: &End) -> String {
    let status = |(code, reason): &(u16, String)| format!("{code} {reason}").trim_end().to_owned();
    match end {
        End::ByPeer(_) if session.has(Fault::ForgetsReasons) => "closed by peer".to_owned(),
        End::ByPeer(Some(by)) => format!("closed by peer: {}", status(by)),
        End::ByPeer(None) if session.has(Fault::TakesEmptyFor1000) => {
            "closed by peer: 1000".to_owned()
        }
        End::ByPeer(None) => "closed by peer: no status".to_owned(),
        End::ByUs => format!(
            "closed by us: {}",
            session.closing.as_ref().map(status).unwrap_or_default()
        ),
        End::TimedOut => "closed: timed out".to_owned(),
        End::Abnormal(kind) => format!("closed abnormally: {kind}"),
    }
}

fn echo(session: &mut Session<'_>, text: bool, payload: Vec<u8>) {
    session.send(if text {
        Frame::text(payload)
    } else {
        Frame::binary(payload)
    });
}

fn tell_journal(session: &mut Session<'_>) {
    let key = session.head.parameter("key").unwrap_or_default();
    if let Some(entries) = session.world.journals.reader(key) {
        let out = session.out.clone();
        thread::spawn(move || {
            entries
                .into_iter()
                .for_each(|entry| out.frame(Frame::text(entry)));
        });
    }
}

fn push(session: &mut Session<'_>, count: u32, len: usize) {
    let unbounded = session.has(Fault::AcceptsWithoutBound);
    let accept = |session: &Session<'_>, n| session.write(format!("accepted {}", n + 1));
    if unbounded {
        (0..count).for_each(|n| accept(session, n));
    }
    for n in 0..count {
        let mut payload = vec![0; len];
        payload[..4].copy_from_slice(&n.to_be_bytes());
        session.send(Frame::binary(payload));
        if !unbounded {
            accept(session, n);
        }
    }
    end(session, 1000, "");
}

fn send_from_threads(session: &mut Session<'_>) {
    let reorders = session.has(Fault::ReordersSends);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let out = session.out.clone();
            thread::spawn(move || {
                for n in 0..50 {
                    let n = if reorders { 49 - n } else { n };
                    out.frame(Frame::text(format!("{thread} {n}")));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("sending does not panic");
    }
    end(session, 1000, "");
}

fn close(session: &mut Session<'_>) {
    let parameter = |name| session.head.parameter(name).unwrap_or_default().to_owned();
    let (how, reason) = (parameter("how"), parameter("reason"));
    let code = parameter("code").parse().unwrap_or(1000);
    match &*how {
        "unawaited" if session.has(Fault::ClosesWhenAwaited) => {}
        "twice" if session.has(Fault::LastStatusCounts) => session.close(1001, ""),
        "after-three" => {
            (0..3).for_each(|n| session.text(&n.to_string()));
            session.close(code, &reason);
            let late = session.has(Fault::SendsAfterClose);
            session.write(if late {
                "send succeeded"
            } else {
                "send failed"
            });
            session.write("is open: false");
        }
        "awaited" => {
            session.write("closing");
            if session.has(Fault::ResolvesAtOnce) {
                session.write(format!("closed by us: {code}"));
            }
            session.close(code, &reason);
        }
        _ => session.close(code, &reason),
    }
}

fn close_when_told(session: &mut Session<'_>, words: &str) {
    let (number, reason) = words.split_once(' ').unwrap_or((words, ""));
    let code = number.parse().unwrap_or_default();
    let allowed = may_be_sent(code) || session.has(Fault::SendsAnyCode);
    if session.has(Fault::CutsReasons) {
        session.close(code, reason.get(..100).unwrap_or(reason));
    } else if allowed && reason.len() <= 123 {
        session.close(code, reason);
    } else {
        session.text(&format!("refused {number}"));
    }
}

/// The handler returned.
fn end(session: &mut Session<'_>, code: u16, reason: &str) {
    if !session.has(Fault::LeavesEndedOpen) {
        session.close(code, reason);
    }
}

fn fail(session: &mut Session<'_>) {
    let reason = if session.has(Fault::TellsErrors) {
        "the password of the database is wrong"
    } else {
        ""
    };
    end(session, 1011, reason);
}

fn panic(session: &mut Session<'_>) {
    if session.has(Fault::DiesOfPanics) {
        session.world.stop();
    }
    fail(session);
}

fn answer(session: &mut Session<'_>, question: &str) {
    let (verb, name) = question.split_once(' ').unwrap_or((question, ""));
    let shared = session.has(Fault::SharesAttributes);
    let found = match verb {
        _ if session.has(Fault::HidesTheRequest) => None,
        "path" => Some(session.head.path().to_owned()),
        "query" => session.head.query().map(str::to_owned),
        "header" => session.head.first(name).map(str::to_owned),
        "cookie" => cookie(session.head.first("cookie").unwrap_or_default(), name),
        "parameter" => session.path.strip_prefix("/rooms/").map(decoded),
        "remote" => Some(session.remote.clone()),
        "id" if session.has(Fault::RepeatsIds) => Some(format!("{:016}", 0)),
        "id" => Some(format!("{:016}", session.id)),
        "remember" => {
            session.attribute = Some(name.to_owned());
            *session
                .world
                .attribute
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = session.attribute.clone();
            session.attribute.clone()
        }
        "recall" if shared => session
            .world
            .attribute
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone(),
        "recall" => session.attribute.clone(),
        _ => None,
    };
    session.text(&found.unwrap_or_else(|| "none".to_owned()));
}

fn cookie(header: &str, name: &str) -> Option<String> {
    header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then(|| value.trim_matches('"').to_owned()))
}

/// Percent-decoding.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let code = part
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend(code);
        bytes.extend(part.get(2..).unwrap_or_default().bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
