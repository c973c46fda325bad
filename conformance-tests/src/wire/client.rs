//! The client under test, as a case sees it.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use switchwire_core::{
    ClientRequest, CloseOutcome, CloseStatus, Closed, ConnectError, Error, ErrorKind,
    HandshakeInfo, HandshakeViolation, InvalidRequest, WebSocketHandler, WebSocketMessage,
    WebSocketSession, WebSocketSettings, WebSocketSettingsBuilder,
};
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{error::Elapsed, timeout},
};

use super::{Asked, Listener, Peer, Transcript};
use crate::{
    ClientEngine, ClientSettings, Timing,
    case::{Failure, Verdict, ensure},
};

/// What a case asks to connect, and where it listens. A case never learns which client it is.
pub(crate) struct Client<'a> {
    engine: &'a dyn ClientEngine,
    runtime: Handle,
    timing: Timing,
    transcript: Transcript,
}

impl<'a> Client<'a> {
    pub(crate) fn new(engine: &'a dyn ClientEngine, runtime: Handle, timing: Timing) -> Self {
        Self {
            engine,
            runtime,
            timing,
            transcript: Transcript::default(),
        }
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// How long what must come may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.timing.deadline
    }

    /// A place to connect to.
    pub(crate) fn listen(&self) -> Verdict<Listener> {
        self.listen_on(Ipv4Addr::LOCALHOST, 128)
    }

    /// A place to connect to, at an address, and with room for so many connections that nobody accepts.
    pub(crate) fn listen_on(&self, ip: impl Into<IpAddr>, backlog: i32) -> Verdict<Listener> {
        Listener::bind(ip.into(), backlog, self.timing, &self.transcript)
    }

    /// Begins to connect.
    pub(crate) fn connect(&self, request: ClientRequest) -> Call<WebSocketSession> {
        self.connect_with(ClientSettings::default(), request)
    }

    /// Begins to connect, with other settings of the client.
    pub(crate) fn connect_with(
        &self,
        settings: ClientSettings,
        request: ClientRequest,
    ) -> Call<WebSocketSession> {
        let client = self.engine.client(settings);
        self.call(async move { client.connect(request).await })
    }

    /// Begins to connect, and to serve the session with a handler.
    pub(crate) fn execute(
        &self,
        request: ClientRequest,
        handler: impl WebSocketHandler + 'static,
    ) -> Call<CloseOutcome> {
        let client = self.engine.client(ClientSettings::default());
        self.call(async move { client.execute(request, Arc::new(handler)).await })
    }

    fn call<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, ConnectError>> + Send + 'static,
    ) -> Call<T> {
        Call {
            task: self.runtime.spawn(future),
            runtime: self.runtime.clone(),
            timing: self.timing,
        }
    }

    /// Begins to connect to a path here; the connection, and what is asked on it.
    pub(crate) fn ask(&self, path: &str) -> Verdict<(Call<WebSocketSession>, Peer, Asked)> {
        self.ask_with(path, Ok)
    }

    /// The same with more in the request.
    pub(crate) fn ask_with(
        &self,
        path: &str,
        with: impl FnOnce(ClientRequest) -> Result<ClientRequest, InvalidRequest>,
    ) -> Verdict<(Call<WebSocketSession>, Peer, Asked)> {
        let mut listener = self.listen()?;
        let call = self.connect(with(listener.request(path)?)?);
        let (peer, asked) = listener.asked()?;
        Ok((call, peer, asked))
    }

    /// An open session, and the server's end of it.
    pub(crate) fn open(&self) -> Verdict<(Session, Peer)> {
        self.open_with(|settings| settings)
    }

    /// An open session with settings of its own.
    pub(crate) fn open_with(
        &self,
        set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
    ) -> Verdict<(Session, Peer)> {
        let mut listener = self.listen()?;
        let settings = settings(set);
        let call = self.connect(listener.request("/")?.with_settings(settings));
        let (peer, _) = listener.switched()?;
        Ok((call.session()?, peer))
    }
}

/// Settings that are valid.
pub(crate) fn settings(
    set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
) -> WebSocketSettings {
    set(WebSocketSettings::builder())
        .build()
        .expect("the settings of the kit are valid")
}

