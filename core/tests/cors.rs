//! The CORS vectors that Spring publishes, and what we decide differently.

use std::time::Duration;

use http::{HeaderName, Method};
use switchwire_core::{CorsConfiguration, CorsConfigurationBuilder, InvalidCors};

fn cors() -> CorsConfigurationBuilder {
    CorsConfiguration::builder()
}

fn origins(origins: &[&str]) -> CorsConfiguration {
    cors().with_allowed_origins(origins).build().expect("valid")
}

fn patterns(patterns: &[&str]) -> CorsConfiguration {
    cors()
        .with_allowed_origin_patterns(patterns)
        .with_credentials(true)
        .build()
        .expect("valid")
}

fn defaults() -> CorsConfiguration {
    cors().with_permit_defaults().build().expect("valid")
}

#[test]
fn an_origin_is_answered_with_itself_or_an_asterisk() {
    let domain = "https://domain.com";
    let ports = "https://*.specific.port.com:[8080,8081]";
    #[rustfmt::skip] // a table
    let table = [
        (origins(&[]), domain, None),
        (origins(&["*"]), domain, Some("*")),
        (origins(&["*"]), "", None),
        (origins(&["*"]), "not an origin", None), // ours: malformed is never allowed
        (origins(&["*", domain]), domain, Some("*")),
        (origins(&[domain]), domain, Some(domain)),
        (origins(&["https://DOMAIN.com"]), domain, Some(domain)),
        (origins(&[domain]), "https://domain.com:443", Some("https://domain.com:443")), // ours: the scheme's port
        (origins(&[domain]), "https://domain.com/", None), // ours: browsers send no path
        (origins(&["https://domain1.com"]), "https://domain2.com", None),
        (origins(&[domain]), "http://domain.com", None),
        (origins(&[domain]), "null", None),
        (origins(&["null"]), "null", Some("null")),
        (defaults(), domain, Some("*")),
        (patterns(&["*"]), domain, Some(domain)),
        (patterns(&["*"]), "", None),
        (patterns(&["*"]), "null", None), // ours: null is listed or refused
        (patterns(&["https://*.domain.com"]), "https://example.domain.com", Some("https://example.domain.com")),
        (patterns(&["https://*.domain.com"]), domain, None),
        (patterns(&["http://*.domain1.com"]), "http://domain2.com", None),
        (patterns(&["http://*.domain1.com"]), "https://a.domain1.com", None),
        (patterns(&["https://*.port.domain.com:[*]"]), "https://a.port.domain.com:1234", Some("https://a.port.domain.com:1234")),
        (patterns(&[ports]), "https://a.specific.port.com:8080", Some("https://a.specific.port.com:8080")),
        (patterns(&[ports]), "https://a.specific.port.com:8081", Some("https://a.specific.port.com:8081")),
        (patterns(&[ports]), "https://a.specific.port.com:1234", None),
        (patterns(&["https://*.a.com", domain]), domain, Some(domain)),
    ];
    for (configuration, origin, answer) in table {
        assert_eq!(
            configuration.check_origin(origin),
            answer,
            "{origin} with {configuration:?}"
        );
    }
}

#[test]
fn a_method_is_answered_with_those_that_are_allowed() {
    let methods = |methods: &[&str]| cors().with_allowed_methods(methods).build().unwrap();
    let (get, head, post) = (Method::GET, Method::HEAD, Method::POST);
    #[rustfmt::skip] // a table
    let table = [
        (methods(&[]), Method::GET, Some(vec![get.clone(), head.clone()])),
        (methods(&[]), Method::DELETE, None),
        (methods(&["GET"]), Method::GET, Some(vec![get.clone()])),
        (methods(&["GET"]), Method::HEAD, None),
        (methods(&["GET", "POST"]), Method::GET, Some(vec![get.clone(), post.clone()])),
        (methods(&["GET", "POST"]), Method::POST, Some(vec![get.clone(), post.clone()])),
        (methods(&["get"]), Method::GET, None),
        (methods(&["*"]), Method::DELETE, Some(vec![Method::DELETE])),
        (defaults(), Method::GET, Some(vec![get, head, post])),
        (defaults(), Method::PUT, None),
    ];
    for (configuration, method, answer) in table {
        assert_eq!(
            configuration.check_method(&method),
            answer,
            "{method} with {configuration:?}"
        );
    }
}

