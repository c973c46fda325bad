use std::{fmt, str::FromStr};

use super::{InvalidOrigin, Origin, Site, default_port, parse_host, parse_port, split_port};

/// A set of origins, written as one line.
///
/// | pattern | origins |
/// |---|---|
/// | `https://chat.example` | this one |
/// | `https://*.example.com` | those of every name below `example.com`, at any depth; not `example.com` itself |
/// | `https://*.example.com:[8080,8081]` | the same, on these ports |
/// | `http://localhost:[*]` | this host on any port |
/// | `https://*` | every host with this scheme |
/// | `*` | every origin but `null` |
/// | `null` | `null` |
///
/// - `origin.pattern.1` An asterisk stands for whole labels. `https://*example.com` is not a
///   pattern, because `evil-example.com` would match it.
/// - `origin.pattern.2` Only the pattern `null` matches the origin `null`.
///
/// ```
/// use switchwire_core::{Origin, OriginPattern};
///
/// let pattern = OriginPattern::parse("https://*.example.com:[443,8443]")?;
/// assert!(pattern.matches(&Origin::parse("https://a.b.example.com")?));
/// assert!(!pattern.matches(&Origin::parse("https://example.com.evil.example")?));
/// # Ok::<(), switchwire_core::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginPattern(Kind);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Any,
    Null,
    Sites {
        scheme: String,
        host: Host,
        ports: Ports,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Any,
    /// With the leading dot.
    Below(String),
    Exactly(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Ports {
    Any,
    Listed(Vec<u16>),
}

impl OriginPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`InvalidOrigin`] when the text has none of the forms above.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        match text {
            "*" => return Ok(Self(Kind::Any)),
            "null" => return Ok(Self(Kind::Null)),
            _ => {}
        }
        let (scheme, rest) = super::split_scheme(text)?;
        let (host, ports) = match rest.rsplit_once(":[") {
            Some((host, ports)) => (host, parse_ports(ports)?),
            None => {
                let (host, port) = split_port(rest)?;
                let port = port.or(default_port(&scheme)).ok_or(InvalidOrigin)?;
                (host, Ports::Listed(vec![port]))
            }
        };
        let host = if host == "*" {
            Host::Any
        } else if let Some(parent) = host.strip_prefix("*.") {
            Host::Below(format!(".{}", parse_name(parent)?))
        } else {
            Host::Exactly(parse_host(host)?)
        };
        Ok(Self(Kind::Sites {
            scheme,
            host,
            ports,
        }))
    }

    /// Whether the origin is in the set.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        match (&self.0, &origin.0) {
            (Kind::Null, site) => site.is_none(),
            (_, None) => false,
            (Kind::Any, Some(_)) => true,
            (
                Kind::Sites {
                    scheme,
                    host,
                    ports,
                },
                Some(site),
            ) => *scheme == site.scheme && host.matches(&site.host) && ports.matches(site.port),
        }
    }

    /// Whether this is `*`.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == Kind::Any
    }
}

impl Host {
    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Below(parent) => host.len() > parent.len() && host.ends_with(parent),
            Self::Exactly(name) => host == name,
        }
    }
}

impl Ports {
    fn matches(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(ports) => ports.contains(&port),
        }
    }
}

impl From<Origin> for OriginPattern {
    fn from(origin: Origin) -> Self {
        Self(match origin.0 {
            None => Kind::Null,
            Some(Site { scheme, host, port }) => Kind::Sites {
                scheme,
                host: Host::Exactly(host),
                ports: Ports::Listed(vec![port]),
            },
        })
    }
}

impl FromStr for OriginPattern {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        Self::parse(text)
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, ports) = match &self.0 {
            Kind::Any => return f.write_str("*"),
            Kind::Null => return f.write_str("null"),
            Kind::Sites {
                scheme,
                host,
                ports,
            } => (scheme, host, ports),
        };
        write!(f, "{scheme}://")?;
        match host {
            Host::Any => f.write_str("*")?,
            Host::Below(parent) => write!(f, "*{parent}")?,
            Host::Exactly(host) => f.write_str(host)?,
        }
        match ports {
            Ports::Any => f.write_str(":[*]"),
            Ports::Listed(ports) => match ports[..] {
                [port] if default_port(scheme) == Some(port) => Ok(()),
                [port] => write!(f, ":{port}"),
                _ => {
                    let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
                    write!(f, ":[{}]", ports.join(","))
                }
            },
        }
    }
}

