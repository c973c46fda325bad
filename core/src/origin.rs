//! The origin of a web page ([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454)).

mod pattern;

use std::{fmt, net::Ipv6Addr, str::FromStr};

pub use self::pattern::OriginPattern;

/// A scheme, a host and a port, or `null`.
///
/// - `origin.compare.1` Two origins are equal when scheme, host and port are equal. Only these are
///   normalized: letter case, the default port of the scheme (80 for http and ws, 443 for https and
///   wss), and the spelling of an IPv6 address.
/// - `origin.parse.1` Host names are in ASCII, as browsers send them: `xn--bcher-kva.example`, not
///   `bücher.example`.
///
/// ```
/// use switchwire_core::Origin;
///
/// assert_eq!(Origin::parse("HTTPS://Chat.Example")?, Origin::parse("https://chat.example:443")?);
/// assert!(Origin::parse("https://chat.example/path").is_err());
/// assert_eq!(Origin::parse("http://[0:0::1]:8080")?.to_string(), "http://[::1]:8080");
/// # Ok::<(), switchwire_core::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(pub(super) Option<Site>);

/// The parts of an origin other than `null`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Site {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads an origin: `scheme://host`, `scheme://host:port` or `null`.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for everything else: user names, paths, white space, hosts that are not
    /// ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "null" {
            return Ok(Self(None));
        }
        let (scheme, authority) = split_scheme(text)?;
        let (host, port) = split_port(authority)?;
        let port = port.or(default_port(&scheme)).ok_or(InvalidOrigin)?;
        let host = parse_host(host)?;
        Ok(Self(Some(Site { scheme, host, port })))
    }

    /// Whether this is `null`, the origin of a sandboxed frame, of a file, or of a redirect over
    /// several sites.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        Self::parse(text)
    }
}

impl fmt::Display for Origin {
    /// Writes it as browsers do, without the default port of the scheme.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Site { scheme, host, port }) = &self.0 else {
            return f.write_str("null");
        };
        write!(f, "{scheme}://{host}")?;
        if default_port(scheme) != Some(*port) {
            write!(f, ":{port}")?;
        }
        Ok(())
    }
}

/// The text is neither an origin nor a pattern of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an origin; write it as https://chat.example or https://chat.example:8443, with names that are not ASCII as xn--"
)]
pub struct InvalidOrigin;

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// The scheme in lower case, and the rest of the text.
fn split_scheme(text: &str) -> Result<(String, &str), InvalidOrigin> {
    let (scheme, rest) = text.split_once("://").ok_or(InvalidOrigin)?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return Err(InvalidOrigin);
    }
    Ok((scheme.to_ascii_lowercase(), rest))
}

/// The host and the port, if there is one.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), InvalidOrigin> {
    let host_end = if authority.starts_with('[') {
        authority.find(']').ok_or(InvalidOrigin)? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(host_end);
    match port.strip_prefix(':') {
        Some(port) => Ok((host, Some(parse_port(port)?))),
        None if port.is_empty() => Ok((host, None)),
        None => Err(InvalidOrigin),
    }
}

/// Parses a port as browsers write it: digits without a leading zero.
fn parse_port(digits: &str) -> Result<u16, InvalidOrigin> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    match digits.parse() {
        Ok(port) if is_number => Ok(port),
        _ => Err(InvalidOrigin),
    }
}

/// Parses a name to lower case, or an IPv6 address in brackets to its shortest form.
fn parse_host(host: &str) -> Result<String, InvalidOrigin> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address
            .strip_suffix(']')
            .and_then(|address| address.parse().ok())
            .ok_or(InvalidOrigin)?;
        return Ok(format!("[{address}]"));
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let relative = host.strip_suffix('.').unwrap_or(host);
    if !relative.split('.').all(is_label) {
        return Err(InvalidOrigin);
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "a b",
            "good.example",
            "://good.example",
            "1http://good.example",
            "https://",
            "https://good.example/",
            "https://good.example:",
            "https://good.example:x",
            "https://good.example:0443",
            "https://good.example:65536",
            "https://good.example:+443",
            "https://good.example@evil.com",
            "https://good..example",
            "https://.good.example",
            "https://bücher.example",
            "https://[::1",
            "https://[::1]x",
            "https://[1.2.3.4]",
            "https://*.good.example",
            "file://",
            "chrome-extension://abc",
            "NULL",
            "null ",
            " https://good.example",
        ] {
            assert_eq!(Origin::parse(text), Err(InvalidOrigin), "{text}");
        }
    }

    #[test]
    fn different_sites_stay_different() {
        let texts = [
            "http://good.example",
            "https://good.example",
            "https://good.example.",
            "https://good.example:8443",
            "https://xn--good.example",
            "https://www.good.example",
            "http://localhost",
            "http://127.0.0.1",
            "http://[::1]",
            "ws://good.example",
            "null",
        ];
        for (at, text) in texts.iter().enumerate() {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(origin.to_string(), *text);
            for other in &texts[at + 1..] {
                assert_ne!(origin, Origin::parse(other).unwrap(), "{text} and {other}");
            }
        }
    }
}
