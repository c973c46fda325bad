//! Follows redirects.

use http::{Response, StatusCode, header};
use switchwire_core::{ClientRequest, client::RedirectError};

/// The location that an answer redirects to, if it is a redirect. A client that follows redirects
/// needs nothing else of that answer.
pub(crate) fn location<B>(answer: &Response<B>) -> Option<&str> {
    let is_redirect = matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = answer.headers().get(header::LOCATION)?;
    is_redirect.then(|| location.to_str().ok()).flatten()
}

/// The request for the location that the server named. `left` redirects may still be followed.
pub(crate) fn follow(
    request: ClientRequest,
    location: &str,
    left: usize,
) -> Result<ClientRequest, RedirectError> {
    if left == 0 {
        return Err(RedirectError::TooMany);
    }
    let url = resolve(&request, location);
    let target = ClientRequest::new(&url)?;
    if request.is_secure() && !target.is_secure() {
        return Err(RedirectError::Insecure);
    }
    let authority = |asked: &ClientRequest| (asked.host().to_ascii_lowercase(), asked.port());
    if request.unix_socket().is_some() && authority(&request) != authority(&target) {
        return Err(RedirectError::OtherSocket);
    }
    Ok(request.redirected(&url)?)
}

/// Resolves a reference against the request's URL ([RFC 3986 section
/// 5.2](https://www.rfc-editor.org/rfc/rfc3986#section-5.2)). The server resolves dots in paths.
fn resolve(request: &ClientRequest, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or_default();
    let scheme = if request.is_secure() { "wss" } else { "ws" };
    if let Some((given, rest)) = reference.split_once("://")
        && given
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        return match given.to_ascii_lowercase().as_str() {
            "http" => format!("ws://{rest}"),
            "https" => format!("wss://{rest}"),
            _ => reference.to_owned(),
        };
    }
    if reference.starts_with("//") {
        return format!("{scheme}:{reference}");
    }
    let uri = request.uri();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = match uri.path() {
        "" => "/",
        path => path,
    };
    let target = match reference.as_bytes().first() {
        None => format!(
            "{path}{}",
            uri.query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default()
        ),
        Some(b'/') => reference.to_owned(),
        Some(b'?') => format!("{path}{reference}"),
        Some(_) => {
            let folder = path.rfind('/').map_or("/", |last| &path[..=last]);
            format!("{folder}{reference}")
        }
    };
    format!("{scheme}://{authority}{target}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        let request = ClientRequest::new("wss://h:1/a/b?c").unwrap();
        for (reference, expected) in [
            ("wss://i/x", "wss://i/x"),
            ("https://i/x?y#z", "wss://i/x?y"),
            ("http://i/x", "ws://i/x"),
            ("//i/x", "wss://i/x"),
            ("/x?u=http://y", "wss://h:1/x?u=http://y"),
            ("x", "wss://h:1/a/x"),
            ("?x", "wss://h:1/a/b?x"),
            ("", "wss://h:1/a/b?c"),
        ] {
            assert_eq!(resolve(&request, reference), expected, "{reference}");
        }
        let request = ClientRequest::new("ws://h").unwrap();
        assert_eq!(resolve(&request, "x"), "ws://h/x");
    }

    #[test]
    fn tls_is_never_left_and_the_number_is_bounded() {
        let request = || ClientRequest::new("wss://h/").unwrap();
        let error = |location: &str, left| follow(request(), location, left).unwrap_err();
        assert_eq!(error("http://h/", 5), RedirectError::Insecure);
        assert_eq!(error("/", 0), RedirectError::TooMany);
        assert!(matches!(error("ftp://h/", 1), RedirectError::Invalid(_)));
        let unix = request().with_unix_socket("/run/s");
        let error = follow(unix, "https://i/", 1).unwrap_err();
        assert_eq!(error, RedirectError::OtherSocket);
    }
}
