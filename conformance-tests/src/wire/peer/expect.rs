//! The expectations of a case about the frames and the end of a connection.

use super::*;

impl Peer {
    pub(crate) fn expect_text(&mut self, text: impl AsRef<str>) -> Verdict {
        self.expect(opcode::TEXT, text.as_ref().as_bytes())
    }

    pub(crate) fn expect_binary(&mut self, payload: impl AsRef<[u8]>) -> Verdict {
        self.expect(opcode::BINARY, payload.as_ref())
    }

    pub(crate) fn expect_pong(&mut self, payload: impl AsRef<[u8]>) -> Verdict {
        self.expect(opcode::PONG, payload.as_ref())
    }

    /// The next frame is a ping, which is not answered. Returns its payload.
    pub(crate) fn expect_ping(&mut self) -> Verdict<Vec<u8>> {
        match self.next()? {
            Event::Frame(frame) if frame.opcode == opcode::PING => Ok(frame.payload),
            other => Err(Failure::new("a ping", other)),
        }
    }

    /// The next frame or end, if it comes this soon.
    pub(crate) fn within(&mut self, time: Duration) -> Verdict<Option<Event>> {
        self.next_within(time)
    }

    fn expect(&mut self, opcode: u8, payload: &[u8]) -> Verdict {
        let expected = Frame::new(opcode, payload).unmasked();
        let message = self.message().map_err(|failure| Failure {
            expected: expected.to_string().into(),
            ..failure
        })?;
        ensure(
            message.opcode == opcode && message.payload == payload,
            expected.to_string(),
            &message,
        )
    }

    /// The Close frame, and nothing before it.
    pub(crate) fn expect_close_frame(&mut self) -> Verdict<Frame> {
        match self.next()? {
            Event::Frame(frame) if frame.opcode == opcode::CLOSE => Ok(frame),
            other => Err(Failure::new("a Close", other)),
        }
    }

    /// A Close with this code, answered as a peer should, then the end of TCP by the tested end.
    /// Returns the reason.
    pub(crate) fn expect_close(&mut self, code: u16) -> Verdict<String> {
        let close = self.expect_close_frame()?;
        ensure(
            close.close_code() == Some(code),
            format!("Close {code}"),
            &close,
        )?;
        self.send(&Frame::close(code, ""));
        self.expect_end()?;
        Ok(String::from_utf8_lossy(&close.payload[2..]).into_owned())
    }

    /// The answer to our own Close: a Close with this code, then the end of TCP by the tested end.
    pub(crate) fn expect_close_answer(&mut self, code: u16) -> Verdict {
        let close = self.expect_close_frame()?;
        ensure(
            close.close_code() == Some(code),
            format!("Close {code}"),
            &close,
        )?;
        self.expect_end()
    }

    /// The end of TCP by the tested end, with nothing before it. A server ends it first; as one we do so here.
    pub(crate) fn expect_end(&mut self) -> Verdict {
        if self.role == Role::Server {
            self.finish();
        }
        self.expect_end_unasked()
    }

    /// The end of TCP, brought about by the tested end, with nothing before it.
    pub(crate) fn expect_end_unasked(&mut self) -> Verdict {
        match self.next_within(self.timing.deadline)? {
            Some(Event::End(_)) => Ok(()),
            Some(Event::Frame(frame)) => {
                Err(Failure::new("nothing after the Close", frame).breaking(&K12))
            }
            None => Err(Failure::new(
                format!("TCP closed by {}", self.role.tested()),
                format_args!("open after {:?}", self.timing.deadline),
            )
            .breaking(match self.role {
                Role::Client => &K15,
                Role::Server => &C30,
            })),
        }
    }

    /// The connection fails: nothing but a Close with one of these codes, then the end of TCP.
    pub(crate) fn expect_failed(&mut self, codes: &[u16]) -> Verdict {
        let expected = format!(
            "Close {} and the end of TCP",
            codes
                .iter()
                .map(u16::to_string)
                .collect::<Vec<_>>()
                .join(" or ")
        );
        match self.next().map_err(|failure| Failure {
            expected: expected.clone().into(),
            ..failure
        })? {
            Event::Frame(frame) if frame.opcode == opcode::CLOSE => {
                let fits = frame.close_code().is_some_and(|code| codes.contains(&code));
                ensure(fits, expected, &frame)?;
                self.send(&Frame::close(frame.close_code().unwrap_or(1000), ""));
                self.expect_end()
            }
            Event::End(end) => Err(Failure::new(
                expected,
                format_args!("{} without a Close", Event::End(end)),
            )
            .breaking(&K21)),
            other @ Event::Frame(_) => Err(Failure::new(expected, other)),
        }
    }

    /// Nothing comes for the silent time.
    pub(crate) fn expect_silence(&mut self) -> Verdict {
        match self.next_within(self.timing.silence)? {
            None => Ok(()),
            Some(event) => Err(Failure::new("silence", event)),
        }
    }

    /// The connection is alive and has nothing else to say: a ping comes back, and nothing before it.
    pub(crate) fn expect_alive(&mut self) -> Verdict {
        self.send(&Frame::ping("fence"));
        self.expect_pong("fence")
    }

    /// Asks again and again until the answer is this one: for what becomes true a moment after all that can be seen.
    pub(crate) fn asks_until(&mut self, question: &str, answer: &str) -> Verdict {
        let until = Instant::now() + self.timing.deadline;
        loop {
            self.send(&Frame::text(question));
            let message = self.message()?;
            if message.payload == answer.as_bytes() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(Failure::new(format!("text {answer:?} at last"), message));
            }
        }
    }

    /// The closing handshake, begun here.
    pub(crate) fn close(mut self) -> Verdict {
        self.send(&Frame::close(1000, ""));
        self.expect_close_answer(1000)
    }
}