#[test]
fn headers_are_answered_with_those_that_are_allowed() {
    let headers = |headers: &[&str]| cors().with_allowed_headers(headers).build().unwrap();
    #[rustfmt::skip] // a table
    let table: [(_, &[&str], Option<&[&str]>); 9] = [
        (headers(&[]), &[], Some(&[])),
        (headers(&[]), &["header1"], None),
        (headers(&["header1", "header2"]), &["header1"], Some(&["header1"])),
        (headers(&["header1", "header2"]), &["header1", "header2"], Some(&["header1", "header2"])),
        (headers(&["header1", "header2"]), &["header1", "header2", "header3"], Some(&["header1", "header2"])),
        (headers(&["header2", "header3"]), &["header1"], None),
        (headers(&["Header1"]), &["header1"], Some(&["header1"])),
        (headers(&["*"]), &["header1", "header2"], Some(&["header1", "header2"])),
        (defaults(), &["header1"], Some(&["header1"])),
    ];
    let names = |names: &[&str]| -> Vec<HeaderName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    };
    for (configuration, requested, answer) in table {
        let found = configuration.check_headers(&names(requested));
        assert_eq!(
            found,
            answer.map(names),
            "{requested:?} with {configuration:?}"
        );
    }
}

#[test]
fn two_configurations_are_combined() {
    let explicit = || {
        cors()
            .with_allowed_origins(["https://domain.com"])
            .with_allowed_headers(["header1"])
            .with_allowed_methods(["PUT"])
    };
    let any = || {
        cors()
            .with_allowed_origins(["*"])
            .with_allowed_headers(["*"])
            .with_allowed_methods(["*"])
            .with_exposed_headers(["*"])
    };
    let pattern = || cors().with_allowed_origin_patterns(["http://*.com"]);
    let (first, second) = (
        cors()
            .with_allowed_origins(["https://domain1.com"])
            .with_allowed_origin_patterns(["http://*.domain1.com"])
            .with_allowed_headers(["header1"])
            .with_exposed_headers(["header3"])
            .with_allowed_methods(["GET"])
            .with_max_age(Duration::from_secs(123))
            .with_credentials(true)
            .with_private_network(true),
        cors()
            .with_allowed_origins(["https://domain2.com", "https://domain1.com"])
            .with_allowed_origin_patterns(["http://*.domain2.com"])
            .with_allowed_headers(["header2", "header1"])
            .with_exposed_headers(["header4"])
            .with_allowed_methods(["PUT"])
            .with_max_age(Duration::from_secs(456))
            .with_credentials(false)
            .with_private_network(false),
    );
    let both = cors()
        .with_allowed_origins(["https://domain1.com", "https://domain2.com"])
        .with_allowed_origin_patterns(["http://*.domain1.com", "http://*.domain2.com"])
        .with_allowed_headers(["header1", "header2"])
        .with_exposed_headers(["header3", "header4"])
        .with_allowed_methods(["GET", "PUT"])
        .with_max_age(Duration::from_secs(456))
        .with_credentials(false)
        .with_private_network(false);
    let permissive = || cors().with_permit_defaults();
    #[rustfmt::skip] // a table
    let table = [
        ("nothing set changes nothing", first.clone(), cors(), first.clone()),
        ("nothing set takes everything", cors(), first.clone(), first.clone()),
        ("explicit beats the default below", permissive(), explicit(), explicit().with_max_age(Duration::from_secs(1800))),
        ("explicit beats the default above", explicit(), permissive(), explicit().with_max_age(Duration::from_secs(1800))),
        ("the default beats nothing below", cors(), permissive(), permissive()),
        ("the default beats nothing above", permissive(), cors(), permissive()),
        ("a default and a default is the default", permissive(), permissive(), permissive()),
        ("a pattern beats the default below", permissive(), pattern(), pattern().with_permit_defaults()),
        ("a pattern beats the default above", pattern(), permissive(), pattern().with_permit_defaults()),
        ("an explicit origin stays beside a pattern",
            cors().with_allowed_origins(["https://domain.com"]), pattern(), cors().with_allowed_origins(["https://domain.com"]).with_allowed_origin_patterns(["http://*.com"])),
        ("any wins below", any(), explicit(), any()),
        ("any wins above", explicit().with_exposed_headers(["header2"]), any(), any()),
        ("any pattern wins", pattern(), cors().with_allowed_origin_patterns(["*"]), cors().with_allowed_origin_patterns(["*"])),
        ("the same twice is there once", first.clone(), first.clone(), first.clone()),
        ("lists are joined in order, single values are those on top", first, second, both),
    ];
    for (name, below, above, combined) in table {
        let (below, above) = (below.build().unwrap(), above.build().unwrap());
        assert_eq!(below.combine(&above), combined.build(), "{name}");
    }
}

