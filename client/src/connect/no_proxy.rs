use std::net::IpAddr;

use ipnet::IpNet;

/// The hosts to connect to without a proxy, as `NO_PROXY` lists them.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoProxy(Vec<Rule>);

#[derive(Debug, Clone)]
enum Rule {
    All,
    Network(IpNet),
    Address(IpAddr, Option<u16>),
    /// A name and all its subdomains.
    Domain(String, Option<u16>),
}

impl NoProxy {
    /// Parses entries between commas or blanks. A dot or `*.` in front of a name changes nothing.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list
            .split([',', ' ', '\t'])
            .filter(|entry| !entry.is_empty());
        Self(entries.map(Rule::parse).collect())
    }

    pub(super) fn has(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        self.0.iter().any(|rule| match rule {
            Rule::All => true,
            Rule::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Rule::Address(known, on) => address == Some(*known) && on.is_none_or(|on| on == port),
            Rule::Domain(name, on) => {
                on.is_none_or(|on| on == port)
                    && host
                        .strip_suffix(name.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
        })
    }
}

impl Rule {
    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Self::All;
        }
        if let Ok(network) = entry.parse() {
            return Self::Network(network);
        }
        if let Ok(address) = entry.parse() {
            return Self::Address(address, None);
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (entry, None),
            },
            None => (entry, None),
        };
        let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        if let Ok(address) = inner.unwrap_or(host).parse() {
            return Self::Address(address, port);
        }
        let name = host.trim_start_matches('*').trim_matches('.');
        Self::Domain(name.to_ascii_lowercase(), port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_names_addresses_and_networks() {
        let list = NoProxy::parse(
            "example.com, .local *.corp,10.0.0.0/8 ::1 127.0.0.1:81,h:82,[fe80::1]:83",
        );
        for (host, port, expected) in [
            ("example.com", 1, true),
            ("a.Example.com", 1, true),
            ("notexample.com", 1, false),
            ("example.com.", 1, true),
            ("b.local", 1, true),
            ("local", 1, true),
            ("x.corp", 1, true),
            ("10.200.0.1", 1, true),
            ("11.0.0.1", 1, false),
            ("::1", 1, true),
            ("127.0.0.1", 81, true),
            ("127.0.0.1", 80, false),
            ("h", 82, true),
            ("h", 83, false),
            ("fe80::1", 83, true),
            ("fe80::1", 84, false),
        ] {
            assert_eq!(list.has(host, port), expected, "{host}:{port}");
        }
        assert!(NoProxy::parse("*").has("anything", 1));
        assert!(!NoProxy::parse("").has("anything", 1));
    }
}
