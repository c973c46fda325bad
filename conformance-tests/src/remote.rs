//! Cases against a server that runs already, in any language.

use std::{
    fmt,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
};

use crate::{Case, Needs, Record, Timing, Verified, cases};

/// A server at a `ws://` URL that echoes.
#[derive(Debug, Clone)]
pub struct Remote {
    address: SocketAddr,
    host: String,
    path: String,
    report: Option<(String, PathBuf)>,
}

impl Remote {
    /// The server at a URL such as `ws://127.0.0.1:9000/echo`.
    ///
    /// # Errors
    /// When the URL is no `ws://` URL or its host cannot be resolved.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let invalid = |why: String| InvalidUrl {
            url: url.to_owned(),
            why,
        };
        let rest = url
            .strip_prefix("ws://")
            .ok_or_else(|| invalid("it must begin with ws:// (TLS is not spoken)".to_owned()))?;
        // The path may be empty before a query.
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(at);
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        if host.contains('@') {
            return Err(invalid("it may not have a user".to_owned()));
        }
        if path.contains('#') || path.contains(char::is_whitespace) {
            return Err(invalid(
                "its path may hold neither a fragment nor blanks".to_owned(),
            ));
        }
        let bare = host.rsplit_once(']').map_or(host, |(_, after)| after);
        let with_port = if bare.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let address = with_port
            .to_socket_addrs()
            .map_err(|error| invalid(error.to_string()))?
            .next()
            .ok_or_else(|| invalid("its host has no address".to_owned()))?;
        Ok(Self {
            address,
            host: host.to_owned(),
            path,
            report: None,
        })
    }

    /// Appends the results to a report under this name, when there is a path.
    #[must_use]
    pub fn reported(mut self, name: &str, path: Option<PathBuf>) -> Self {
        self.report = path.map(|path| (name.to_owned(), path));
        self
    }

    /// The cases that need no more than an echo endpoint.
    pub fn cases() -> impl Iterator<Item = &'static Case> {
        cases().filter(|case| case.needs == Needs::Echo)
    }

    /// Runs a case against it.
    #[must_use]
    pub fn run(&self, case: &Case, timing: Timing) -> Verified {
        let verified = case.run_at(self.address, &self.host, &self.path, timing);
        if let Some((name, path)) = &self.report {
            let outcome = if verified.broken.is_none() {
                "passed"
            } else {
                "failed"
            };
            let record = Record::new(
                name,
                case.about(),
                outcome,
                verified.broken.map(|rule| rule.id),
            );
            if let Err(error) = record.append_to(path) {
                eprintln!("the report {} cannot be written: {error}", path.display());
            }
        }
        verified
    }
}

/// A URL that no server can be reached by.
#[derive(Debug, Clone)]
pub struct InvalidUrl {
    url: String,
    why: String,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be tested: {}", self.url, self.why)
    }
}

impl std::error::Error for InvalidUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_and_path() {
        let remote = Remote::new("ws://127.0.0.1:9000/echo?x=1").unwrap();
        assert_eq!(remote.address, "127.0.0.1:9000".parse().unwrap());
        assert_eq!(
            (remote.host.as_str(), remote.path.as_str()),
            ("127.0.0.1:9000", "/echo?x=1")
        );
        let remote = Remote::new("ws://[::1]").unwrap();
        assert_eq!(remote.address, "[::1]:80".parse().unwrap());
        assert_eq!(remote.path, "/");
        assert_eq!(Remote::new("ws://127.0.0.1:80?x=/").unwrap().path, "/?x=/");
    }

    #[test]
    fn other_urls_are_refused_with_a_reason() {
        for url in [
            "http://127.0.0.1/",
            "wss://127.0.0.1/",
            "ws://127.0.0.1:99999/",
            "ws://127.0.0.1/#x",
            "ws:///echo",
            "ws://user@127.0.0.1/",
        ] {
            assert!(Remote::new(url).is_err(), "{url}");
        }
    }
}
