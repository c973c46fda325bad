use http::{Request, Version};
use switchwire_core::{HandlerResult, WebSocketHandler, WebSocketSession};

use super::*;

struct Nothing;

#[async_trait]
impl WebSocketHandler for Nothing {
    async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["v11.stomp"]
    }
}

/// The answer to a valid request with `changes`. An empty value removes the header.
async fn answer(changes: &[(&str, &str)]) -> Result<Acceptance, HandshakeError> {
    let mut builder = Request::get("/echo");
    let right = [
        ("host", "127.0.0.1"),
        ("upgrade", "websocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    for (name, value) in right {
        if !changes.iter().any(|(changed, _)| *changed == name) {
            builder = builder.header(name, value);
        }
    }
    for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
        builder = builder.header(*name, *value);
    }
    let (head, ()) = builder.body(()).unwrap().into_parts();
    HandshakeWebSocketService::new()
        .handshake(&mut head.into(), &Endpoint::new(Nothing))
        .await
}

#[tokio::test]
async fn the_accept_value_is_that_of_the_rfc() {
    let accepted = answer(&[]).await.unwrap();
    assert_eq!(
        accepted.response.headers()["sec-websocket-accept"],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
}

#[tokio::test]
async fn a_subprotocol_is_found_behind_others_and_spaces() {
    let accepted = answer(&[("sec-websocket-protocol", "v10.stomp, v11.stomp")])
        .await
        .unwrap();
    assert_eq!(accepted.subprotocol.as_deref(), Some("v11.stomp"));
    let accepted = answer(&[("sec-websocket-protocol", "other")])
        .await
        .unwrap();
    assert!(
        !accepted
            .response
            .headers()
            .contains_key("sec-websocket-protocol")
    );
}

#[tokio::test]
async fn each_wrong_header_has_its_own_answer() {
    for (changes, code, status) in [
        (&[("host", "")][..], "host", 400),
        (&[("host", "a"), ("host", "b")], "host", 400),
        (&[("host", "user@chat.example")], "host", 400),
        (&[("host", "chat.example/")], "host", 400),
        (&[("host", ":80")], "host", 400),
        (&[("upgrade", "websocketx")], "upgrade", 400),
        (&[("connection", "close")], "connection", 400),
        (&[("sec-websocket-key", "")], "key", 400),
        (
            &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ")],
            "key",
            400,
        ),
        (
            &[("sec-websocket-key", "!!!!!!!!!!!!!!!!!!!!!!!!")],
            "key",
            400,
        ),
        (&[("sec-websocket-version", "12")], "websocket_version", 426),
        (&[("sec-websocket-version", "")], "websocket_version", 426),
        (&[("content-length", "34")], "body", 400),
        (&[("transfer-encoding", "chunked")], "body", 400),
        (&[("sec-websocket-protocol", "a/b")], "subprotocol", 400),
        (&[("sec-websocket-extensions", "a;b=")], "extensions", 400),
        (&[("origin", "https://evil.example")], "origin", 403),
    ] {
        let error = answer(changes).await.unwrap_err();
        assert_eq!(error.code(), code, "{changes:?}");
        assert_eq!(error.status(), status, "{changes:?}");
    }
}

#[tokio::test]
async fn the_example_key_of_the_rfc_is_a_key() {
    answer(&[("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEC==")])
        .await
        .unwrap();
}

/// The answer to a valid extended CONNECT with `changes`, as in [`answer`].
async fn answer_connect(
    target: &str,
    changes: &[(&str, &str)],
) -> Result<Acceptance, HandshakeError> {
    let mut builder = Request::builder()
        .method("CONNECT")
        .uri(target)
        .version(Version::HTTP_2);
    if !changes
        .iter()
        .any(|(name, _)| *name == "sec-websocket-version")
    {
        builder = builder.header("sec-websocket-version", "13");
    }
    for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
        builder = builder.header(*name, *value);
    }
    let (head, ()) = builder.body(()).unwrap().into_parts();
    let mut request = HandshakeRequest::from(head).with_protocol(Some("websocket".to_owned()));
    HandshakeWebSocketService::new()
        .handshake(&mut request, &Endpoint::new(Nothing))
        .await
}

const TARGET: &str = "http://chat.example/echo";

#[tokio::test]
async fn an_extended_connect_is_accepted_with_200_and_no_header_of_a_connection() {
    let offers = [
        ("sec-websocket-protocol", "v11.stomp"),
        ("origin", "http://chat.example"),
        ("sec-websocket-key", "not looked at"),
    ];
    let accepted = answer_connect(TARGET, &offers).await.unwrap();
    assert_eq!(accepted.response.status(), 200);
    let names: Vec<_> = accepted.response.headers().keys().collect();
    assert_eq!(names, ["sec-websocket-protocol"]);
}

#[tokio::test]
async fn each_wrong_part_of_an_extended_connect_has_its_own_answer() {
    for (target, changes, code, status) in [
        (
            TARGET,
            &[("connection", "upgrade")][..],
            "connection_header",
            400,
        ),
        (
            TARGET,
            &[("upgrade", "websocket")],
            "connection_header",
            400,
        ),
        (
            TARGET,
            &[("sec-websocket-version", "")],
            "websocket_version",
            400,
        ),
        (
            TARGET,
            &[("sec-websocket-version", "12")],
            "websocket_version",
            400,
        ),
        (TARGET, &[("host", "other.example")], "host", 400),
        (TARGET, &[("host", "chat.example:81")], "host", 400),
        (
            TARGET,
            &[("host", "chat.example"), ("host", "chat.example")],
            "host",
            400,
        ),
        ("http://user@chat.example/echo", &[], "host", 400),
        ("chat.example:80", &[], "target", 400),
        (TARGET, &[("content-length", "1")], "body", 400),
        (TARGET, &[("origin", "http://evil.example")], "origin", 403),
        (TARGET, &[("origin", "https://chat.example")], "origin", 403),
    ] {
        let error = answer_connect(target, changes).await.unwrap_err();
        assert_eq!(
            (error.code(), error.status().as_u16()),
            (code, status),
            "{changes:?}"
        );
        let answer = error.into_response();
        assert!(!answer.headers().contains_key("connection"), "{changes:?}");
        let names_version = answer.headers().contains_key("sec-websocket-version");
        assert_eq!(names_version, code == "websocket_version");
    }
    for same in ["chat.example", "Chat.Example", "chat.example:80"] {
        assert!(answer_connect(TARGET, &[("host", same)]).await.is_ok());
    }
}
