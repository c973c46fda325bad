//! Header values that are lists of tokens ([RFC 9110 section
//! 5.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1)).

use http::{HeaderMap, HeaderName};

/// Whether the list, over all lines of the header, has this token. Case does not matter.
#[must_use]
pub fn contains(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(elements)
        .any(|element| element.eq_ignore_ascii_case(token))
}

/// The elements of one line, without surrounding white space and without empty elements.
pub fn elements(line: &str) -> impl Iterator<Item = &str> {
    line.split(',')
        .map(|element| element.trim_matches([' ', '\t']))
        .filter(|element| !element.is_empty())
}

/// Whether this is a token ([RFC 9110 section
/// 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)).
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Splits at each separator outside of quoted strings, in one pass.
pub fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        c == separator && !quoted
    })
}
