//! From a request to the answer: mappings, origins, CORS, proxies, HTTP sessions.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use http::Request;
use switchwire_core::{
    Attributes, CorsConfiguration, Endpoint, HandlerError, HandshakeError, HandshakeRequest,
    HttpSession, WebSocketHandler, WebSocketSession, WebSocketSettings, async_trait,
};
use switchwire_service::{
    HandshakeWebSocketService, OriginPolicy, TrustedProxies, UrlHandlerMapping, WebSocketDispatcher,
};

use self::support::{Journal, NoServer, ask, handshake, status};

fn nothing() -> impl WebSocketHandler {
    |_: WebSocketSession| async { Ok(()) }
}

/// A mapping whose endpoints say its name in a header of the response.
fn named(name: &'static str, patterns: &[&str]) -> UrlHandlerMapping {
    let endpoint = Endpoint::new(nothing()).with_interceptor(
        move |request: &mut HandshakeRequest| -> Result<(), HandshakeError> {
            request
                .response_headers_mut()
                .insert("x-mapping", name.parse().unwrap());
            Ok(())
        },
    );
    patterns
        .iter()
        .fold(UrlHandlerMapping::new(), |mapping, pattern| {
            mapping.with_endpoint(pattern, endpoint.clone()).unwrap()
        })
}

async fn who_has(dispatcher: &WebSocketDispatcher, path: &str) -> String {
    let answer = ask(dispatcher, handshake(path, &[])).await.unwrap();
    let name = answer.headers().get("x-mapping");
    name.map_or("nobody", |name| name.to_str().unwrap())
        .to_owned()
}

#[tokio::test]
async fn the_mapping_of_the_lowest_order_that_has_the_path_wins() {
    let dispatcher = WebSocketDispatcher::new([
        named("last", &["/{*rest}"]).with_order(10),
        named("first", &["/a/{b}"]).with_order(-1),
        named("same", &["/a/b", "/c"]),
        named("other", &["/c/{d}"]),
    ])
    .unwrap();
    for (path, name) in [
        ("/a/b", "first"),
        ("/a/c", "first"),
        ("/c", "same"),
        ("/c/d", "other"),
        ("/x/y", "last"),
        ("/", "nobody"),
    ] {
        assert_eq!(who_has(&dispatcher, path).await, name, "{path}");
    }
    let orders: Vec<_> = dispatcher
        .mappings()
        .map(UrlHandlerMapping::order)
        .collect();
    assert_eq!(orders, [-1, 0, 10]);
}

#[test]
fn mappings_of_one_order_must_not_conflict() {
    let two = || [named("a", &["/a/{b}"]), named("b", &["/a/{c}"])];
    assert!(WebSocketDispatcher::new(two()).is_err());
    let [a, b] = two();
    assert!(WebSocketDispatcher::new([a, b.with_order(1)]).is_ok());
    let fallback = || UrlHandlerMapping::new().with_fallback(Endpoint::new(nothing()));
    assert!(WebSocketDispatcher::new([fallback(), fallback()]).is_err());
}

#[tokio::test]
async fn what_is_no_websocket_request_belongs_to_the_application() {
    let dispatcher = WebSocketDispatcher::from(named("a", &["/a"]));
    for path in ["/a", "/b"] {
        for method in ["GET", "POST", "OPTIONS"] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(())
                .unwrap();
            assert_eq!(status(&dispatcher, request).await, 0, "{method} {path}");
        }
    }
}

fn cors() -> CorsConfiguration {
    let cors = CorsConfiguration::builder().with_allowed_origins(["https://app.example"]);
    cors.with_credentials(true).build().unwrap()
}

fn preflight(path: &str, origin: &str) -> Request<()> {
    Request::options(path)
        .header("host", "chat.example")
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .body(())
        .unwrap()
}

#[tokio::test]
async fn a_preflight_request_is_answered_where_there_is_a_configuration() {
    let mapping = named("a", &["/a", "/plain"])
        .with_cors("/a", cors())
        .unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    assert_eq!(
        status(&dispatcher, preflight("/a", "https://app.example")).await,
        204
    );
    assert_eq!(
        status(&dispatcher, preflight("/a", "https://evil.example")).await,
        403
    );
    assert_eq!(
        status(&dispatcher, preflight("/plain", "https://app.example")).await,
        0
    );
    assert_eq!(
        status(&dispatcher, preflight("/nowhere", "https://app.example")).await,
        0
    );
}

#[test]
fn a_server_can_ask_which_requests_are_wanted() {
    let mapping = named("a", &["/a", "/plain"])
        .with_cors("/a", cors())
        .unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    let plain = |path: &str| Request::get(path).body(()).unwrap();
    for (request, wanted) in [
        (handshake("/a", &[]), true),
        (handshake("/nowhere", &[]), true),
        (preflight("/a", "https://evil.example"), true),
        (preflight("/plain", "https://app.example"), false),
        (preflight("/nowhere", "https://app.example"), false),
        (plain("/a"), false),
    ] {
        let answer = dispatcher.wants(request.method(), request.headers(), request.uri().path());
        assert_eq!(answer, wanted, "{request:?}");
    }
}

