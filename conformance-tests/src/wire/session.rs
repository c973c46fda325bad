//! A session of the client under test.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use switchwire_core::{
    CloseOutcome, CloseStatus, Error, ErrorKind, HandshakeInfo, WebSocketMessage, WebSocketSession,
    future::Closed,
};
use tokio::{
    runtime::Handle,
    time::{error::Elapsed, timeout},
};

use crate::{
    Timing,
    case::{Failure, Verdict, ensure},
};

/// A client's session.
#[derive(Debug)]
pub(crate) struct Session {
    session: WebSocketSession,
    runtime: Handle,
    timing: Timing,
}

impl Session {
    pub(super) fn new(session: WebSocketSession, runtime: Handle, timing: Timing) -> Self {
        Self {
            session,
            runtime,
            timing,
        }
    }

    /// Waits for what must come.
    fn wait<T>(&self, expected: &'static str, future: impl Future<Output = T>) -> Verdict<T> {
        let within = self.timing.deadline;
        wait(&self.runtime, within, future)
            .map_err(|_| Failure::new(expected, format_args!("nothing within {within:?}")))
    }

    pub(crate) fn info(&self) -> &HandshakeInfo {
        self.session.handshake_info()
    }

    pub(crate) fn send(&self, message: impl Into<WebSocketMessage>) -> Verdict {
        let sent = self.wait("a message to be sent", self.session.send(message))?;
        sent.map_err(|error| Failure::new("a message to be sent", error))
    }

    /// The result of sending.
    pub(crate) fn try_send(
        &self,
        message: impl Into<WebSocketMessage>,
    ) -> Verdict<Result<(), Error>> {
        self.wait("an end of sending", self.session.send(message))
    }

    /// The next message.
    pub(crate) fn receive(&mut self) -> Verdict<Result<Option<WebSocketMessage>, Error>> {
        let within = self.timing.deadline;
        wait(&self.runtime, within, self.session.receive()).map_err(|_| {
            Failure::new(
                "something to be received",
                format_args!("nothing within {within:?}"),
            )
        })
    }

    /// What comes within the silent time.
    pub(crate) fn receive_soon(&mut self) -> Verdict<Option<WebSocketMessage>> {
        match wait(
            &self.runtime,
            self.timing.silence * 4,
            self.session.receive(),
        ) {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(error)) => Err(Failure::new("a message or silence", error)),
            Err(_) => Ok(None),
        }
    }

    pub(crate) fn expect(&mut self, message: impl Into<WebSocketMessage>) -> Verdict {
        let message = message.into();
        let expected = || format!("the client to receive {}", shown(&message));
        match self.receive().map_err(|failure| Failure {
            expected: expected().into(),
            ..failure
        })? {
            Ok(Some(seen)) if seen == message => Ok(()),
            Ok(Some(seen)) => Err(Failure::new(expected(), shown(&seen))),
            Ok(None) => Err(Failure::new(expected(), "the end")),
            Err(error) => Err(Failure::new(expected(), error)),
        }
    }

    /// Receiving ends in order.
    pub(crate) fn expect_end(&mut self) -> Verdict {
        match self.receive()? {
            Ok(None) => Ok(()),
            Ok(Some(seen)) => Err(Failure::new("the end of receiving", shown(&seen))),
            Err(error) => Err(Failure::new("the end of receiving", error)),
        }
    }

    /// Receiving ends with one error of this kind.
    pub(crate) fn expect_failure(&mut self, kind: ErrorKind) -> Verdict {
        let expected = format!("an error of the kind {kind:?}");
        match self.receive()? {
            Err(error) if error.kind() == kind => self.expect_end(),
            Err(error) => Err(Failure::new(expected, format_args!("{:?}", error.kind()))),
            Ok(seen) => Err(Failure::new(expected, format_args!("{seen:?}"))),
        }
    }

    /// Begins to close.
    pub(crate) fn close(&self, status: impl Into<CloseStatus>) -> Closed {
        self.session.close(status)
    }

    /// The session ended so.
    pub(crate) fn expect_outcome(&self, expected: &'static str) -> Verdict {
        let seen = told(&self.wait(expected, self.session.closed())?);
        ensure(seen == expected, expected, seen)
    }

    /// Sends until nothing more is accepted for the silent time, at most so often; how often it was.
    pub(crate) fn send_until_full(&self, message: &[u8], most: usize) -> Verdict<usize> {
        for sent in 0..most {
            let sending = self.session.send(message.to_vec());
            match wait(&self.runtime, self.timing.silence * 4, sending) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(Failure::new("a message to be sent", error)),
                Err(_) => return Ok(sent),
            }
        }
        Ok(most)
    }
}

/// How a session ended, in words.
pub(super) fn told(outcome: &CloseOutcome) -> String {
    match outcome {
        CloseOutcome::Abnormal(error) => format!("ended abnormally: {:?}", error.kind()),
        other => other.to_string(),
    }
}

fn shown(message: &WebSocketMessage) -> String {
    const SHOWN: usize = 60;
    let text = format!("{message:?}");
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], message.len()),
        None => text,
    }
}

/// Waits on the runtime, from a thread that is not its own.
pub(super) fn wait<T>(
    runtime: &Handle,
    time: Duration,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    // One type for all futures: hundreds of them would be compiled each on its own.
    let future: Pin<&mut dyn Future<Output = T>> = pin!(future);
    runtime.block_on(async { timeout(time, future).await })
}
