//! The client's side of the negotiation.

use std::fmt;

use http::HeaderValue;

use super::{
    NAME,
    parameters::{Agreed, Element, Wanted, WindowBits, elements},
};

/// How the server's answer breaks the rules of [RFC 7692 section
/// 7.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.1). The client **must** fail the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerViolation {
    /// The server agreed to an extension that the client did not offer, or to two.
    NotOffered,
    /// A parameter is unknown, stands twice, has a wrong value, or was not offered.
    Parameter,
}

impl fmt::Display for AnswerViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOffered => "the server agreed to an extension that was not offered",
            Self::Parameter => "the server's answer has a wrong parameter of permessage-deflate",
        })
    }
}

impl std::error::Error for AnswerViolation {}

/// The client's offer: the value of `Sec-WebSocket-Extensions` in its request.
///
/// It always says that the client can do with a smaller window of its own, as browsers do.
#[must_use]
pub fn offer_of(wanted: &Wanted) -> HeaderValue {
    let small = |bits: WindowBits| Some(bits).filter(|bits| *bits < WindowBits::MAX);
    let offer = Element {
        server_no_context_takeover: wanted.server_no_context_takeover,
        client_no_context_takeover: wanted.client_no_context_takeover,
        server_max_window_bits: small(wanted.server_max_window_bits),
        client_max_window_bits: Some(small(wanted.client_max_window_bits)),
    };
    offer.to_value()
}

/// Reads the answer to [`offer_of`] the same wishes. `None` when the server declined.
///
/// # Errors
/// [`AnswerViolation`] when the server must not answer so.
pub fn read_answer(line: &str, wanted: &Wanted) -> Result<Option<Agreed>, AnswerViolation> {
    let mut answers = elements(line);
    let Some((name, parameters)) = answers.next() else {
        return Ok(None);
    };
    if name != NAME || answers.next().is_some() {
        return Err(AnswerViolation::NotOffered);
    }
    let answer = Element::parse(parameters).ok_or(AnswerViolation::Parameter)?;
    let is_bare = answer.client_max_window_bits == Some(None);
    let exceeds = answer.client_max_window_bits.flatten() > Some(wanted.client_max_window_bits);
    // What was offered, the server has to do; it may do more.
    let is_kept = !wanted.server_no_context_takeover || answer.server_no_context_takeover;
    let server = answer.server_max_window_bits.unwrap_or_default();
    if is_bare || exceeds || !is_kept || server > wanted.server_max_window_bits {
        return Err(AnswerViolation::Parameter);
    }
    let mut agreed = answer.into_agreed();
    // The client may do as it has said, whether the server repeats it or not.
    agreed.client_no_context_takeover |= wanted.client_no_context_takeover;
    agreed.client_max_window_bits = agreed
        .client_max_window_bits
        .min(wanted.client_max_window_bits);
    Ok(Some(agreed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(bits: u8) -> WindowBits {
        WindowBits::new(bits).unwrap()
    }

    #[test]
    fn the_offer_is_that_of_browsers_unless_more_is_wanted() {
        let offer = offer_of(&Wanted::default());
        assert_eq!(offer, "permessage-deflate; client_max_window_bits");
        let wanted = Wanted {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: bits(11),
            client_max_window_bits: bits(10),
        };
        assert_eq!(
            offer_of(&wanted),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=11; client_max_window_bits=10"
        );
    }

    #[test]
    fn every_legal_answer_is_accepted() {
        let agreed = Agreed::default();
        for (answer, expected) in [
            ("", agreed),
            (
                "; server_no_context_takeover; client_no_context_takeover",
                Agreed {
                    server_no_context_takeover: true,
                    client_no_context_takeover: true,
                    ..agreed
                },
            ),
            (
                "; server_max_window_bits=8; client_max_window_bits=\"9\"",
                Agreed {
                    server_max_window_bits: bits(8),
                    client_max_window_bits: bits(9),
                    ..agreed
                },
            ),
        ] {
            let line = format!("permessage-deflate{answer}");
            assert_eq!(read_answer(&line, &Wanted::default()), Ok(Some(expected)));
        }
        assert_eq!(read_answer("", &Wanted::default()), Ok(None));
    }

    #[test]
    fn every_illegal_answer_fails() {
        use AnswerViolation::{NotOffered, Parameter};
        for (answer, violation) in [
            ("x-other", NotOffered),
            ("permessage-deflate, permessage-deflate", NotOffered),
            ("permessage-deflate; unknown", Parameter),
            ("permessage-deflate; client_max_window_bits", Parameter),
            ("permessage-deflate; client_max_window_bits=16", Parameter),
            ("permessage-deflate; server_max_window_bits", Parameter),
            ("permessage-deflate; server_max_window_bits=07", Parameter),
            (
                "permessage-deflate; server_no_context_takeover=1",
                Parameter,
            ),
        ] {
            let read = read_answer(answer, &Wanted::default());
            assert_eq!(read, Err(violation), "{answer}");
        }
    }

    #[test]
    fn the_server_has_to_do_what_was_offered() {
        let wanted = Wanted {
            server_no_context_takeover: true,
            server_max_window_bits: bits(11),
            client_max_window_bits: bits(10),
            ..Wanted::default()
        };
        let good = "permessage-deflate; server_no_context_takeover; server_max_window_bits=11";
        let agreed = read_answer(good, &wanted).unwrap().unwrap();
        assert_eq!(agreed.client_max_window_bits, bits(10));
        for bad in [
            "permessage-deflate; server_max_window_bits=11",
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
            &format!("{good}; client_max_window_bits=11"),
        ] {
            assert!(read_answer(bad, &wanted).is_err(), "{bad}");
        }
    }
}