#[tokio::test]
async fn a_configuration_decides_about_handshakes_too() {
    let mapping = named("a", &["/a", "/plain"])
        .with_cors("/a", cors())
        .unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    let from = |path, origin| handshake(path, &[("origin", origin)]);
    let answer = ask(&dispatcher, from("/a", "https://app.example"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 101);
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://app.example"
    );
    assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
    assert!(answer.headers().contains_key("vary"));
    assert_eq!(
        status(&dispatcher, from("/a", "https://evil.example")).await,
        403
    );
    assert_eq!(
        status(&dispatcher, from("/plain", "https://app.example")).await,
        403
    );
    assert_eq!(
        status(&dispatcher, from("/a", "http://chat.example")).await,
        101
    );
    assert_eq!(status(&dispatcher, handshake("/a", &[])).await, 101);
}

#[tokio::test]
async fn the_origin_is_compared_with_what_a_trusted_proxy_says() {
    let trusting =
        |proxies| WebSocketDispatcher::from(named("a", &["/a"])).with_trusted_proxies(proxies);
    let trusted = trusting(TrustedProxies::x_forwarded(["127.0.0.1"]).unwrap());
    let untrusted = trusting(TrustedProxies::x_forwarded(["10.0.0.1"]).unwrap());
    let through_proxy = || {
        let headers = [
            ("origin", "https://public.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "public.example"),
        ];
        handshake("/a", &headers)
    };
    assert_eq!(status(&trusted, through_proxy()).await, 101);
    assert_eq!(status(&untrusted, through_proxy()).await, 403);
    assert_eq!(
        status(&named("a", &["/a"]).into(), through_proxy()).await,
        403
    );
}

/// An HTTP session that notes what is asked of it.
struct Session(Journal, Result<(), &'static str>);

#[async_trait]
impl HttpSession for Session {
    async fn copy_attributes(
        &self,
        wanted: &(dyn for<'n> Fn(&'n str) -> bool + Send + Sync),
        attributes: &Attributes,
    ) -> Result<(), HandlerError> {
        self.0.note("loaded");
        self.1.map_err(std::io::Error::other)?;
        for name in ["user", "secret"].into_iter().filter(|name| wanted(name)) {
            attributes.insert_named(name, name.len());
        }
        Ok(())
    }
}

#[tokio::test]
async fn the_http_session_is_loaded_only_for_names_that_are_asked_for() {
    let journal = Journal::default();
    let seen = journal.clone();
    let look = move |request: &mut HandshakeRequest| -> Result<(), HandshakeError> {
        for name in ["user", "secret"] {
            let value = request.attributes().get_named::<usize>(name);
            seen.note(format!("{name} {value:?}"));
        }
        Ok(())
    };
    let ask = async |service: HandshakeWebSocketService, session, origin| {
        let dispatcher =
            WebSocketDispatcher::from(Endpoint::new(nothing()).with_interceptor(look.clone()));
        let mut request = handshake("/", &[("origin", origin)]);
        let session: Arc<dyn HttpSession> = Arc::new(Session(journal.clone(), session));
        request.extensions_mut().insert(session);
        let status = status(&dispatcher.with_service(service), request).await;
        (status, journal.take().join(", "))
    };
    let service = HandshakeWebSocketService::new;
    let wanting = || service().with_session_attributes(|name| name == "user");
    let (own, evil) = ("http://chat.example", "https://evil.example");
    let answer = ask(service(), Ok(()), own).await;
    assert_eq!(answer, (101, "user None, secret None".to_owned()));
    let answer = ask(wanting(), Ok(()), own).await;
    assert_eq!(
        answer,
        (101, "loaded, user Some(4), secret None".to_owned())
    );
    let answer = ask(wanting(), Err("the store is gone"), own).await;
    assert_eq!(answer, (500, "loaded".to_owned()));
    assert_eq!(ask(wanting(), Ok(()), evil).await, (403, String::new()));
}

#[test]
fn a_setting_that_a_server_cannot_honour_is_found_before_it_serves() {
    let with_small_reads = || {
        let settings = WebSocketSettings::builder().with_read_buffer_size(4096);
        Endpoint::new(nothing()).with_settings(settings.build().unwrap())
    };
    let mapping = || named("a", &["/a"]);
    let check = |mapping| WebSocketDispatcher::from(mapping).check_settings(&NoServer);
    assert_eq!(check(mapping()), Ok(()));
    let error = check(mapping().with_endpoint("/b", with_small_reads()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("read_buffer_size"), "{error}");
    assert!(check(mapping().with_fallback(with_small_reads())).is_err());
}

#[tokio::test]
async fn an_origin_policy_lets_in_what_it_lists() {
    let policy = OriginPolicy::allow_list(["https://*.example.com:[443,8443]", "null"]).unwrap();
    let service = HandshakeWebSocketService::new().with_origin_policy(policy);
    let dispatcher = WebSocketDispatcher::from(named("a", &["/a"])).with_service(service);
    for (origin, expected) in [
        ("https://a.example.com", 101),
        ("https://a.example.com:8443", 101),
        ("https://a.example.com:9443", 403),
        ("https://example.com", 403),
        ("null", 101),
        ("http://chat.example", 101),
    ] {
        let request = handshake("/a", &[("origin", origin)]);
        assert_eq!(status(&dispatcher, request).await, expected, "{origin}");
    }
}
