use async_trait::async_trait;
use proptest::prelude::*;
use switchwire_core::{HandlerResult, WebSocketSession};

use super::*;

/// A handler with a subprotocol and a CORS configuration.
#[derive(Default)]
struct Handler {
    subprotocol: &'static str,
    cors: Option<CorsConfiguration>,
}

#[async_trait]
impl WebSocketHandler for Handler {
    async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        std::slice::from_ref(&self.subprotocol)
    }

    fn cors_configuration(&self) -> Option<&CorsConfiguration> {
        self.cors.as_ref()
    }
}

fn endpoint() -> Endpoint {
    Endpoint::new(|_: WebSocketSession| async { Ok(()) })
}

fn mapping(patterns: &[&str]) -> Result<UrlHandlerMapping, InvalidMapping> {
    patterns
        .iter()
        .try_fold(UrlHandlerMapping::new(), |mapping, pattern| {
            mapping.with_endpoint(pattern, endpoint())
        })
}

fn any_origin() -> CorsConfiguration {
    let cors = CorsConfiguration::builder().with_allowed_origins(["*"]);
    cors.build().expect("valid")
}

fn with_credentials() -> Handler {
    let cors = CorsConfiguration::builder()
        .with_allowed_origins(["https://a.example"])
        .with_credentials(true);
    Handler {
        subprotocol: "a",
        cors: Some(cors.build().expect("valid")),
    }
}

#[test]
fn the_path_is_matched_as_it_was_sent() {
    let mapping = mapping(&["/echo"]).unwrap();
    assert!(mapping.find("/echo").is_some());
    for path in [
        "/%65cho",
        "//echo",
        "/echo/",
        "/./echo",
        "/echo;x=1",
        "/ECHO",
        "/echo%00",
    ] {
        assert!(mapping.find(path).is_none(), "{path}");
    }
}

#[test]
fn the_most_specific_pattern_wins() {
    let mapping = mapping(&["/{*rest}", "/a/{b}", "/a/b"]).unwrap();
    let names = |path: &str| {
        let found = mapping.find(path).unwrap();
        let mut names = found.path_parameters.into_iter().map(|(name, _)| name);
        names.next()
    };
    assert_eq!(names("/a/b"), None);
    assert_eq!(names("/a/c").as_deref(), Some("b"));
    assert_eq!(names("/a/c/d").as_deref(), Some("rest"));
}

#[test]
fn parameters_are_decoded() {
    let mapping = mapping(&["/a/{b}/{*rest}"]).unwrap();
    let found = mapping.find("/a/x%2Fy%20z/c%25/d").unwrap();
    let parameters =
        [("b", "x/y z"), ("rest", "c%/d")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(found.path_parameters, parameters);
    assert!(mapping.find("/a/%ff/c").is_none(), "not UTF-8");
}

#[test]
fn a_conflict_names_the_pattern() {
    for (first, second) in [("/a/{b}", "/a/{c}"), ("/a", "/a"), ("/{*a}", "/{*b}")] {
        let error = mapping(&[first, second]).unwrap_err();
        assert!(error.to_string().contains(second), "{error}");
    }
}

#[test]
fn a_subprotocol_that_is_no_token_is_an_error() {
    for subprotocol in ["", "a b", "a,b", "caf\u{e9}", "a\r\nb"] {
        let handler = Handler {
            subprotocol,
            cors: None,
        };
        let error = UrlHandlerMapping::new().with("/a", handler).unwrap_err();
        assert!(error.to_string().contains("is not a token"), "{error}");
    }
}

#[test]
fn the_fallback_has_every_path_that_no_pattern_has() {
    let mapping = mapping(&["/a/{b}"]).unwrap().with_fallback(endpoint());
    assert_eq!(mapping.find("/a/b").unwrap().path_parameters.len(), 1);
    for path in ["/", "/a", "/a/b/c", "/a/%ff"] {
        assert!(mapping.find(path).unwrap().path_parameters.is_empty());
    }
}

#[test]
fn the_configurations_of_path_and_handler_are_combined() {
    let below = CorsConfiguration::builder()
        .with_allowed_origins(["https://b.example"])
        .build()
        .unwrap();
    let mapping = mapping(&["/plain"])
        .unwrap()
        .with("/own", with_credentials())
        .unwrap()
        .with("/both/{id}", with_credentials())
        .unwrap()
        .with_cors("/both/{*rest}", below)
        .unwrap();
    assert_eq!(mapping.find("/plain").unwrap().cors, None);
    let own = mapping.find("/own").unwrap().cors.unwrap();
    assert!(own.check_origin("https://b.example").is_none());
    let both = mapping.find("/both/1").unwrap().cors.unwrap();
    assert!(both.check_origin("https://a.example").is_some());
    assert!(both.check_origin("https://b.example").is_some());
    assert!(both.allows_credentials());
}

#[test]
fn configurations_that_contradict_each_other_are_an_error() {
    let empty = UrlHandlerMapping::new;
    let cors_first = |cors: &str, handler: &str| {
        empty()
            .with_cors(cors, any_origin())?
            .with(handler, with_credentials())
    };
    let handler_first = |cors: &str, handler: &str| {
        empty()
            .with(handler, with_credentials())?
            .with_cors(cors, any_origin())
    };
    for (cors, handler, contradict) in [
        ("/a", "/a", true),
        ("/a", "/b", false),
        ("/{*rest}", "/a", true),
        ("/a/{*rest}", "/a/{b}", true),
        ("/a/{*rest}", "/b/{c}", false),
    ] {
        assert_eq!(
            cors_first(cors, handler).is_err(),
            contradict,
            "{cors} then {handler}"
        );
        assert_eq!(
            handler_first(cors, handler).is_err(),
            contradict,
            "{handler} then {cors}"
        );
    }
    let error = cors_first("/{*rest}", "/a").unwrap_err().to_string();
    assert!(
        error.contains("/a") && error.contains("/{*rest}") && error.contains("credentials"),
        "{error}"
    );
}

#[test]
fn a_more_specific_configuration_hides_what_would_contradict() {
    let specific = CorsConfiguration::default();
    UrlHandlerMapping::new()
        .with_cors("/a", specific)
        .unwrap()
        .with_cors("/{*rest}", any_origin())
        .unwrap()
        .with("/a", with_credentials())
        .unwrap();
}

proptest! {
    #[test]
    fn patterns_and_paths_never_panic(
        pattern in "[/{}*a-c%.:]{0,16}", cors in "/[{}*a-c/]{0,12}", path in "/[a-c/%0-9;.{}*]{0,16}"
    ) {
        let mapping = UrlHandlerMapping::new().with("/a", with_credentials()).unwrap();
        if let Ok(mapping) = mapping.clone().with_endpoint(&pattern, endpoint()) {
            let _ = mapping.find(&path);
        }
        if let Ok(mapping) = mapping.with_cors(&cors, any_origin()) {
            let _ = mapping.find(&path);
        }
    }

    /// The handler gets the original text of an escaped path.
    #[test]
    fn a_parameter_is_what_was_escaped(value in "\\PC{1,12}") {
        let escaped: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let found = mapping(&["/a/{b}"]).unwrap();
        let found = found.find(&format!("/a/{escaped}")).unwrap();
        prop_assert_eq!(&found.path_parameters[0].1, &value);
    }
}
