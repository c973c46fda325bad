use switchwire_core::CorsConfigurationBuilder;

use super::*;

const ORIGIN: &str = "https://domain2.com";

fn cors() -> CorsConfigurationBuilder {
    CorsConfiguration::builder()
}

fn ours() -> CorsConfigurationBuilder {
    let origins = ["https://domain1.com", ORIGIN, "http://domain3.example"];
    cors().with_allowed_origins(origins)
}

fn request(method: &str, headers: &[(&str, &str)]) -> HandshakeRequest {
    let mut builder = http::Request::builder()
        .method(method)
        .header("host", "domain1.example");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let (head, ()) = builder.body(()).unwrap().into_parts();
    head.into()
}

/// The status and the CORS headers of the answer to a preflight request for this method and these
/// headers.
fn answer(cors: CorsConfigurationBuilder, method: &str, headers: &str) -> String {
    let mut given = vec![
        ("origin", ORIGIN),
        ("access-control-request-method", method),
        ("access-control-request-private-network", "true"),
    ];
    if !headers.is_empty() {
        given.push(("access-control-request-headers", headers));
    }
    shown(&preflight(
        &cors.build().unwrap(),
        &request("OPTIONS", &given),
    ))
}

fn shown(response: &Response<Bytes>) -> String {
    let vary = "origin, access-control-request-method, access-control-request-headers";
    assert_eq!(response.headers()["vary"], vary);
    let mut shown = vec![response.status().as_str().to_owned()];
    for (name, value) in response.headers() {
        if let Some(name) = name.as_str().strip_prefix("access-control-allow-") {
            shown.push(format!("{name}={}", value.to_str().unwrap()));
        } else if name == "access-control-max-age" {
            shown.push(format!("age={}", value.to_str().unwrap()));
        }
    }
    shown[1..].sort();
    shown.join(" ")
}

#[test]
fn a_preflight_request_is_answered_with_what_is_allowed() {
    let any = || cors().with_allowed_origins(["*"]);
    let pattern = || cors().with_allowed_origin_patterns(["*"]);
    #[rustfmt::skip] // a table
    let table = [
        (any(), "GET", "", "204 methods=GET, HEAD origin=*"),
        (any(), "DELETE", "", "403"),
        (any(), "G T", "", "403"),
        (cors(), "GET", "", "403"),
        (cors(), "GET", "Header1", "403"),
        (any(), "GET", "Header1", "403"),
        (any().with_allowed_methods(["GET", "PUT"]).with_allowed_headers(["header1", "header2"]), "GET", "Header1",
            "204 headers=header1 methods=GET, PUT origin=*"),
        (any().with_allowed_headers(["*"]), "GET", "Header1, Header2", "204 headers=header1, header2 methods=GET, HEAD origin=*"),
        (any().with_allowed_headers(["Header1", "Header2"]), "GET", "header1, header3", "204 headers=header1 methods=GET, HEAD origin=*"),
        (any().with_allowed_headers(["Header1"]), "GET", "a b", "403"),
        (any().with_allowed_methods(["*"]), "PATCH", "", "204 methods=PATCH origin=*"),
        (ours().with_credentials(true).with_allowed_headers(["Header1"]), "GET", "Header1",
            "204 credentials=true headers=header1 methods=GET, HEAD origin=https://domain2.com"),
        (cors().with_allowed_origins(["https://DOMAIN2.com"]), "GET", "", "204 methods=GET, HEAD origin=https://domain2.com"),
        (cors().with_allowed_origins(["https://other.example"]), "GET", "", "403"),
        (pattern().with_credentials(true), "GET", "", "204 credentials=true methods=GET, HEAD origin=https://domain2.com"),
        (ours().with_private_network(true), "GET", "", "204 methods=GET, HEAD origin=https://domain2.com private-network=true"),
        (ours().with_private_network(false), "GET", "", "204 methods=GET, HEAD origin=https://domain2.com"),
        (pattern().with_private_network(true), "GET", "", "204 methods=GET, HEAD origin=https://domain2.com private-network=true"),
        (cors().with_permit_defaults(), "POST", "Header1", "204 age=1800 headers=header1 methods=GET, HEAD, POST origin=*"),
    ];
    for (builder, method, headers, expected) in table {
        let configuration = format!("{builder:?}");
        assert_eq!(
            answer(builder, method, headers),
            expected,
            "{method} {headers} {configuration}"
        );
    }
}

#[test]
fn a_preflight_request_of_the_same_origin_needs_nothing() {
    let headers = [
        ("origin", "http://domain1.example"),
        ("access-control-request-method", "DELETE"),
    ];
    assert_eq!(
        shown(&preflight(
            &cors().build().unwrap(),
            &request("OPTIONS", &headers)
        )),
        "204"
    );
}

#[test]
fn a_private_network_is_not_spoken_of_when_not_asked_for() {
    let headers = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    let answer = preflight(
        &ours().with_private_network(true).build().unwrap(),
        &request("OPTIONS", &headers),
    );
    assert!(!answer.headers().contains_key(ALLOW_PRIVATE_NETWORK));
}

#[test]
fn only_options_with_an_origin_and_a_method_is_a_preflight_request() {
    let both = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    assert!(request("OPTIONS", &both).is_preflight());
    assert!(!request("GET", &both).is_preflight());
    assert!(!request("OPTIONS", &both[..1]).is_preflight());
    assert!(!request("OPTIONS", &both[1..]).is_preflight());
}

#[test]
fn the_response_says_what_the_page_may_know() {
    let given = request("GET", &[("origin", ORIGIN)]);
    let mut headers = HeaderMap::new();
    let exposing = ours()
        .with_credentials(true)
        .with_exposed_headers(["header1", "header2"]);
    add_headers(&exposing.build().unwrap(), given.headers(), &mut headers);
    assert_eq!(headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["access-control-expose-headers"], "header1, header2");

    let mut headers = HeaderMap::new();
    add_headers(
        &ours().build().unwrap(),
        request("GET", &[]).headers(),
        &mut headers,
    );
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["vary"]);

    let mut set = HeaderMap::new();
    set.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        "https://set.example".parse().unwrap(),
    );
    add_headers(&ours().build().unwrap(), given.headers(), &mut set);
    assert_eq!(set["access-control-allow-origin"], "https://set.example");
}

#[test]
fn vary_names_everything_once() {
    for (present, expected) in [
        (
            &[][..],
            vec!["origin, access-control-request-method, access-control-request-headers"],
        ),
        (
            &["Accept-Encoding, ORIGIN"],
            vec![
                "Accept-Encoding, ORIGIN",
                "access-control-request-method, access-control-request-headers",
            ],
        ),
        (
            &[
                "Origin",
                "Access-Control-Request-Method, Access-Control-Request-Headers",
            ],
            vec![
                "Origin",
                "Access-Control-Request-Method, Access-Control-Request-Headers",
            ],
        ),
        (&["*"], vec!["*"]),
    ] {
        let mut headers = HeaderMap::new();
        for line in present {
            headers.append(header::VARY, line.parse().unwrap());
        }
        add_vary(&mut headers);
        assert_eq!(
            headers.get_all(header::VARY).iter().collect::<Vec<_>>(),
            expected
        );
    }
}
