//! The extractor beside axum's own, and handlers that capture typed values.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{collections::HashMap, net::SocketAddr};

use axum::{
    Router,
    extract::{ConnectInfo, FromRequestParts, Path, Query, State},
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderValue, StatusCode, header};
use switchwire_backend_axum::WebSocketRequest;
use switchwire_core::{
    HandlerResult, HandshakeError, HandshakeRequest, Principal, WebSocketSession, WebSocketSettings,
};
use switchwire_service::UpgradeEndpoint;

use self::common::{first, get, next, open, open_with, refusal, say, start};

#[derive(Clone)]
struct App {
    chat: UpgradeEndpoint,
    greeting: &'static str,
}

/// The user, as an extractor of the application's.
struct User(String);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let name = parts
            .headers
            .get("x-user")
            .ok_or(StatusCode::UNAUTHORIZED)?;
        Ok(Self(name.to_str().unwrap().to_owned()))
    }
}

/// All of them in one function. The room is a number, so it cannot be confused with a name.
async fn chat(
    State(app): State<App>,
    Path((tenant, room)): Path<(String, u32)>,
    Query(query): Query<HashMap<String, String>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    User(user): User,
    request: WebSocketRequest,
) -> Response {
    let handler = async move |session: WebSocketSession| {
        let info = session.handshake_info();
        assert_eq!(info.remote_address(), Some(peer));
        assert_eq!(info.path_parameter("tenant"), Some(&*tenant));
        let (greeting, colour) = (app.greeting, &query["colour"]);
        let path = info.uri().path();
        session
            .send(format!(
                "{greeting} {user}, {tenant}/{} {colour} {path}",
                room + 1
            ))
            .await?;
        Ok(())
    };
    request.on_upgrade(&app.chat, handler).await
}

fn app() -> Router {
    let app = App {
        chat: UpgradeEndpoint::new(),
        greeting: "hello",
    };
    let inner = Router::new().route("/rooms/{room}", any(chat));
    Router::new().nest("/{tenant}", inner).with_state(app)
}

#[tokio::test]
async fn typed_values_reach_the_handler() {
    let address = start(app()).await;
    let user = [("x-user", "ada")];
    let opened = open_with(address, "/acme%20ltd/rooms/6?colour=red", &user).await;
    let said = next(&mut opened.unwrap().0).await;
    assert_eq!(said, "hello ada, acme ltd/7 red /acme%20ltd/rooms/6");
}