#[test]
fn contradictions_are_errors_when_built() {
    use InvalidCors::{
        AnyExposedHeaderWithCredentials, AnyOriginWithCredentials, AnyOriginWithPrivateNetwork,
    };
    let any = || cors().with_allowed_origins(["*"]);
    let any_pattern = || cors().with_allowed_origin_patterns(["*"]);
    #[rustfmt::skip] // a table
    let table = [
        (any().with_credentials(true), Some(AnyOriginWithCredentials)),
        (any().with_credentials(false), None),
        (cors().with_credentials(true).with_permit_defaults(), Some(AnyOriginWithCredentials)),
        (any_pattern().with_credentials(true), None),
        (any().with_allowed_origin_patterns(["*"]).with_credentials(true), Some(AnyOriginWithCredentials)),
        (any_pattern().with_permit_defaults().with_credentials(true), None),
        (any().with_private_network(true), Some(AnyOriginWithPrivateNetwork)),
        (any_pattern().with_private_network(true), None),
        (any().with_private_network(false), None),
        (cors().with_exposed_headers(["*"]).with_credentials(true), Some(AnyExposedHeaderWithCredentials)),
        (cors().with_exposed_headers(["*"]), None),
        (cors().with_allowed_methods(["a b"]), Some(InvalidCors::Method("a b".to_owned()))),
        (cors().with_allowed_headers(["a b"]), Some(InvalidCors::Header("a b".to_owned()))),
        (cors().with_exposed_headers(["a\r\nb: c"]), Some(InvalidCors::Header("a\r\nb: c".to_owned()))),
    ];
    for (builder, error) in table {
        assert_eq!(builder.clone().build().err(), error, "{builder:?}");
    }
    for origin in [
        "https://domain.com/",
        "domain.com",
        "https://bücher.example",
        "",
    ] {
        let error = cors().with_allowed_origins([origin]).build().unwrap_err();
        assert!(
            matches!(&error, InvalidCors::Origin(text, _) if text == origin),
            "{error}"
        );
    }
}

#[test]
fn a_combination_that_contradicts_itself_is_an_error() {
    let any = origins(&["*"]);
    let credentials = patterns(&["https://*.domain.com"]);
    assert_eq!(
        any.combine(&credentials),
        Err(InvalidCors::AnyOriginWithCredentials)
    );
    assert_eq!(
        credentials.combine(&any),
        Err(InvalidCors::AnyOriginWithCredentials)
    );
    assert!(defaults().combine(&credentials).is_ok());
}
