//! One connection of the reference server: requests until one is switched, then a session.

use std::{
    io::{self, Write},
    net::TcpStream,
    sync::Arc,
};

use http::StatusCode;

use super::{
    Fault, World,
    handshake::{Decision, decide},
    http::{Head, Missing},
    session::{self, Session},
};

pub(super) fn serve(mut stream: TcpStream, world: &Arc<World>, is_control: bool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let remote = stream.peer_addr()?.to_string();
    let mut buffer = Vec::new();
    loop {
        let head = match Head::read(
            &mut stream,
            &mut buffer,
            world.has(Fault::AcceptsEndlessRequests),
        )? {
            Ok(head) => head,
            Err(Missing::End) => return Ok(()),
            Err(Missing::TooLong) => {
                answer(&mut stream, 431, "", "")?;
                return session::end_tcp(stream, world);
            }
        };
        match decide(&head, &remote, world) {
            Decision::Hang => world.keep_stuck(stream.try_clone()?),
            Decision::Answer {
                status,
                headers,
                body,
            } => {
                let headers = match world.has(Fault::SpellsItsOwnWay) {
                    true => headers.replace("content-type", "Content-Type"),
                    false => headers,
                };
                stream.write_all(&encoded(status, &headers, &body, head.method != "HEAD"))?;
                let announced =
                    head.has_header("content-length") || head.has_header("transfer-encoding");
                let closes = head.malformed
                    || (announced && !world.has(Fault::AnswersBodies))
                    || world.has(Fault::ClosesAfterRefusal)
                    || (head.method == "OPTIONS" && world.has(Fault::ClosesAfterPreflight));
                if closes || head.version == "HTTP/1.0" {
                    return session::end_tcp(stream, world);
                }
                if announced {
                    // The fault takes the body for what comes next, whatever it looks like.
                    answer(&mut stream, 200, "", "smuggled")?;
                }
            }
            Decision::Switch {
                head: answer_head,
                path,
                subprotocol,
            } => {
                let key = head.parameter("key").unwrap_or_default();
                let told = (path == "/down/late").then(|| world.journals.writer(key));
                let session = Session::new(
                    &stream,
                    world,
                    head,
                    path,
                    subprotocol,
                    remote.clone(),
                    is_control,
                )?;
                let session = match session {
                    Ok(session) => session,
                    Err(status) => {
                        if let Some(journal) = told {
                            let status = match world.has(Fault::TellsWhatWasDecided) {
                                true => 101,
                                false => status,
                            };
                            let _ = journal.send("before first".to_owned());
                            let _ = journal.send(format!("after first: {status}"));
                        }
                        answer(&mut stream, status, "", "")?;
                        continue;
                    }
                };
                stream.write_all(answer_head.as_bytes())?;
                if world.has(Fault::LosesEarlyBytes) {
                    buffer.clear();
                }
                if world.has(Fault::AnswersPipelinedRequests) && buffer.starts_with(b"GET ") {
                    return answer(&mut stream, 200, "", "pipelined");
                }
                return session.run(stream, buffer);
            }
        }
    }
}

fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &str) -> io::Result<()> {
    stream.write_all(&encoded(status, headers, body, true))
}

/// An answer as it is written; that to HEAD has no body, but its length.
fn encoded(status: u16, headers: &str, body: &str, has_body: bool) -> Vec<u8> {
    let reason = StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    let reason = reason.unwrap_or_default();
    let length = match status {
        204 => String::new(),
        _ => format!("content-length: {}\r\n", body.len()),
    };
    let body = if has_body { body } else { "" };
    format!("HTTP/1.1 {status} {reason}\r\n{headers}{length}\r\n{body}").into_bytes()
}
