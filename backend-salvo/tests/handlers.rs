//! Handler functions that take a WebSocket request beside salvo's own extractors, and handlers that
//! capture typed values.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::net::SocketAddr;

use http::{HeaderValue, StatusCode, header};
use salvo::{
    Depot, Request, Response, Router, Writer,
    extract::{PathParam, QueryParam},
    handler,
};
use switchwire_backend_salvo::WebSocketRequest;
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

/// Lets users in, and refuses everybody else.
#[handler]
async fn log_in(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    match req.header::<String>("x-user") {
        Some(user) => drop(depot.insert("user", user)),
        None => drop(res.status_code(StatusCode::UNAUTHORIZED)),
    }
}

/// All of them in one function. The room is a number, so it cannot be confused with a name.
#[handler]
impl App {
    async fn handle(
        &self,
        room: PathParam<u32>,
        colour: QueryParam<String>,
        request: WebSocketRequest,
        req: &mut Request,
        depot: &mut Depot,
        res: &mut Response,
    ) {
        let tenant = req.param::<String>("tenant").unwrap();
        let room = room.into_inner();
        let (greeting, colour) = (self.greeting, colour.into_inner());
        let peer = req.remote_addr().clone().into_std();
        let local = req.local_addr().clone().into_std();
        let user = depot.get::<String>("user").unwrap().clone();
        let handler = async move |session: WebSocketSession| {
            let info = session.handshake_info();
            assert!(peer.is_some() && info.remote_address() == peer);
            assert!(local.is_some() && info.local_address() == local);
            assert_eq!(info.path_parameter("tenant"), Some(&*tenant));
            let path = info.uri().path();
            session
                .send(format!(
                    "{greeting} {user}, {tenant}/{} {colour} {path}",
                    room + 1
                ))
                .await?;
            Ok(())
        };
        request.on_upgrade(&self.chat, res, handler).await;
    }
}

fn app() -> Router {
    let app = App {
        chat: UpgradeEndpoint::new(),
        greeting: "hello",
    };
    Router::with_path("{tenant}")
        .hoop(log_in)
        .push(Router::with_path("rooms/{room}").goal(app))
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
async fn a_hoop_or_an_extractor_that_rejects_answers_before_the_handshake() {
    let address = start(app()).await;
    let (status, _) = refusal(address, "/acme/rooms/6?colour=red").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let user = [("x-user", "ada")];
    let no_number = open_with(address, "/acme/rooms/six?colour=red", &user).await;
    assert_eq!(no_number.unwrap_err().status(), StatusCode::BAD_REQUEST);
}

async fn hello(session: WebSocketSession) -> HandlerResult {
    Ok(session.send("hello").await?)
}

struct Both(UpgradeEndpoint);

#[handler]
impl Both {
    async fn handle(&self, req: &mut Request, res: &mut Response) {
        match WebSocketRequest::from_request(req) {
            Some(request) => request.on_upgrade(&self.0, res, hello).await,
            None => res.render("a page"),
        }
    }
}

struct Only(UpgradeEndpoint);

#[handler]
impl Only {
    async fn handle(&self, request: WebSocketRequest, res: &mut Response) {
        request.on_upgrade(&self.0, res, hello).await;
    }
}

#[tokio::test]
async fn a_request_for_a_page_is_rejected_or_answered() {
    let endpoint = UpgradeEndpoint::new();
    let router = Router::new()
        .push(Router::with_path("both").goal(Both(endpoint.clone())))
        .push(Router::with_path("only").goal(Only(endpoint)));
    let address = start(router).await;
    assert_eq!(first(address, "/both").await, "hello");
    assert_eq!(first(address, "/only").await, "hello");
    assert_eq!(
        get(address, "/both").await,
        (StatusCode::OK, "a page".to_owned())
    );
    let text = "the Upgrade header must list websocket\n".to_owned();
    assert_eq!(get(address, "/only").await, (StatusCode::BAD_REQUEST, text));
}

struct EchoOne(UpgradeEndpoint);

#[handler]
impl EchoOne {
    async fn handle(&self, request: WebSocketRequest, res: &mut Response) {
        let echo = async |mut session: WebSocketSession| {
            let message = session.receive().await?.unwrap();
            Ok(session.send(message).await?)
        };
        request.on_upgrade(&self.0, res, echo).await;
    }
}

async fn serve(endpoint: UpgradeEndpoint) -> SocketAddr {
    start(Router::new().goal(EchoOne(endpoint))).await
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

struct Greeter(UpgradeEndpoint);

#[handler]
impl Greeter {
    async fn handle(&self, request: WebSocketRequest, res: &mut Response) {
        let request = request
            .with_principal(Principal::new("ada".to_owned()))
            .with_response_header(header::SET_COOKIE, HeaderValue::from_static("seen=1"));
        let handler = async |session: WebSocketSession| {
            let principal = session.handshake_info().principal();
            let user: &String = principal.unwrap().downcast_ref().unwrap();
            Ok(session.send(user.clone()).await?)
        };
        request.on_upgrade(&self.0, res, handler).await;
    }
}

#[tokio::test]
async fn the_function_adds_a_user_and_headers() {
    let address = start(Router::new().goal(Greeter(UpgradeEndpoint::new()))).await;
    let (mut socket, response) = open_with(address, "/", &[]).await.unwrap();
    assert_eq!(response.headers()["set-cookie"], "seen=1");
    assert_eq!(next(&mut socket).await, "ada");
}
