//! Which web pages may connect ([RFC 6455 section 10.2](https://www.rfc-editor.org/rfc/rfc6455#section-10.2)).

use std::fmt;

use http::header;
use switchwire_core::HandshakeRequest;

use super::single;

/// Which origins are let in. A request of the server's own origin always is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum OriginPolicy {
    /// Only pages that this server itself serves: scheme, host and port are those of the request.
    #[default]
    SameOrigin,
    /// These, too.
    AllowList(Vec<Origin>),
    /// Every page of every site, with the cookies the browser has for this server. Only for endpoints
    /// that are meant to be public and look at no cookie.
    Any,
}

impl OriginPolicy {
    /// Whether the request may become a session. One without `Origin` does not come from a web page.
    pub(super) fn allows(&self, request: &HandshakeRequest) -> bool {
        if matches!(self, Self::Any) || !request.headers().contains_key(header::ORIGIN) {
            return true;
        }
        let Some(origin) = single(request.headers(), &header::ORIGIN) else {
            return false;
        };
        let Ok(origin) = Origin::parse(origin) else {
            return false;
        };
        let scheme = if request.is_secure() { "https" } else { "http" };
        let own = single(request.headers(), &header::HOST)
            .and_then(|host| Origin::parse(&format!("{scheme}://{host}")).ok());
        own.is_some_and(|own| own == origin)
            || matches!(self, Self::AllowList(listed) if listed.contains(&origin))
    }
}

/// A scheme, a host and a port, or `null`
/// ([RFC 6454 section 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2)).
///
/// ```
/// use switchwire_service::Origin;
///
/// assert_eq!(Origin::parse("HTTPS://Chat.Example")?, Origin::parse("https://chat.example:443")?);
/// assert!(Origin::parse("https://chat.example/path").is_err());
/// # Ok::<(), switchwire_service::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(Option<(String, String, u16)>);

impl Origin {
    /// Reads an origin: `scheme://host` or `scheme://host:port` in ASCII, or `null`.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for everything else: user names, paths, white space, hosts that are not ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "null" {
            return Ok(Self(None));
        }
        let (scheme, authority) = text.split_once("://").ok_or(InvalidOrigin)?;
        let (host, port) = split_port(authority).ok_or(InvalidOrigin)?;
        let scheme = scheme.to_ascii_lowercase();
        let port = match (port, scheme.as_str()) {
            (Some(port), _) => port,
            (None, "http" | "ws") => 80,
            (None, "https" | "wss") => 443,
            (None, _) => return Err(InvalidOrigin),
        };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme || !is_host(host) {
            return Err(InvalidOrigin);
        }
        Ok(Self(Some((scheme, host.to_ascii_lowercase(), port))))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((scheme, host, port)) => write!(f, "{scheme}://{host}:{port}"),
            None => f.write_str("null"),
        }
    }
}

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an origin; write it as https://chat.example or https://chat.example:8443")]
pub struct InvalidOrigin;

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let host_end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(host_end);
    match port.strip_prefix(':') {
        None if port.is_empty() => Some((host, None)),
        Some(digits)
            if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            Some((host, Some(digits.parse().ok()?)))
        }
        _ => None,
    }
}

fn is_host(host: &str) -> bool {
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    is_address || is_name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &OriginPolicy, host: &str, origin: &str) -> bool {
        let (head, ()) = http::Request::get("/")
            .header("host", host)
            .header("origin", origin)
            .body(())
            .unwrap()
            .into_parts();
        policy.allows(&head.into())
    }

    #[test]
    fn only_the_same_scheme_host_and_port_are_the_same_origin() {
        let same = OriginPolicy::SameOrigin;
        assert!(allows(&same, "good.example", "http://good.example"));
        assert!(allows(&same, "good.example:80", "HTTP://Good.Example"));
        assert!(allows(&same, "[::1]:9001", "http://[::1]:9001"));
        for origin in [
            "https://good.example",
            "http://good.example:8080",
            "http://good.example.",
            "http://good.example.evil.com",
            "http://evilgood.example",
            "http://good.example@evil.com",
            "http://good.example/",
            "null",
            "file://",
            "a b",
            "",
        ] {
            assert!(!allows(&same, "good.example", origin), "{origin}");
        }
    }

    #[test]
    fn a_listed_origin_is_let_in_and_null_only_when_listed() {
        let listed = OriginPolicy::AllowList(vec![Origin::parse("https://good.example").unwrap()]);
        assert!(allows(&listed, "other", "https://good.example:443"));
        assert!(!allows(&listed, "other", "null"));
        let null = OriginPolicy::AllowList(vec![Origin::parse("null").unwrap()]);
        assert!(allows(&null, "other", "null"));
    }
}
