//! The server's side of the negotiation.

use http::{HeaderMap, HeaderValue, header};

use super::{
    NAME,
    parameters::{Agreed, Element, Wanted, WindowBits, elements},
};

/// The smallest window that can be compressed with. An inflater reads any.
const SMALLEST: WindowBits = match WindowBits::new(9) {
    Some(bits) => bits,
    None => unreachable!(),
};

/// Accepts the first offer that fits what the server wants. Returns what was agreed, and the value
/// of `Sec-WebSocket-Extensions` in the answer. `None` when no offer fits: the answer then has no
/// such header, and messages are not compressed.
///
/// An offer that is wrong or unwanted is declined, and the next one is looked at ([RFC 7692 section
/// 7.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.1)).
#[must_use]
pub fn negotiate(headers: &HeaderMap, wanted: &Wanted) -> Option<(Agreed, HeaderValue)> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(elements).find_map(|(name, parameters)| {
        let offer = Element::parse(parameters).filter(|_| name == NAME)?;
        accept(&offer, wanted)
    })
}

fn accept(offer: &Element, wanted: &Wanted) -> Option<(Agreed, HeaderValue)> {
    let limit = wanted.server_max_window_bits;
    let server = offer.server_max_window_bits.unwrap_or_default().min(limit);
    if server < SMALLEST {
        return None;
    }
    let limit = wanted.client_max_window_bits;
    // What the answer says of the client's window.
    let client = match offer.client_max_window_bits {
        Some(Some(offered)) => Some(offered.min(limit)),
        Some(None) => Some(limit).filter(|limit| *limit < WindowBits::MAX),
        None => None,
    };
    // A client that keeps its whole window would cost more than is wanted.
    let is_too_large = client.is_none() && limit < WindowBits::MAX;
    let answer = Element {
        server_no_context_takeover: wanted.server_no_context_takeover
            || offer.server_no_context_takeover,
        client_no_context_takeover: wanted.client_no_context_takeover
            || offer.client_no_context_takeover
            || is_too_large,
        server_max_window_bits: (offer.server_max_window_bits.is_some()
            || server < WindowBits::MAX)
            .then_some(server),
        client_max_window_bits: client.map(Some),
    };
    let value = answer.to_value();
    Some((answer.into_agreed(), value))
}

impl Element {
    pub(super) fn into_agreed(self) -> Agreed {
        Agreed {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.unwrap_or_default(),
            client_max_window_bits: self.client_max_window_bits.flatten().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(bits: u8) -> WindowBits {
        WindowBits::new(bits).unwrap()
    }

    /// The answer to the offers of some lines, "" when they are declined.
    fn answer(lines: &[&str], wanted: &Wanted) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, line.parse().unwrap());
        }
        let answer = negotiate(&headers, wanted);
        answer.map_or(String::new(), |(_, value)| {
            let value = value.to_str().unwrap();
            value.strip_prefix("permessage-deflate").unwrap().to_owned()
        })
    }

    /// Pairs of the parameters of an offer and those of its answer, "-" when it is declined.
    fn check(wanted: &Wanted, pairs: &[(&str, &str)]) {
        for (offer, expected) in pairs {
            let mut headers = HeaderMap::new();
            let line = format!("permessage-deflate{offer}");
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, line.parse().unwrap());
            match negotiate(&headers, wanted) {
                Some(_) => assert_eq!(answer(&[&line], wanted), *expected, "{offer}"),
                None => assert_eq!(*expected, "-", "{offer}"),
            }
        }
    }

    #[test]
    fn the_servers_context() {
        let offered = "; server_no_context_takeover";
        let off = Wanted::default();
        check(&off, &[("", ""), (offered, offered)]);
        let on = Wanted {
            server_no_context_takeover: true,
            ..off
        };
        check(&on, &[("", offered), (offered, offered)]);
    }

    #[test]
    fn the_clients_context() {
        let offered = "; client_no_context_takeover";
        let off = Wanted::default();
        check(&off, &[("", ""), (offered, offered)]);
        let on = Wanted {
            client_no_context_takeover: true,
            ..off
        };
        check(&on, &[("", offered), (offered, offered)]);
    }

    #[test]
    fn the_servers_window() {
        let largest = Wanted::default();
        check(
            &largest,
            &[
                ("", ""),
                ("; server_max_window_bits=15", "; server_max_window_bits=15"),
                ("; server_max_window_bits=9", "; server_max_window_bits=9"),
                (
                    "; server_max_window_bits=\"10\"",
                    "; server_max_window_bits=10",
                ),
                (
                    "; server_max_window_bits=\"1\\0\"",
                    "; server_max_window_bits=10",
                ),
                ("; server_max_window_bits=8", "-"),
            ],
        );
        let small = Wanted {
            server_max_window_bits: bits(11),
            ..largest
        };
        check(
            &small,
            &[
                ("", "; server_max_window_bits=11"),
                ("; server_max_window_bits=15", "; server_max_window_bits=11"),
                ("; server_max_window_bits=10", "; server_max_window_bits=10"),
            ],
        );
    }

    #[test]
    fn the_clients_window() {
        let largest = Wanted::default();
        check(
            &largest,
            &[
                ("; client_max_window_bits", ""),
                ("; client_max_window_bits=12", "; client_max_window_bits=12"),
                ("; client_max_window_bits=8", "; client_max_window_bits=8"),
            ],
        );
        let small = Wanted {
            client_max_window_bits: bits(11),
            ..largest
        };
        check(
            &small,
            &[
                ("", "; client_no_context_takeover"),
                ("; client_max_window_bits", "; client_max_window_bits=11"),
                ("; client_max_window_bits=15", "; client_max_window_bits=11"),
                ("; client_max_window_bits=10", "; client_max_window_bits=10"),
            ],
        );
    }

    #[test]
    fn wrong_offers_are_declined() {
        for wrong in [
            "; unknown",
            "; server_no_context_takeover=1",
            "; client_no_context_takeover=\"\"",
            "; server_no_context_takeover; server_no_context_takeover",
            "; client_max_window_bits; client_max_window_bits=10",
            "; server_max_window_bits",
            "; server_max_window_bits=7",
            "; server_max_window_bits=16",
            "; server_max_window_bits=010",
            "; server_max_window_bits=+9",
            "; server_max_window_bits=nine",
            "; client_max_window_bits=07",
            "; client_max_window_bits=256",
            "; Server_no_context_takeover",
        ] {
            check(&Wanted::default(), &[(wrong, "-")]);
        }
    }

    #[test]
    fn the_first_offer_that_fits_is_accepted() {
        let wanted = Wanted::default();
        let lines = [
            "x-other, permessage-deflate; unknown",
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10",
            "permessage-deflate",
        ];
        assert_eq!(answer(&lines, &wanted), "; server_max_window_bits=10");
        assert_eq!(negotiate(&HeaderMap::new(), &wanted), None);
        assert_eq!(answer(&["x-other", "permessage-deflate-2"], &wanted), "");
    }

    #[test]
    fn what_the_answer_says_is_what_was_agreed() {
        let mut headers = HeaderMap::new();
        let line = "permessage-deflate; client_max_window_bits=10; server_no_context_takeover";
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, line.parse().unwrap());
        let (agreed, _) = negotiate(&headers, &Wanted::default()).unwrap();
        let expected = Agreed {
            server_no_context_takeover: true,
            client_no_context_takeover: false,
            server_max_window_bits: bits(15),
            client_max_window_bits: bits(10),
        };
        assert_eq!(agreed, expected);
    }
}
