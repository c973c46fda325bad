//! The `X-Forwarded-*` headers, which proxies set before there was a standard.

use http::HeaderMap;

use super::{Hop, is_secure, parse_client};

/// The information of each proxy, the nearest to the server first. Nothing when there is none of the
/// headers.
///
/// Most proxies append to the list of addresses and replace the other values, so the last values
/// belong together. An element that is not text is an unknown value.
pub(super) fn hops(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let clients = list(headers, "x-forwarded-for");
    let schemes = list(headers, "x-forwarded-proto");
    let hosts = list(headers, "x-forwarded-host");
    let ports = list(headers, "x-forwarded-port");
    let none = clients.is_empty() && schemes.is_empty() && hosts.is_empty();
    let count = if none { 0 } else { clients.len().max(1) };
    (0..count).map(move |from_end| Hop {
        client: clients
            .iter()
            .nth_back(from_end)
            .copied()
            .and_then(parse_client),
        secure: nth_back_or_first(&schemes, from_end).and_then(is_secure),
        authority: nth_back_or_first(&hosts, from_end)
            .map(|host| with_port(host, nth_back_or_first(&ports, from_end))),
    })
}

/// The elements over all lines.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter();
    let elements = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    elements
        .map(|element| str::from_utf8(element).unwrap_or_default().trim())
        .map(|element| if element.is_ascii() { element } else { "" })
        .collect()
}

fn nth_back_or_first<'a>(list: &[&'a str], from_end: usize) -> Option<&'a str> {
    list.iter().nth_back(from_end).or(list.first()).copied()
}

/// The host with the port, unless the host has one.
fn with_port(host: &str, port: Option<&str>) -> String {
    let after_brackets = host.rsplit(']').next().unwrap_or(host);
    match port {
        Some(port) if !after_brackets.contains(':') && port.parse::<u16>().is_ok() => {
            format!("{host}:{port}")
        }
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// The address, TLS and host of each hop, for values of For, Proto, Host and Port.
    fn read(values: [&str; 4]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        let names = [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-forwarded-port",
        ];
        for (name, value) in names
            .into_iter()
            .zip(values)
            .filter(|(_, value)| !value.is_empty())
        {
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut hops: Vec<_> = hops(&headers).collect();
        hops.reverse();
        let texts = hops.into_iter().map(|hop| {
            let client = hop
                .client
                .map_or("?".to_owned(), |client| client.ip().to_string());
            let secure = hop
                .secure
                .map_or("?", |secure| if secure { "tls" } else { "plain" });
            format!(
                "{client} {secure} {}",
                hop.authority.unwrap_or_else(|| "?".to_owned())
            )
        });
        texts.collect()
    }

    #[test]
    fn the_last_values_belong_together() {
        #[rustfmt::skip] // a table
        let table: [(_, &[&str]); 12] = [
            (["", "", "", ""], &[]),
            (["", "", "", "443"], &[]),
            (["1.1.1.1", "", "", ""], &["1.1.1.1 ? ?"]),
            (["1.1.1.1", "https", "a.example", ""], &["1.1.1.1 tls a.example"]),
            (["", "https", "a.example", "8443"], &["? tls a.example:8443"]),
            (["1.1.1.1", "http", "a.example:80", "8443"], &["1.1.1.1 plain a.example:80"]),
            (["::1", "wss", "[::1]", "8443"], &["::1 tls [::1]:8443"]),
            (["1.1.1.1, 2.2.2.2", "https", "a.example", ""], &["1.1.1.1 tls a.example", "2.2.2.2 tls a.example"]),
            (["1.1.1.1, 2.2.2.2", "https, http", "a.example, b.example", ""], &["1.1.1.1 tls a.example", "2.2.2.2 plain b.example"]),
            (["é, 2.2.2.2", "https", "a.example", ""], &["? tls a.example", "2.2.2.2 tls a.example"]),
            (["2.2.2.2", "https", "a.example", "é"], &["2.2.2.2 tls a.example"]),
            (["2.2.2.2", "é, https", "é, a.example", ""], &["2.2.2.2 tls a.example"]),
        ];
        for (values, hops) in table {
            assert_eq!(read(values), hops, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(a in "[0-9.:,\\[\\] ]{0,20}", b in "[a-z, ]{0,12}", c in "[a-z0-9.:,\\[\\]]{0,12}", d in "[0-9,]{0,6}") {
            let trimmed = [&a, &b, &c, &d].map(|text| text.trim());
            read(trimmed);
        }
    }
}
