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
        Some((name, value)) => {
            let value = value
                .strip_prefix('"')
                .map_or(Some(value), |open| open.strip_suffix('"'));
            is_token(name.trim_end()) && value.is_some_and(|value| is_token(value.trim_start()))
        }
    }
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
        ] {
            assert!(!is_good(bad), "{bad}");
        }
    }

    #[test]
    fn an_unclosed_string_takes_linear_time() {
        assert!(!is_good(&format!("a; b=\"{}", "\\c".repeat(50_000))));
    }
}
