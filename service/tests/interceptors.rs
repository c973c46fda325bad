//! Who takes part in a handshake, and in which order.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use switchwire_core::{
    Bytes, Endpoint, HandlerResult, HandshakeError, HandshakeInfo, HandshakeInterceptor,
    HandshakeRequest, Principal, RequestUpgradeStrategy, WebSocketHandler, WebSocketSession,
    WebSocketSettings, async_trait, spi::SessionParameters,
};
use switchwire_driver::StreamTransport;
use switchwire_service::{
    Dispatch, HandshakeWebSocketService, SessionRegistry, UrlHandlerMapping, WebSocketDispatcher,
};

use self::support::{Journal, NoServer, ask, handshake, status};

/// Notes when it runs, and refuses requests that name it in `x-refuse`.
struct Noting(&'static str, Journal);

#[async_trait]
impl HandshakeInterceptor for Noting {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        self.1.note(format!("before {}", self.0));
        if request
            .headers()
            .get("x-refuse")
            .is_some_and(|name| name == self.0)
        {
            return Err(HandshakeError::rejected(
                StatusCode::UNAUTHORIZED,
                "who are you?",
            ));
        }
        Ok(())
    }

    async fn after_handshake(
        &self,
        info: &HandshakeInfo,
        outcome: Result<&Response<()>, &HandshakeError>,
    ) {
        assert_eq!(info.uri().path(), "/chat");
        let outcome = match outcome {
            Ok(response) => response.status().to_string(),
            Err(error) => error.code().to_owned(),
        };
        self.1.note(format!("after {}: {outcome}", self.0));
    }
}

/// Speaks one subprotocol, and notes what it sees when it chooses.
struct Chat(Journal);

#[async_trait]
impl WebSocketHandler for Chat {
    async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
        Ok(())
    }

    fn select_subprotocol<'a>(
        &self,
        offered: &[&'a str],
        request: &HandshakeRequest,
    ) -> Option<&'a str> {
        let user = request
            .principal()
            .and_then(Principal::downcast_ref::<&str>);
        self.0.note(format!(
            "{} choose from {}",
            user.unwrap_or(&"nobody"),
            offered.join("+")
        ));
        match request.query_parameter("choose").as_deref() {
            Some("none") => None,
            Some("foreign") => Some("not-offered"),
            _ => offered.first().copied(),
        }
    }

    fn requires_subprotocol(&self) -> bool {
        true
    }
}

fn dispatcher(journal: &Journal) -> WebSocketDispatcher {
    let noting = |name| Noting(name, journal.clone());
    let endpoint = Endpoint::new(Chat(journal.clone()))
        .with_interceptor(noting("c"))
        .with_interceptor(noting("d"));
    let mapping = UrlHandlerMapping::new()
        .with_endpoint("/chat", endpoint)
        .unwrap();
    let service = HandshakeWebSocketService::new()
        .with_interceptor(noting("a"))
        .with_interceptor(noting("b"));
    WebSocketDispatcher::from(mapping).with_service(service)
}

#[tokio::test]
async fn those_that_passed_see_the_outcome_in_reverse() {
    let journal = Journal::default();
    let dispatcher = dispatcher(&journal);
    let offered = ("sec-websocket-protocol", "x");
    assert_eq!(
        status(&dispatcher, handshake("/chat", &[offered])).await,
        101
    );
    let accepted = "101 Switching Protocols";
    let mut expected = ["a", "b", "c", "d"]
        .map(|name| format!("before {name}"))
        .to_vec();
    expected.push("nobody choose from x".to_owned());
    expected.extend(["d", "c", "b", "a"].map(|name| format!("after {name}: {accepted}")));
    assert_eq!(journal.take(), expected);

    assert_eq!(
        status(
            &dispatcher,
            handshake("/chat", &[offered, ("x-refuse", "c")])
        )
        .await,
        401
    );
    let expected = [
        "before a",
        "before b",
        "before c",
        "after b: rejected",
        "after a: rejected",
    ];
    assert_eq!(journal.take(), expected);

    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 400);
    assert_eq!(journal.take()[5], "after d: subprotocol_required");
}