/// Parses the text after `:[`.
fn parse_ports(text: &str) -> Result<Ports, InvalidOrigin> {
    let list = text.strip_suffix(']').ok_or(InvalidOrigin)?;
    if list == "*" {
        return Ok(Ports::Any);
    }
    let ports = list.split(',').map(|port| parse_port(port.trim()));
    ports.collect::<Result<_, _>>().map(Ports::Listed)
}

/// Parses a host that is a name.
fn parse_name(text: &str) -> Result<String, InvalidOrigin> {
    if text.starts_with('[') {
        return Err(InvalidOrigin);
    }
    parse_host(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, origin, and whether it matches: Spring's published cases, and edge cases. `ours`
    /// marks where this project decides differently.
    #[rustfmt::skip] // a table
    const TABLE: &[(&str, &str, bool)] = &[
        ("*", "https://domain.com", true),
        ("*", "http://127.0.0.1:9001", true),
        ("*", "null", false), // ours: null is listed or refused
        ("null", "null", true),
        ("null", "https://domain.com", false),
        ("http://*.com", "http://domain.com", true),
        ("http://*.com", "http://a.domain.com", true),
        ("http://*.com", "https://domain.com", false),
        ("https://*.domain.com", "https://example.domain.com", true),
        ("https://*.domain.com", "https://a.b.domain.com", true),
        ("https://*.domain.com", "https://domain.com", false),
        ("https://*.domain.com", "http://example.domain.com", false),
        ("https://*.domain.com", "https://example.domain.com:1234", false),
        ("https://*.domain.com", "https://example.domain.com:443", true), // ours: the port of the scheme
        ("https://*.domain.com", "https://example.specific.port.com", false),
        ("https://*.domain.com", "https://example.domain.com.evil.example", false),
        ("https://*.domain.com", "https://evildomain.com", false),
        ("https://*.domain.com", "null", false),
        ("https://*.port.domain.com:[*]", "https://example.port.domain.com", true),
        ("https://*.port.domain.com:[*]", "https://example.port.domain.com:1234", true),
        ("https://*.port.domain.com:[*]", "https://port.domain.com:1234", false),
        ("https://*.specific.port.com:[8080,8081]", "https://example.specific.port.com:8080", true),
        ("https://*.specific.port.com:[8080,8081]", "https://example.specific.port.com:8081", true),
        ("https://*.specific.port.com:[8080,8081]", "https://example.specific.port.com:1234", false),
        ("https://*.specific.port.com:[8080,8081]", "https://example.specific.port.com", false),
        ("https://*.specific.port.com:[8080, 8081]", "https://example.specific.port.com:8081", true),
        ("https://*.example.com:[443,8443]", "https://a.example.com", true),
        ("http://localhost:[*]", "http://localhost:3000", true),
        ("http://localhost:[*]", "http://localhost.evil.example:3000", false),
        ("http://[::1]:[*]", "http://[0:0:0::1]:3000", true),
        ("http://[::1]:[8080,8081]", "http://[::1]:8081", true),
        ("https://*", "https://domain.com", true),
        ("https://*", "http://domain.com", false),
        ("https://*:[*]", "https://domain.com:1", true),
        ("HTTPS://*.Domain.COM", "https://Example.domain.com", true),
        ("https://domain.com", "https://domain.com:443", true),
        ("https://domain.com:8443", "https://domain.com:8443", true),
        ("https://domain.com:8443", "https://domain.com", false),
        ("app://*:[*]", "app://host:1", true),
    ];

    #[test]
    fn a_pattern_matches_its_origins_and_no_others() {
        for &(pattern, origin, expected) in TABLE {
            let parsed = OriginPattern::parse(pattern).expect(pattern);
            let origin = Origin::parse(origin).expect(origin);
            assert_eq!(parsed.matches(&origin), expected, "{pattern} and {origin}");
            assert_eq!(
                OriginPattern::parse(&parsed.to_string()),
                Ok(parsed),
                "{pattern}"
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "**",
            "*.domain.com",
            "https://*domain.com",
            "https://a.*.domain.com",
            "https://*.*.domain.com",
            "https://*.",
            "https://*.[::1]",
            "https://*.domain.com:[",
            "https://*.domain.com:[]",
            "https://*.domain.com:[80,]",
            "https://*.domain.com:[80,*]",
            "https://*.domain.com:*",
            "https://*.domain.com/",
            "*://domain.com",
            "app://host",
        ] {
            assert_eq!(OriginPattern::parse(text), Err(InvalidOrigin), "{text}");
        }
    }
}
