//! The `Forwarded` header ([RFC 7239 section 4](https://www.rfc-editor.org/rfc/rfc7239#section-4)).

use http::{HeaderMap, header};

use switchwire_protocol::header_list::{is_token, split_unquoted};

use super::{Hop, is_secure, parse_client};

/// The information of each proxy, the nearest to the client first. `None` when there is no such
/// header, or one is malformed.
pub(super) fn hops(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for line in headers.get_all(header::FORWARDED) {
        for element in split_unquoted(line.to_str().ok()?, ',') {
            hops.push(parse_element(element)?);
        }
    }
    (!hops.is_empty()).then_some(hops)
}

fn parse_element(element: &str) -> Option<Hop> {
    let mut hop = Hop::default();
    let mut seen = Vec::new();
    for pair in split_unquoted(element, ';') {
        let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        let name = name.to_ascii_lowercase();
        if !is_token(&name) || seen.contains(&name) {
            return None;
        }
        let value = unquote(value)?;
        match name.as_str() {
            "for" => hop.client = parse_client(&value),
            "proto" => hop.secure = is_secure(&value),
            "host" => hop.authority = Some(value),
            _ => {}
        }
        seen.push(name);
    }
    Some(hop)
}

/// The text of a value. Without quotes, it may also contain the colon and the brackets of an
/// address.
fn unquote(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else {
        let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        return (is_plain && !value.contains('"')).then(|| value.to_owned());
    };
    let mut text = String::new();
    let mut rest = quoted.strip_suffix('"')?.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return None,
            '\\' => text.push(rest.next()?),
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn parse(lines: &[&str]) -> Option<Vec<Hop>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::FORWARDED, line.parse().unwrap());
        }
        hops(&headers)
    }

    fn hop(client: &str, secure: Option<bool>, authority: Option<&str>) -> Hop {
        Hop {
            client: parse_client(client),
            secure,
            authority: authority.map(str::to_owned),
        }
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let v6 = hop("[2001:db8:cafe::17]:4711", None, None);
        let examples: [(&[&str], _); 6] = [
            (&["for=\"_gazonk\""], vec![hop("", None, None)]),
            (&["For=\"[2001:db8:cafe::17]:4711\""], vec![v6]),
            (
                &["for=192.0.2.60;proto=http;by=203.0.113.43"],
                vec![hop("192.0.2.60", Some(false), None)],
            ),
            (
                &["for=192.0.2.43, for=198.51.100.17"],
                vec![
                    hop("192.0.2.43", None, None),
                    hop("198.51.100.17", None, None),
                ],
            ),
            (
                &[
                    "for=192.0.2.43",
                    "for=198.51.100.17;Host=\"a.example:80\";PROTO=HTTPS",
                ],
                vec![
                    hop("192.0.2.43", None, None),
                    hop("198.51.100.17", Some(true), Some("a.example:80")),
                ],
            ),
            (
                &["secret=\"a,b;c=\\\"d\\\\\";host=b.example"],
                vec![hop("", None, Some("b.example"))],
            ),
        ];
        for (lines, hops) in examples {
            assert_eq!(parse(lines), Some(hops), "{lines:?}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_refused_as_a_whole() {
        for line in [
            "",
            "for",
            "=a",
            "for=",
            "for=a;",
            "for=a,",
            "for=a;for=b",
            "a b=c",
            "for=\"a",
            "for=a\"b\"",
            "for=\"a\"b",
            "for=\"a\\\"",
            "for=a b",
        ] {
            assert_eq!(parse(&["for=192.0.2.43", line]), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(line in "[a-z=;,\"\\\\ \\[\\]:.0-9]{0,40}") {
            parse(&[&line]);
        }

        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec("[ -~]{0,12}", 1..4)) {
            let quote = |value: &String| value.replace('\\', "\\\\").replace('"', "\\\"");
            let elements: Vec<_> = values.iter().map(|value| format!("host=\"{}\"", quote(value))).collect();
            let line = HeaderValue::from_str(&elements.join(", ")).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(header::FORWARDED, line);
            let read: Vec<_> = hops(&headers).unwrap().into_iter().map(|hop| hop.authority.unwrap()).collect();
            prop_assert_eq!(read, values);
        }
    }
}