#[tokio::test]
async fn what_is_wrong_or_foreign_reaches_no_interceptor() {
    let journal = Journal::default();
    let dispatcher = dispatcher(&journal);
    let wrong = handshake("/chat", &[("content-length", "5")]);
    assert_eq!(status(&dispatcher, wrong).await, 400);
    let foreign = handshake("/chat", &[("origin", "https://evil.example")]);
    assert_eq!(status(&dispatcher, foreign).await, 403);
    assert_eq!(status(&dispatcher, handshake("/elsewhere", &[])).await, 404);
    assert_eq!(journal.take(), [""; 0]);
}

#[tokio::test]
async fn only_what_was_offered_is_chosen() {
    let journal = Journal::default();
    let dispatcher = dispatcher(&journal);
    for (query, chosen) in [
        ("", Some("x")),
        ("?choose=none", None),
        ("?choose=foreign", None),
    ] {
        let offered = [
            ("sec-websocket-protocol", "x, y"),
            ("sec-websocket-protocol", "z"),
        ];
        let answer = ask(&dispatcher, handshake(&format!("/chat{query}"), &offered))
            .await
            .unwrap();
        assert_eq!(answer.status() == 101, chosen.is_some(), "{query}");
        let header = answer.headers().get("sec-websocket-protocol");
        assert_eq!(
            header.map(HeaderValue::as_bytes),
            chosen.map(str::as_bytes),
            "{query}"
        );
    }
    assert!(
        journal
            .take()
            .contains(&"nobody choose from x+y+z".to_owned())
    );
}

fn nothing() -> impl WebSocketHandler {
    |_: WebSocketSession| async { Ok(()) }
}

fn with_interceptor(interceptor: impl HandshakeInterceptor + 'static) -> WebSocketDispatcher {
    Endpoint::new(nothing())
        .with_interceptor(interceptor)
        .into()
}

#[tokio::test]
async fn what_an_interceptor_sets_reaches_the_response_and_the_handler() {
    let journal = Journal::default();
    let endpoint = Endpoint::new(Chat(journal.clone())).with_interceptor(
        |request: &mut HandshakeRequest| -> Result<(), HandshakeError> {
            request.set_principal(Principal::new("alice"));
            let cookies = request.response_headers_mut();
            cookies.append(header::SET_COOKIE, HeaderValue::from_static("seen=1"));
            cookies.insert(header::UPGRADE, HeaderValue::from_static("h2c"));
            cookies.insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static("y"),
            );
            Ok(())
        },
    );
    let request = handshake("/", &[("sec-websocket-protocol", "x")]);
    let answer = ask(&endpoint.into(), request).await.unwrap();
    assert_eq!(answer.headers()["set-cookie"], "seen=1");
    assert_eq!(answer.headers()["upgrade"], "websocket");
    assert_eq!(answer.headers()["sec-websocket-protocol"], "x");
    assert_eq!(journal.take(), ["alice choose from x"]);
}

#[tokio::test]
async fn a_refusal_has_the_headers_and_the_body_of_the_application() {
    let dispatcher = with_interceptor(|_: &mut HandshakeRequest| -> Result<(), HandshakeError> {
        let response = Response::builder().status(302).header("location", "/login");
        Err(response.body(Bytes::from("this way")).unwrap().into())
    });
    let answer = ask(&dispatcher, handshake("/", &[])).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "/login");
}

