//! The `Forwarded` header ([RFC 7239 section 4](https://www.rfc-editor.org/rfc/rfc7239#section-4)).

use http::{HeaderMap, header};

use switchwire_protocol::header_list::{is_token, split_unquoted};

use super::{Hop, is_secure, parse_client};

/// The most parameters of one element. The RFC knows four.
const MOST_PARAMETERS: usize = 16;

/// The information of each proxy, the nearest to the server first. `None` for an element that is
/// malformed.
///
/// A proxy appends its element to what the client sent. So this reads from the end, and nothing
/// that stands before an element can change it.
pub(super) fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<Hop>> {
    let lines = headers.get_all(header::FORWARDED).iter().rev();
    let elements = lines.flat_map(|line| elements_from_end(line.as_bytes()));
    elements
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty()) // RFC 9110 section 5.6.1
        .map(|element| parse_element(str::from_utf8(element).ok()?))
}

/// Splits a line at the commas outside quotes, from its end.
fn elements_from_end(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let Some(comma) = last_comma(line) else {
            rest = None;
            return Some(line);
        };
        rest = Some(&line[..comma]);
        Some(&line[comma + 1..])
    })
}

fn last_comma(line: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (index, &byte) in line.iter().enumerate().rev() {
        match byte {
            b',' if !quoted => return Some(index),
            b'"' => quoted ^= !(quoted && is_escaped(line, index)),
            _ => {}
        }
    }
    None
}

/// Whether an odd number of backslashes stands before the byte.
fn is_escaped(line: &[u8], index: usize) -> bool {
    let before = line[..index].iter().rev();
    before.take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

fn parse_element(element: &str) -> Option<Hop> {
    let mut hop = Hop::default();
    let mut seen = Vec::new();
    for pair in split_unquoted(element, ';') {
        let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        let name = name.to_ascii_lowercase();
        if !is_token(&name) || seen.contains(&name) || seen.len() == MOST_PARAMETERS {
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

    /// The hops up to the first malformed one, the nearest to the client first.
    fn parse(lines: &[&str]) -> Vec<Hop> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                header::FORWARDED,
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            );
        }
        let mut read: Vec<_> = hops(&headers).map_while(|hop| hop).collect();
        read.reverse();
        read
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
            assert_eq!(parse(lines), hops, "{lines:?}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_ends_what_is_read() {
        for line in [
            "for",
            "=a",
            "for=",
            "for=a;",
            "for=a;for=b",
            "a b=c",
            "for=\"a",
            "for=a\"b\"",
            "for=\"a\"b",
            "for=\"a\\\"",
            "for=a b",
            "for=é",
        ] {
            assert_eq!(parse(&["for=192.0.2.43", line]), [], "{line}");
            // What a client sends before does not touch the element of the proxy.
            let good = [hop("192.0.2.43", Some(true), None)];
            let element = "for=192.0.2.43;proto=https";
            assert_eq!(parse(&[line, element]), good, "{line}");
            assert_eq!(parse(&[&format!("{line}, {element}")]), good, "{line}");
        }
    }

    #[test]
    fn empty_elements_are_skipped() {
        let good = [hop("192.0.2.43", None, None), hop("192.0.2.44", None, None)];
        assert_eq!(parse(&["", ",for=192.0.2.43, ,", "for=192.0.2.44,"]), good);
    }

    #[test]
    fn an_element_with_too_many_parameters_is_malformed() {
        let many = |count: usize| {
            (0..count)
                .map(|it| format!("p{it}=1"))
                .collect::<Vec<_>>()
                .join(";")
        };
        assert_eq!(parse(&[&many(MOST_PARAMETERS)]).len(), 1);
        assert_eq!(parse(&[&many(MOST_PARAMETERS + 1)]), []);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(line in "[a-z=;,\"\\\\ \\[\\]:.0-9]{0,40}") {
            parse(&[&line]);
        }

        #[test]
        fn nothing_before_an_element_changes_it(before in "[ -~\u{80}-\u{ff}]{0,30}") {
            let line = format!("{before}, for=192.0.2.43;host=\"a\\\"b,c\"");
            let read = parse(&[&line]);
            prop_assert_eq!(read.last(), Some(&hop("192.0.2.43", None, Some("a\"b,c"))));
        }

        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec("[ -~]{0,12}", 1..4)) {
            let quote = |value: &String| value.replace('\\', "\\\\").replace('"', "\\\"");
            let elements: Vec<_> = values.iter().map(|value| format!("host=\"{}\"", quote(value))).collect();
            let line = HeaderValue::from_str(&elements.join(", ")).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(header::FORWARDED, line);
            let mut read: Vec<_> = hops(&headers).map(|hop| hop.unwrap().authority.unwrap()).collect();
            read.reverse();
            prop_assert_eq!(read, values);
        }
    }
}