impl From<InvalidRequest> for Failure {
    fn from(error: InvalidRequest) -> Self {
        Self::new("a request that can be made", error)
    }
}

/// A call of the client that goes on; dropping this drops it.
#[derive(Debug)]
pub(crate) struct Call<T> {
    task: JoinHandle<Result<T, ConnectError>>,
    runtime: Handle,
    timing: Timing,
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: fmt::Debug> Call<T> {
    /// What came of it.
    pub(crate) fn result(mut self) -> Verdict<Result<T, ConnectError>> {
        let within = self.timing.deadline;
        let result = wait(&self.runtime, within, &mut self.task);
        match result {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(Failure::new(
                "a result",
                format_args!("the client: {error}"),
            )),
            Err(_) => Err(Failure::new(
                "a result",
                format_args!("none within {within:?}"),
            )),
        }
    }

    /// Its success.
    pub(crate) fn value(self) -> Verdict<T> {
        let failed = |error| Failure::new("no error", described(&error));
        self.result()?.map_err(failed)
    }

    /// Its error.
    pub(crate) fn error(self) -> Verdict<ConnectError> {
        match self.result()? {
            Ok(value) => Err(Failure::new("an error", format_args!("{value:?}"))),
            Err(error) => Ok(error),
        }
    }

    /// Its error is one of these.
    pub(crate) fn expect_error(
        self,
        expected: &'static str,
        is: impl FnOnce(&ConnectError) -> bool,
    ) -> Verdict {
        let error = self.error().map_err(|failure| Failure {
            expected: expected.into(),
            ..failure
        })?;
        ensure(is(&error), expected, described(&error))
    }

    /// The answer breaks this rule.
    pub(crate) fn expect_violation(self, rule: &HandshakeViolation) -> Verdict {
        let expected = format!("the error that {rule}");
        let error = self.error().map_err(|failure| Failure {
            expected: expected.clone().into(),
            ..failure
        })?;
        let fits = matches!(&error, ConnectError::Violation(seen) if seen == rule);
        ensure(fits, expected, described(&error))
    }

    /// The server refused with this status; the answer.
    pub(crate) fn expect_refusal(self, status: u16) -> Verdict<http::Response<bytes::Bytes>> {
        let expected = format!("the error that the server answered with {status}");
        let error = self.error().map_err(|failure| Failure {
            expected: expected.clone().into(),
            ..failure
        })?;
        match error {
            ConnectError::Refused(answer) if answer.status() == status => Ok(*answer),
            other => Err(Failure::new(expected, described(&other))),
        }
    }
}

impl Call<WebSocketSession> {
    /// The session.
    pub(crate) fn session(self) -> Verdict<Session> {
        let (runtime, timing) = (self.runtime.clone(), self.timing);
        Ok(Session {
            session: self.value()?,
            runtime,
            timing,
        })
    }
}

impl Call<CloseOutcome> {
    /// It resolves, and the session ended so.
    pub(crate) fn expect_outcome(self, expected: &'static str) -> Verdict {
        let seen = told(&self.value()?);
        ensure(seen == expected, expected, seen)
    }
}

/// A client's session.
#[derive(Debug)]
pub(crate) struct Session {
    session: WebSocketSession,
    runtime: Handle,
    timing: Timing,
}

impl Session {
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

    /// What becomes of sending.
    pub(crate) fn try_send(
        &self,
        message: impl Into<WebSocketMessage>,
    ) -> Verdict<Result<(), Error>> {
        self.wait("an end of sending", self.session.send(message))
    }

    /// What comes next.
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
pub(crate) fn told(outcome: &CloseOutcome) -> String {
    match outcome {
        CloseOutcome::Abnormal(error) => format!("ended abnormally: {:?}", error.kind()),
        other => other.to_string(),
    }
}

fn described(error: &ConnectError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("the error: {error}: {source}"),
        None => format!("the error: {error}"),
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

fn wait<T>(
    runtime: &Handle,
    time: Duration,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    runtime.block_on(async { timeout(time, future).await })
}