#[tokio::test]
async fn a_refusal_cannot_be_a_success() {
    for wrong in [100, 101, 200, 204] {
        let dispatcher = with_interceptor(
            move |_: &mut HandshakeRequest| -> Result<(), HandshakeError> {
                Err(HandshakeError::rejected(
                    StatusCode::from_u16(wrong).unwrap(),
                    "",
                ))
            },
        );
        assert_eq!(
            status(&dispatcher, handshake("/", &[])).await,
            500,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_panic_is_answered_with_500() {
    let dispatcher = with_interceptor(|_: &mut HandshakeRequest| -> Result<(), HandshakeError> {
        panic!("boom");
    });
    assert_eq!(status(&dispatcher, handshake("/", &[])).await, 500);
}

struct Never;

#[async_trait]
impl HandshakeInterceptor for Never {
    async fn before_handshake(&self, _: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_too_long_is_answered_with_503() {
    let settings = WebSocketSettings::builder().with_handshake_timeout(Duration::from_secs(3));
    let endpoint = Endpoint::new(nothing())
        .with_interceptor(Never)
        .with_settings(settings.build().unwrap());
    assert_eq!(status(&endpoint.into(), handshake("/", &[])).await, 503);
}

/// A dispatcher whose endpoint has room for one session and 3 s for its decisions, with interceptors `a` and this one.
fn with_room_for_one(
    journal: &Journal,
    interceptor: impl HandshakeInterceptor + 'static,
) -> WebSocketDispatcher {
    let settings = WebSocketSettings::builder()
        .with_handshake_timeout(Duration::from_secs(3))
        .with_max_sessions(1);
    let endpoint = Endpoint::new(nothing())
        .with_interceptor(Noting("a", journal.clone()))
        .with_interceptor(interceptor)
        .with_settings(settings.build().unwrap());
    let mapping = UrlHandlerMapping::new();
    mapping.with_endpoint("/chat", endpoint).unwrap().into()
}

#[tokio::test]
async fn they_are_told_that_there_was_no_place() {
    let journal = Journal::default();
    let dispatcher = with_room_for_one(&journal, Noting("b", journal.clone()));
    let first = dispatcher
        .dispatch(&NoServer, handshake("/chat", &[]))
        .await;
    journal.take();
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 503);
    let told = &journal.take()[2..];
    assert_eq!(
        told,
        ["after b: too_many_sessions", "after a: too_many_sessions"]
    );
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn those_that_passed_are_told_that_the_next_took_too_long_or_panicked() {
    let journal = Journal::default();
    let dispatcher = with_room_for_one(&journal, Never);
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 503);
    assert_eq!(journal.take(), ["before a", "after a: timed_out"]);

    let panics = |_: &mut HandshakeRequest| -> Result<(), HandshakeError> { panic!("boom") };
    let dispatcher = with_room_for_one(&journal, panics);
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 500);
    assert_eq!(journal.take(), ["before a", "after a: failed"]);
}

#[tokio::test]
async fn they_are_told_that_the_application_is_shutting_down() {
    let journal = Journal::default();
    let registry = SessionRegistry::new();
    let shut_down = {
        let registry = registry.clone();
        move |_: &mut HandshakeRequest| -> Result<(), HandshakeError> {
            drop(registry.shutdown(Duration::ZERO));
            Ok(())
        }
    };
    let dispatcher = with_room_for_one(&journal, shut_down).with_registry(registry);
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 503);
    assert_eq!(journal.take(), ["before a", "after a: shutting_down"]);
}

#[tokio::test]
async fn they_are_told_that_the_server_cannot_switch() {
    let journal = Journal::default();
    let dispatcher = with_room_for_one(&journal, Noting("b", journal.clone()));
    let refused = dispatcher.dispatch(&CannotSwitch, handshake("/chat", &[]));
    assert!(matches!(
        refused.await,
        Dispatch::Refused(HandshakeError::NotUpgradable)
    ));
    let told = &journal.take()[2..];
    assert_eq!(told, ["after b: not_upgradable", "after a: not_upgradable"]);
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 101); // its place was given back
}

/// A server that cannot switch this connection.
struct CannotSwitch;

impl RequestUpgradeStrategy for CannotSwitch {
    type Request = http::Request<()>;
    type Response = Response<()>;
    type Transport = StreamTransport<tokio::io::DuplexStream>;
    type Upgrading = std::future::Pending<Result<Self::Transport, switchwire_core::Error>>;

    fn handshake_request(&self, request: &http::Request<()>) -> HandshakeRequest {
        NoServer.handshake_request(request)
    }

    fn upgrade(
        &self,
        _request: http::Request<()>,
        _response: Response<()>,
        _: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        Err(HandshakeError::NotUpgradable)
    }
}

/// Panics, or never ends, once it is told the outcome.
struct Fails {
    panics: bool,
}

#[async_trait]
impl HandshakeInterceptor for Fails {
    async fn after_handshake(&self, _: &HandshakeInfo, _: Result<&Response<()>, &HandshakeError>) {
        assert!(!self.panics, "boom");
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_when_it_is_told_changes_nothing() {
    let journal = Journal::default();
    let dispatcher = with_room_for_one(&journal, Fails { panics: true });
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 101);
    let accepted = "after a: 101 Switching Protocols";
    assert_eq!(journal.take(), ["before a", accepted]);

    let dispatcher = with_room_for_one(&journal, Fails { panics: false });
    assert_eq!(status(&dispatcher, handshake("/chat", &[])).await, 101);
    assert_eq!(journal.take(), ["before a"], "the time of all is up");
}
