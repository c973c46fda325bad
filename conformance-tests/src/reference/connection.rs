//! One connection of the reference server: requests until one is switched, then a session.

use std::{
    io::{self, Write},
    net::TcpStream,
    sync::Arc,
};

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
                answer(&mut stream, status, &headers, &body)?;
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
    let answer = format!(
        "HTTP/1.1 {status} Answer\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes())
}
