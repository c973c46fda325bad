//! Properties of origins and their patterns.

use proptest::prelude::*;
use switchwire_core::{Origin, OriginPattern};

const SCHEMES: &str = "(http|https|ws|wss|app)";
const HOST: &str =
    "([a-c]{1,2}\\.){0,2}[a-c]{1,2}\\.?|\\[::[12]\\]|\\[0:0::[12]\\]|127\\.0\\.0\\.1";

/// The port that goes with a scheme.
fn port_of(scheme: &str) -> Option<u16> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

fn port() -> impl Strategy<Value = Option<u16>> {
    prop_oneof![
        Just(None),
        Just(Some(80)),
        Just(Some(443)),
        any::<u16>().prop_map(Some)
    ]
}

fn write(scheme: &str, host: &str, port: Option<u16>) -> String {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}")
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = Origin::parse(&text);
        let _ = OriginPattern::parse(&text);
    }

    #[test]
    fn parsing_never_panics_on_what_looks_like_one(text in "[a-z]{0,4}:?/?/?[\\[\\]*.:a-c0-9,@é-]{0,20}") {
        let _ = Origin::parse(&text);
        let _ = OriginPattern::parse(&text);
    }

    #[test]
    fn what_is_written_is_read_back(text in "[a-zA-Z]{1,3}://[*a-cA-C.\\[\\]:]{0,12}(:[0-9]{1,5}|:\\[[0-9,*]{1,8}\\])?") {
        if let Ok(origin) = Origin::parse(&text) {
            prop_assert_eq!(Origin::parse(&origin.to_string()).unwrap(), origin);
        }
        if let Ok(pattern) = OriginPattern::parse(&text) {
            prop_assert_eq!(OriginPattern::parse(&pattern.to_string()).unwrap(), pattern);
        }
    }

    /// Equal exactly when scheme, host and port are, however they are written.
    #[test]
    fn no_two_different_origins_are_equal(
        schemes in (SCHEMES, SCHEMES), hosts in (HOST, HOST), ports in (port(), port())
    ) {
        let texts = (write(&schemes.0, &hosts.0, ports.0), write(&schemes.1, &hosts.1, ports.1));
        let (Ok(one), Ok(two)) = (Origin::parse(&texts.0), Origin::parse(&texts.1)) else {
            let incomplete = |scheme: &str, port: Option<u16>| port.or(port_of(scheme)).is_none();
            prop_assert!(incomplete(&schemes.0, ports.0) || incomplete(&schemes.1, ports.1));
            return Ok(());
        };
        let address = |host: &str| host.replace("0:0::", "::");
        let same = schemes.0 == schemes.1
            && address(&hosts.0) == address(&hosts.1)
            && ports.0.or(port_of(&schemes.0)) == ports.1.or(port_of(&schemes.1));
        prop_assert_eq!(one == two, same, "{} and {}", texts.0, texts.1);
    }

    /// An origin taken as a pattern matches itself alone.
    #[test]
    fn an_origin_as_a_pattern_matches_itself_alone(one in HOST, two in HOST) {
        let (one, two) = (write("https", &one, None), write("https", &two, None));
        let (one, two) = (Origin::parse(&one).unwrap(), Origin::parse(&two).unwrap());
        let pattern = OriginPattern::from(one.clone());
        prop_assert!(pattern.matches(&one));
        prop_assert_eq!(pattern.matches(&two), one == two);
        prop_assert_eq!(OriginPattern::parse(&one.to_string()).unwrap(), pattern);
    }

    /// Only names below the domain match, whatever stands in front of or behind it.
    #[test]
    fn a_pattern_of_names_below_a_domain_is_not_left(host in "[a-z.-]{0,8}(example\\.com)?[a-z.-]{0,8}") {
        let Ok(origin) = Origin::parse(&format!("https://{host}")) else { return Ok(()) };
        let pattern = OriginPattern::parse("https://*.example.com").unwrap();
        prop_assert_eq!(pattern.matches(&origin), host.ends_with(".example.com"));
    }
}
