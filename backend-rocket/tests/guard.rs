//! The request guard beside Rocket's own, and handlers that capture typed values.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{convert::Infallible, net::SocketAddr};

use http::{HeaderValue, StatusCode, header};
use rocket::{
    Request, State, async_trait, get,
    http::Status,
    request::{FromRequest, Outcome},
    routes,
};
use switchwire_backend_rocket::{WebSocketRequest, WebSocketResponse};
use switchwire_core::{
    HandlerResult, HandshakeError, HandshakeRequest, Principal, WebSocketSession, WebSocketSettings,
};
use switchwire_service::UpgradeEndpoint;

use self::common::{build, first, get, next, open, open_with, refusal, say, start};

/// The user, as a guard of the application's.
struct User(String);

#[async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("x-user") {
            Some(name) => Outcome::Success(Self(name.to_owned())),
            None => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

/// The addresses of the connection, as Rocket knows them.
struct Addresses(SocketAddr, SocketAddr);

#[async_trait]
impl<'r> FromRequest<'r> for Addresses {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let config = request.rocket().config();
        let local = SocketAddr::new(config.address, config.port);
        Outcome::Success(Self(request.remote().unwrap(), local))
    }
}

/// All of them in one function. The room is a number, so it cannot be confused with a name.
#[get("/<tenant>/rooms/<room>?<colour>")]
async fn chat(
    tenant: String,
    room: u32,
    colour: String,
    addresses: Addresses,
    user: User,
    request: WebSocketRequest,
    endpoint: &State<UpgradeEndpoint>,
) -> WebSocketResponse {
    let handler = async move |session: WebSocketSession| {
        let info = session.handshake_info();
        assert_eq!(info.remote_address(), Some(addresses.0));
        assert_eq!(info.local_address(), Some(addresses.1));
        assert_eq!(info.path_parameter("tenant"), Some(&*tenant));
        let (User(user), path) = (user, info.uri().path());
        let said = format!("hello {user}, {tenant}/{} {colour} {path}", room + 1);
        session.send(said).await?;
        Ok(())
    };
    request.on_upgrade(endpoint, handler).await
}

async fn serve_chat() -> SocketAddr {
    let rocket = build().manage(UpgradeEndpoint::new());
    start(rocket.mount("/v1", routes![chat])).await
}

#[tokio::test]
async fn typed_values_reach_the_handler() {
    let address = serve_chat().await;
    let user = [("x-user", "ada")];
    let opened = open_with(address, "/v1/acme%20ltd/rooms/6?colour=red", &user).await;
    let said = next(&mut opened.unwrap().0).await;
    assert_eq!(said, "hello ada, acme ltd/7 red /v1/acme%20ltd/rooms/6");
}

#[tokio::test]
async fn a_guard_that_fails_answers_before_the_handshake() {
    let address = serve_chat().await;
    let (status, _) = refusal(address, "/v1/acme/rooms/6?colour=red").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let user = [("x-user", "ada")];
    let no_number = open_with(address, "/v1/acme/rooms/six?colour=red", &user).await;
    let status = no_number.unwrap_err().status();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn hello(session: WebSocketSession) -> HandlerResult {
    Ok(session.send("hello").await?)
}

#[get("/both")]
async fn socket(request: WebSocketRequest, endpoint: &State<UpgradeEndpoint>) -> WebSocketResponse {
    request.on_upgrade(endpoint, hello).await
}

#[get("/both", rank = 2)]
fn page() -> &'static str {
    "a page"
}

#[get("/only")]
async fn only(request: WebSocketRequest, endpoint: &State<UpgradeEndpoint>) -> WebSocketResponse {
    request.on_upgrade(endpoint, hello).await
}

#[tokio::test]
async fn a_request_for_a_page_is_forwarded() {
    let rocket = build().manage(UpgradeEndpoint::new());
    let address = start(rocket.mount("/", routes![socket, page, only])).await;
    assert_eq!(first(address, "/both").await, "hello");
    assert_eq!(first(address, "/only").await, "hello");
    assert_eq!(
        get(address, "/both").await,
        (StatusCode::OK, "a page".to_owned())
    );
    assert_eq!(get(address, "/only").await.0, StatusCode::BAD_REQUEST);
}

#[get("/")]
async fn echo_one(
    request: WebSocketRequest,
    endpoint: &State<UpgradeEndpoint>,
) -> WebSocketResponse {
    let echo = async |mut session: WebSocketSession| {
        let message = session.receive().await?.unwrap();
        Ok(session.send(message).await?)
    };
    request.on_upgrade(endpoint, echo).await
}

async fn serve(endpoint: UpgradeEndpoint) -> SocketAddr {
    start(build().manage(endpoint).mount("/", routes![echo_one])).await
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

#[get("/")]
async fn greet(request: WebSocketRequest, endpoint: &State<UpgradeEndpoint>) -> WebSocketResponse {
    let request = request
        .with_principal(Principal::new("ada".to_owned()))
        .with_response_header(header::SET_COOKIE, HeaderValue::from_static("seen=1"));
    let handler = async |session: WebSocketSession| {
        let principal = session.handshake_info().principal();
        let user: &String = principal.unwrap().downcast_ref().unwrap();
        Ok(session.send(user.clone()).await?)
    };
    request.on_upgrade(endpoint, handler).await
}

#[tokio::test]
async fn the_function_adds_a_user_and_headers() {
    let rocket = build().manage(UpgradeEndpoint::new());
    let address = start(rocket.mount("/", routes![greet])).await;
    let (mut socket, response) = open_with(address, "/", &[]).await.unwrap();
    assert_eq!(response.headers()["set-cookie"], "seen=1");
    assert_eq!(next(&mut socket).await, "ada");
}
