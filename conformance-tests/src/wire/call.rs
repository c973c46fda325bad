//! A call of the client under test.

use std::fmt;

use switchwire_core::{CloseOutcome, ConnectError, WebSocketSession, client::HandshakeViolation};
use tokio::{runtime::Handle, task::JoinHandle};

use super::session::{Session, told, wait};
use crate::{
    Timing,
    case::{Failure, Verdict, ensure},
};

/// A call of the client that goes on; dropping this drops it.
#[derive(Debug)]
pub(crate) struct Call<T> {
    pub(super) task: JoinHandle<Result<T, ConnectError>>,
    pub(super) runtime: Handle,
    pub(super) timing: Timing,
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
        let expected = format!("the error: {rule}");
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
        Ok(Session::new(self.value()?, runtime, timing))
    }
}

impl Call<CloseOutcome> {
    /// It resolves, and the session ended so.
    pub(crate) fn expect_outcome(self, expected: &'static str) -> Verdict {
        let seen = told(&self.value()?);
        ensure(seen == expected, expected, seen)
    }
}

fn described(error: &ConnectError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("the error: {error}: {source}"),
        None => format!("the error: {error}"),
    }
}
