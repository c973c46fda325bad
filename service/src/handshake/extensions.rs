use http::{HeaderMap, header};
use switchwire_core::HandshakeError;

use switchwire_protocol::header_list::{is_token, split_unquoted};

/// Checks that the offers follow their grammar ([RFC 6455 section
/// 9.1](https://www.rfc-editor.org/rfc/rfc6455#section-9.1)).
pub(super) fn check(headers: &HeaderMap) -> Result<(), HandshakeError> {
    for line in headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS) {
        let line = line.to_str().map_err(|_| HandshakeError::Extensions)?;
        if !split_unquoted(line, ',').all(|offer| offer.trim().is_empty() || is_offer(offer)) {
            return Err(HandshakeError::Extensions);
        }
    }
    Ok(())
}

fn is_offer(offer: &str) -> bool {
    let mut parts = split_unquoted(offer, ';').map(|part| part.trim_matches([' ', '\t']));
    parts.next().is_some_and(is_token) && parts.all(is_parameter)
}

fn is_parameter(parameter: &str) -> bool {
    match parameter.split_once('=') {
        None => is_token(parameter),
        Some((name, value)) => is_token(name.trim_end()) && is_value(value.trim_start()),
    }
}

/// Whether it is a token, or a token in quotes. The token counts after the quotes and the
/// backslashes are removed.
fn is_value(value: &str) -> bool {
    let Some(quoted) = value.strip_prefix('"') else {
        return is_token(value);
    };
    let Some(quoted) = quoted.strip_suffix('"') else {
        return false;
    };
    let mut token = String::new();
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        match (c, rest.clone().next()) {
            ('\\', Some(escaped)) => {
                token.push(escaped);
                rest.next();
            }
            ('\\', None) => return false,
            _ => token.push(c),
        }
    }
    is_token(&token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_good(line: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, line.parse().unwrap());
        check(&headers).is_ok()
    }

    #[test]
    fn offers_follow_the_grammar() {
        for good in [
            "x-foo",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=\"10\", bar;a=1",
            "",
            "a, , b",
            "a; b = v",
            "a; b = \"v\"",
            "a; b=\"1\\0\"",
        ] {
            assert!(is_good(good), "{good}");
        }
        for bad in [
            ";;",
            "a;b=",
            "\"",
            "a; b=\"c d\"",
            "a;",
            "a b",
            "a; b=\"\\c\\c",
            "a; b=\"\"",
            "a; b=\"c\"d\"",
            "a; b=\"\\\"\"",
            "a; b=\"c\\\"",
        ] {
            assert!(!is_good(bad), "{bad}");
        }
    }

    #[test]
    fn an_unclosed_string_takes_linear_time() {
        assert!(!is_good(&format!("a; b=\"{}", "\\c".repeat(50_000))));
    }
}