#[tokio::test]
async fn an_extractor_that_rejects_answers_before_the_handshake() {
    let address = start(app()).await;
    let (status, _) = refusal(address, "/acme/rooms/6?colour=red").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let user = [("x-user", "ada")];
    let no_number = open_with(address, "/acme/rooms/six?colour=red", &user).await;
    assert_eq!(no_number.unwrap_err().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_for_a_page_is_rejected_or_answered() {
    async fn both(
        State(endpoint): State<UpgradeEndpoint>,
        request: Option<WebSocketRequest>,
    ) -> Response {
        match request {
            Some(request) => request.on_upgrade(&endpoint, hello).await,
            None => "a page".into_response(),
        }
    }
    async fn only(State(endpoint): State<UpgradeEndpoint>, request: WebSocketRequest) -> Response {
        request.on_upgrade(&endpoint, hello).await
    }
    let routes = Router::new()
        .route("/both", any(both))
        .route("/only", any(only));
    let address = start(routes.with_state(UpgradeEndpoint::new())).await;
    assert_eq!(first(address, "/both").await, "hello");
    assert_eq!(first(address, "/only").await, "hello");
    assert_eq!(
        get(address, "/both").await,
        (StatusCode::OK, "a page".to_owned())
    );
    let text = "the Upgrade header must list websocket\n".to_owned();
    assert_eq!(get(address, "/only").await, (StatusCode::BAD_REQUEST, text));
}

async fn hello(session: WebSocketSession) -> HandlerResult {
    Ok(session.send("hello").await?)
}

/// Serves `endpoint` at `/`, with a handler that echoes one message.
async fn serve(endpoint: UpgradeEndpoint) -> SocketAddr {
    let route = any(
        async |State(endpoint): State<UpgradeEndpoint>, request: WebSocketRequest| {
            let echo = async |mut session: WebSocketSession| {
                let message = session.receive().await?.unwrap();
                Ok(session.send(message).await?)
            };
            request.on_upgrade(&endpoint, echo).await
        },
    );
    start(Router::new().route("/", route).with_state(endpoint)).await
}

#[tokio::test]
async fn the_limits_of_an_endpoint_hold_for_all_its_requests() {
    let settings = WebSocketSettings::builder()
        .with_max_sessions(1)
        .build()
        .unwrap();
    let endpoint = UpgradeEndpoint::new().with_settings(settings);
    let address = serve(endpoint.clone()).await;
    let mut socket = open(address, "/").await;
    assert_eq!(endpoint.registry().len(), 1);
    let (status, text) = refusal(address, "/").await;
    assert_eq!(
        (status, &*text),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "there are too many sessions\n"
        )
    );
    say(&mut socket, "bye").await;
    assert_eq!(next(&mut socket).await, "bye");
}

#[tokio::test]
async fn an_endpoint_has_subprotocols_interceptors_and_an_origin_policy() {
    let endpoint = UpgradeEndpoint::new()
        .with_subprotocols(&["v2", "v1"])
        .unwrap();
    let endpoint = endpoint.with_interceptor(|request: &mut HandshakeRequest| {
        match request.query_parameter("token").as_deref() {
            Some("secret") => Ok(()),
            _ => Err(HandshakeError::rejected(
                StatusCode::UNAUTHORIZED,
                "log in first",
            )),
        }
    });
    let address = serve(endpoint).await;
    assert_eq!(
        refusal(address, "/").await,
        (StatusCode::UNAUTHORIZED, "log in first".to_owned())
    );
    let offer = [("sec-websocket-protocol", "v1, v2")];
    let (_, response) = open_with(address, "/?token=secret", &offer).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "v1");
    let foreign = [("origin", "https://evil.example")];
    let refused = open_with(address, "/?token=secret", &foreign)
        .await
        .unwrap_err();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

#[test]
fn a_subprotocol_that_is_no_token_is_an_error_at_start_up() {
    let error = UpgradeEndpoint::new()
        .with_subprotocols(&["chat", "chat v2"])
        .unwrap_err();
    assert!(
        error.to_string().contains("\"chat v2\" is not a token"),
        "{error}"
    );
}

#[tokio::test]
async fn the_function_adds_a_user_and_headers() {
    async fn page(State(endpoint): State<UpgradeEndpoint>, request: WebSocketRequest) -> Response {
        let request = request
            .with_principal(Principal::new("ada".to_owned()))
            .with_response_header(header::SET_COOKIE, HeaderValue::from_static("seen=1"));
        let handler = async |session: WebSocketSession| {
            let principal = session.handshake_info().principal();
            let user: &String = principal.unwrap().downcast_ref().unwrap();
            Ok(session.send(user.clone()).await?)
        };
        request.on_upgrade(&endpoint, handler).await
    }
    let app = Router::new()
        .route("/", any(page))
        .with_state(UpgradeEndpoint::new());
    let address = start(app).await;
    let (mut socket, response) = open_with(address, "/", &[]).await.unwrap();
    assert_eq!(response.headers()["set-cookie"], "seen=1");
    assert_eq!(next(&mut socket).await, "ada");
}

#[tokio::test]
async fn a_handler_that_is_not_needed_is_dropped_with_what_it_captured() {
    let endpoint = UpgradeEndpoint::new();
    let captured = std::sync::Arc::new(());
    let seen = captured.clone();
    let route = any(async move |request: WebSocketRequest| {
        let endpoint = endpoint.clone();
        let captured = seen.clone();
        let handler = async move |session: WebSocketSession| {
            let _captured = captured;
            Ok(session.send("hello").await?)
        };
        request.on_upgrade(&endpoint, handler).await
    });
    let address = start(Router::new().route("/", route)).await;
    let foreign = [("origin", "https://evil.example")];
    open_with(address, "/", &foreign).await.unwrap_err();
    assert_eq!(std::sync::Arc::strong_count(&captured), 2);
    let mut socket = open(address, "/").await;
    assert_eq!(next(&mut socket).await, "hello");
}
