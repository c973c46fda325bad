//! Reads the head of a request, for [`HandshakeRequest`](super::HandshakeRequest) before the
//! handshake and [`HandshakeInfo`](super::HandshakeInfo) after it.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header};

/// Name and value of each cookie
/// ([RFC 6265 section 4.2](https://www.rfc-editor.org/rfc/rfc6265#section-4.2)).
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            let value = value.trim();
            let unquoted = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            (name.trim(), unquoted.unwrap_or(value))
        })
}

/// Name and value of each parameter in the query, decoded
/// ([the URL standard](https://url.spec.whatwg.org/#urlencoded-parsing)).
pub(super) fn query_parameters(uri: &Uri) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// The first value of this name.
pub(super) fn find<N: AsRef<str>, V>(
    mut pairs: impl Iterator<Item = (N, V)>,
    name: &str,
) -> Option<V> {
    pairs.find_map(|(found, value)| (found.as_ref() == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_from_every_line_and_unquoted() {
        let (head, ()) = http::Request::get("/")
            .header("cookie", "a=1; b=\"two\";broken")
            .header("cookie", "c=x=y")
            .body(())
            .unwrap()
            .into_parts();
        let found: Vec<_> = cookies(&head.headers).collect();
        assert_eq!(found, [("a", "1"), ("b", "two"), ("c", "x=y")]);
        assert_eq!(find(cookies(&head.headers), "b"), Some("two"));
        assert_eq!(find(cookies(&head.headers), "broken"), None);
    }

    #[test]
    fn the_query_is_decoded() {
        let uri = Uri::from_static(
            "/chat?room=caf%C3%A9+au+lait&room=2&a%26b=c%3Dd&empty=&flag&bad=%ff%zz",
        );
        let found: Vec<_> = query_parameters(&uri)
            .map(|(name, value)| format!("{name} is {value}"))
            .collect();
        assert_eq!(
            found,
            [
                "room is café au lait",
                "room is 2",
                "a&b is c=d",
                "empty is ",
                "flag is ",
                "bad is \u{fffd}%zz"
            ]
        );
        assert_eq!(
            find(query_parameters(&uri), "room").as_deref(),
            Some("café au lait")
        );
        assert_eq!(query_parameters(&Uri::from_static("/")).count(), 0);
    }
}
