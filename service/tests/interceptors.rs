//! Who takes part in a handshake, and in which order.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use switchwire_core::{
    Bytes, Endpoint, HandlerResult, HandshakeError, HandshakeInterceptor, HandshakeRequest,
    Principal, WebSocketHandler, WebSocketSession, WebSocketSettings, async_trait,
};
use switchwire_service::{HandshakeWebSocketService, UrlHandlerMapping, WebSocketDispatcher};

use self::support::{Journal, ask, handshake, status};

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
        request: &HandshakeRequest,
        outcome: Result<&Response<()>, &HandshakeError>,
    ) {
        assert_eq!(request.uri().path(), "/chat");
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
