//! The opening handshake on a connection of a case, from either end.

use super::*;

impl Peer {
    /// Sends a request and reads the answer; `None` when the server closed instead.
    pub(crate) fn ask(&mut self, request: &Request) -> Verdict<Option<Reply>> {
        self.transcript.sent(self.number, request);
        self.put(&request.encode());
        self.reply()
    }

    /// Reads an answer; `None` when the server closed instead.
    pub(crate) fn reply(&mut self) -> Verdict<Option<Reply>> {
        let until = Instant::now() + self.timing.deadline;
        loop {
            match Reply::decode(&self.arrived) {
                Ok(Some((reply, len))) => {
                    self.arrived.drain(..len);
                    self.transcript.seen(self.number, &reply);
                    self.is_switched |= reply.status == 101;
                    return Ok(Some(reply));
                }
                Ok(None) => {}
                Err(why) => {
                    return Err(Failure::new(
                        "an HTTP answer",
                        format_args!("{why}: {}", Excerpt(&self.arrived)),
                    ));
                }
            }
            match self.read_more(until) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    self.transcript.seen(self.number, Event::End(end));
                    return Ok(None);
                }
                Err(TimedOut) => {
                    return Err(Failure::new(
                        "an HTTP answer",
                        format_args!("none within {:?}", self.timing.deadline),
                    ));
                }
            }
        }
    }

    /// The bytes of an answer, whose length `length` knows by the bytes of the head; `None` when the server closed instead.
    pub(crate) fn bytes_of_answer(
        &mut self,
        length: impl Fn(&[u8]) -> usize,
    ) -> Verdict<Option<Vec<u8>>> {
        let until = Instant::now() + self.timing.deadline;
        loop {
            let end = self.arrived.windows(4).position(|four| four == b"\r\n\r\n");
            let end = end.map(|end| end + 4 + length(&self.arrived[..end + 4]));
            if let Some(end) = end.filter(|end| *end <= self.arrived.len()) {
                let answer: Vec<u8> = self.arrived.drain(..end).collect();
                self.transcript.seen_bytes(self.number, &answer, false);
                self.is_switched |= answer.starts_with(b"HTTP/1.1 101");
                return Ok(Some(answer));
            }
            match self.read_more(until) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    self.transcript.seen(self.number, Event::End(end));
                    return Ok(None);
                }
                Err(TimedOut) => {
                    return Err(Failure::new(
                        "an HTTP answer",
                        format_args!(
                            "{} within {:?}",
                            self.arrived.escape_ascii(),
                            self.timing.deadline
                        ),
                    ));
                }
            }
        }
    }

    /// All bytes until the end of TCP.
    pub(crate) fn bytes_to_the_end(&mut self) -> Verdict<Vec<u8>> {
        let until = Instant::now() + self.timing.deadline;
        loop {
            match self.read_more(until) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    let bytes = std::mem::take(&mut self.arrived);
                    if !bytes.is_empty() {
                        self.transcript
                            .seen_bytes(self.number, &bytes, self.is_switched);
                    }
                    self.transcript.seen(self.number, Event::End(end));
                    return Ok(bytes);
                }
                Err(TimedOut) => {
                    let seen = self.arrived.escape_ascii();
                    return Err(Failure::new(
                        "the end of TCP",
                        format_args!("{seen} and no end"),
                    ));
                }
            }
        }
    }

    /// Sends a handshake and insists that it is accepted as it must be.
    pub(crate) fn upgrade(&mut self, request: &Request) -> Verdict<Reply> {
        let reply = self
            .ask(request)?
            .ok_or_else(|| Failure::new("HTTP 101", "TCP closed"))?;
        ensure(reply.status == 101, "HTTP 101", &reply)?;
        let key = request.key().unwrap_or_default();
        ensure(
            reply.header("sec-websocket-accept") == Some(&accept_value(&key)),
            format!("Sec-WebSocket-Accept: {}", accept_value(&key)),
            &reply,
        )
        .map_err(|failure| failure.breaking(&H29))?;
        ensure(
            reply.all("sec-websocket-accept").count() == 1,
            "one Sec-WebSocket-Accept",
            &reply,
        )
        .map_err(|failure| failure.breaking(&H51))?;
        ensure(
            reply.header("sec-websocket-extensions").is_none(),
            "no Sec-WebSocket-Extensions",
            &reply,
        )
        .map_err(|failure| failure.breaking(&H45))?;
        Ok(reply)
    }

    /// Reads the head of a client's request.
    pub(crate) fn asked(&mut self) -> Verdict<Asked> {
        let until = Instant::now() + self.timing.deadline;
        loop {
            if let Some((asked, len)) = Asked::decode(&self.arrived) {
                self.arrived.drain(..len);
                self.transcript.seen(self.number, &asked);
                return Ok(asked);
            }
            let missing = match self.read_more(until) {
                Ok(None) => continue,
                Ok(Some(end)) => Event::End(end).to_string(),
                Err(TimedOut) => format!("none within {:?}", self.timing.deadline),
            };
            return Err(Failure::new(
                "the head of a request",
                format_args!("{missing}, after {}", Excerpt(&self.arrived)),
            ));
        }
    }

    /// Sends an answer.
    pub(crate) fn answer(&mut self, answer: &Answer) {
        self.transcript.sent(self.number, answer);
        self.is_switched = true;
        self.put(&answer.encode());
    }

    // Frames.
}
