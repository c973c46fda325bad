use std::time::{Duration, SystemTime};

use http::{StatusCode, header};
use switchwire_core::{
    CloseCode, CloseOutcome, ConnectError, ErrorKind,
    client::{HandshakeViolation, ProxyError},
};

/// Whether the same request is likely to succeed a little later.
pub(super) fn is_worth_another_try(ended: &Result<CloseOutcome, ConnectError>) -> bool {
    match ended {
        Ok(outcome) => may_come_back(outcome),
        Err(error) => may_connect(error),
    }
}

fn may_come_back(outcome: &CloseOutcome) -> bool {
    match outcome {
        CloseOutcome::ByPeer(Some(status)) => matches!(
            status.code(),
            CloseCode::GOING_AWAY | CloseCode::SERVICE_RESTART | CloseCode::TRY_AGAIN_LATER
        ),
        CloseOutcome::Abnormal(error) => matches!(
            error.kind(),
            ErrorKind::Io | ErrorKind::Disconnected | ErrorKind::Timeout
        ),
        CloseOutcome::ByPeer(None) | CloseOutcome::ByUs(_) | CloseOutcome::TimedOut => false,
    }
}

fn may_connect(error: &ConnectError) -> bool {
    match error {
        ConnectError::Resolve { .. }
        | ConnectError::Connect(_)
        | ConnectError::ConnectTimedOut
        | ConnectError::TlsTimedOut
        | ConnectError::HandshakeTimedOut
        | ConnectError::Io(_)
        | ConnectError::Proxy(ProxyError::Io(_))
        | ConnectError::Violation(HandshakeViolation::Truncated) => true,
        ConnectError::Refused(answer) => is_temporary(answer.status()),
        ConnectError::Proxy(ProxyError::Refused(status)) => is_temporary(*status),
        _ => false,
    }
}

fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How long the server asks the client to wait ([RFC 9110 section
/// 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
pub(super) fn retry_after(ended: &Result<CloseOutcome, ConnectError>) -> Option<Duration> {
    let answer = ended.as_ref().err()?.response()?;
    let value = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;
    use switchwire_core::{CloseStatus, Error};

    use super::*;

    #[test]
    fn a_restart_is_worth_it_and_a_farewell_is_not() {
        for (code, expected) in [
            (1000, false),
            (1001, true),
            (1008, false),
            (1011, false),
            (1012, true),
            (1013, true),
            (4000, false),
        ] {
            let status = CloseStatus::from(CloseCode::new(code).unwrap());
            let theirs = Ok(CloseOutcome::ByPeer(Some(status.clone())));
            assert_eq!(is_worth_another_try(&theirs), expected, "{code}");
            let ours = Ok(CloseOutcome::ByUs(status));
            assert!(!is_worth_another_try(&ours), "{code}");
        }
        for (kind, expected) in [
            (ErrorKind::Disconnected, true),
            (ErrorKind::Io, true),
            (ErrorKind::Protocol, false),
        ] {
            let ended = Ok(CloseOutcome::Abnormal(Error::new(kind)));
            assert_eq!(is_worth_another_try(&ended), expected, "{kind:?}");
        }
    }

    fn refused(status: u16, retry_after: &str) -> Result<CloseOutcome, ConnectError> {
        let answer = Response::builder()
            .status(status)
            .header("retry-after", retry_after)
            .body(Bytes::new())
            .unwrap();
        Err(ConnectError::Refused(Box::new(answer)))
    }

    #[test]
    fn statuses_are_told_apart() {
        for (status, expected) in [
            (401, false),
            (403, false),
            (404, false),
            (429, true),
            (503, true),
        ] {
            assert_eq!(
                is_worth_another_try(&refused(status, "")),
                expected,
                "{status}"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(
            retry_after(&refused(503, "120")),
            Some(Duration::from_secs(120))
        );
        assert_eq!(retry_after(&refused(503, "soon")), None);
        let past = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(&refused(503, past)), Some(Duration::ZERO));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(1_000));
        let found = retry_after(&refused(503, &date)).unwrap().as_secs();
        assert!((990..=1_000).contains(&found), "{found}");
    }
}
