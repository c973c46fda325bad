//! What an actix-web application has around its sessions still works.

mod common;

use std::{
    io::{ErrorKind, Read, Write},
    sync::mpsc::{self, Sender},
    time::{Duration, Instant},
};

use actix_web::{
    App, Error, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    cookie::Cookie,
    dev::{Payload, ServiceRequest},
    error::ErrorUnauthorized,
    guard,
    middleware::{DefaultHeaders, Next, from_fn},
    test::{TestRequest, call_and_read_body, call_service, init_service},
    web,
};
use http::{HeaderValue, header};
use switchwire_backend_actix::{WebSocketRequest, configure, dispatch, websocket};
use switchwire_core::{
    CloseCode, CloseOutcome, Endpoint, HandlerResult, Principal, ResponseHeaders, WebSocketHandler,
    WebSocketSession, WebSocketSettings, async_trait,
};
use switchwire_service::{UpgradeEndpoint, UrlHandlerMapping, WebSocketDispatcher};

use self::common::{DEADLINE, request, serve};

#[test]
fn middleware_sees_the_101_and_adds_headers_and_cookies() {
    let server = serve(|| {
        App::new()
            .wrap(from_fn(async |request: ServiceRequest, next: Next<_>| {
                let mut response = next.call(request).await?;
                assert_eq!(response.status().as_u16(), 101);
                response
                    .response_mut()
                    .add_cookie(&Cookie::new("seen", "yes"))?;
                Ok::<_, Error>(response)
            }))
            .wrap(DefaultHeaders::new().add(("x-served-by", "actix")))
            .route("/greet", websocket(greet))
    });
    let mut client = server.ask("/greet", "");
    assert!(client.head.starts_with("HTTP/1.1 101 "), "{}", client.head);
    for line in [
        "set-cookie: seen=yes",
        "x-served-by: actix",
        "upgrade: websocket",
        "connection: upgrade",
    ] {
        let times = client
            .head
            .to_ascii_lowercase()
            .matches(&format!("\r\n{line}\r\n"))
            .count();
        assert_eq!(times, 1, "{line} in {}", client.head);
    }
    for line in ["content-length", "transfer-encoding"] {
        assert!(
            !client.head.to_ascii_lowercase().contains(line),
            "{}",
            client.head
        );
    }
    assert_eq!(client.text(), "hello nobody");
}

#[test]
fn an_extractor_that_rejects_answers_as_usual() {
    let server = serve(|| {
        App::new()
            .app_data(dispatcher())
            .route("/greet", web::get().to(with_extractors))
    });
    let client = server.ask("/greet", "");
    assert!(client.head.starts_with("HTTP/1.1 401 "), "{}", client.head);
}

#[test]
fn what_extractors_and_app_data_say_reaches_the_session() {
    let server = serve(|| {
        App::new()
            .app_data(dispatcher())
            .route("/greet", web::get().to(with_extractors))
    });
    let mut client = server.ask("/greet", "X-User: alice\r\n");
    assert!(
        client.head.contains("X-Room: lobby") || client.head.contains("x-room: lobby"),
        "{}",
        client.head
    );
    assert_eq!(client.text(), "hello alice");
}

#[test]
fn what_a_middleware_puts_into_the_extensions_reaches_the_session() {
    let server = serve(|| {
        App::new()
            .wrap(from_fn(async |request: ServiceRequest, next: Next<_>| {
                request
                    .extensions_mut()
                    .insert(Principal::new("bob".to_owned()));
                let mut headers = ResponseHeaders::default();
                headers
                    .0
                    .insert(header::SERVER, HeaderValue::from_static("mine"));
                request.extensions_mut().insert(headers);
                next.call(request).await
            }))
            .route("/greet", websocket(greet))
    });
    let mut client = server.ask("/greet", "");
    assert!(
        client
            .head
            .to_ascii_lowercase()
            .contains("\r\nserver: mine\r\n"),
        "{}",
        client.head
    );
    assert_eq!(client.text(), "hello bob");
}

#[test]
fn a_guard_that_refuses_hides_the_endpoint() {
    let server = serve(|| {
        let resource = web::resource("/greet").guard(guard::Header("x-user", "alice"));
        App::new().service(resource.route(websocket(greet)))
    });
    assert!(server.ask("/greet", "").head.starts_with("HTTP/1.1 404 "));
    assert!(
        server
            .ask("/greet", "X-User: alice\r\n")
            .head
            .starts_with("HTTP/1.1 101 ")
    );
}

#[test]
fn parameters_of_actix_routes_reach_the_handler_decoded() {
    let server = serve(|| {
        App::new().service(web::scope("/{room}").route(
            "/{name}",
            websocket(async |session: WebSocketSession| {
                let info = session.handshake_info();
                let found: Vec<_> = info
                    .path_parameters()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                Ok(session.send(found.join(" ")).await?)
            }),
        ))
    });
    let mut client = server.ask("/caf%C3%A9/a%2Fb%25?room=none", "");
    assert_eq!(client.text(), "room=café name=a/b%");
}

#[test]
fn a_page_and_its_websocket_share_a_path() {
    let server = serve(|| {
        let mapping = UrlHandlerMapping::new().with("/greet", greet).unwrap();
        App::new()
            .configure(configure(mapping).unwrap())
            .route("/greet", web::get().to(async || "the page"))
    });
    assert_eq!(server.ask("/greet", "").text(), "hello nobody");
    let page = server.send("GET /greet HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert!(page.head.starts_with("HTTP/1.1 200 "), "{}", page.head);
    assert!(server.ask("/other", "").head.starts_with("HTTP/1.1 404 "));
}

#[test]
fn what_the_server_cannot_honour_is_an_error_at_start_up() {
    let settings = WebSocketSettings::builder().with_read_buffer_size(4096);
    let endpoint = Endpoint::new(greet).with_settings(settings.build().unwrap());
    let error = configure(endpoint).err().unwrap();
    assert!(error.to_string().contains("read_buffer_size"), "{error}");
}

#[test]
fn a_refusal_is_answered_with_its_status() {
    let server = serve(|| App::new().route("/greet", websocket(greet)));
    let post = server.send(&request("POST", "/greet", ""));
    assert!(
        post.head.starts_with("HTTP/1.1 405 ") && post.head.contains("allow: GET"),
        "{}",
        post.head
    );
    // The server takes no `Upgrade` with several protocols on one line for WebSocket, and would read frames as requests.
    let several =
        request("GET", "/greet", "").replace("Upgrade: websocket", "Upgrade: h2c, websocket");
    assert!(server.send(&several).head.starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_session_whose_101_is_replaced_never_starts() {
    let (reports, started) = mpsc::channel();
    let handler = Reporting(reports);
    let server = serve(move || {
        App::new()
            .wrap(from_fn(async |request: ServiceRequest, next: Next<_>| {
                let response = next.call(request).await?;
                Ok::<_, Error>(response.into_response(HttpResponse::ImATeapot().finish()))
            }))
            .route("/report", websocket(handler.clone()))
    });
    assert!(server.ask("/report", "").head.starts_with("HTTP/1.1 418 "));
    drop(server);
    // The worker drops its sessions and its routes, and with them all that could report.
    assert_eq!(
        started.recv_timeout(DEADLINE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn sessions_end_with_the_server() {
    let (sender, reports) = mpsc::channel();
    let handler = Reporting(sender);
    let server = serve(move || App::new().route("/report", websocket(handler.clone())));
    let mut client = server.ask("/report", "");
    assert_eq!(reports.recv_timeout(DEADLINE).as_deref(), Ok("started"));
    drop(server);
    assert_eq!(
        reports.recv_timeout(DEADLINE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
    assert_eq!(client.stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_peer_that_stops_reading_is_cut_at_the_deadline() {
    let (outcomes, outcome) = mpsc::channel();
    let handler = move |session: WebSocketSession| {
        let outcomes = outcomes.clone();
        async move {
            session.send(vec![0_u8; 64 << 20]).await?;
            let closed = session.close(CloseCode::NORMAL);
            outcomes.send(closed.await)?;
            Ok(())
        }
    };
    let settings = WebSocketSettings::builder()
        .with_closing_deadline(Duration::from_millis(300))
        .build()
        .unwrap();
    let endpoint = Endpoint::new(handler).with_settings(settings);
    let server = serve(move || App::new().route("/flood", dispatch(endpoint.clone())));
    let mut client = server.ask("/flood", "");
    let outcome = outcome.recv_timeout(DEADLINE).unwrap();
    assert!(
        matches!(outcome, CloseOutcome::TimedOut | CloseOutcome::Abnormal(_)),
        "{outcome:?}"
    );
    // The connection is gone, although this client has read nothing: what it sends is refused, not left waiting.
    client.stream.set_write_timeout(Some(DEADLINE)).unwrap();
    let until = Instant::now() + DEADLINE;
    let refused = loop {
        assert!(
            Instant::now() < until,
            "what the client sends is still taken"
        );
        if let Err(error) = client.stream.write_all(&[0; 4096]) {
            break error.kind();
        }
    };
    let gone = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(gone.contains(&refused), "{refused:?}");
}

async fn greet(session: WebSocketSession) -> HandlerResult {
    let principal = session.handshake_info().principal();
    let user = principal.and_then(|user| user.downcast_ref::<String>());
    let greeting = format!("hello {}", user.map_or("nobody", String::as_str));
    Ok(session.send(greeting).await?)
}

/// Says when it starts, then waits for the end. The receiver ends when no handler and no session is left.
#[derive(Clone)]
struct Reporting(Sender<&'static str>);

#[async_trait]
impl WebSocketHandler for Reporting {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        self.0.send("started")?;
        session.closed().await;
        Ok(())
    }
}

struct User(String);

impl FromRequest for User {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = request
            .headers()
            .get("x-user")
            .and_then(|user| user.to_str().ok());
        std::future::ready(
            user.map(|user| Self(user.to_owned()))
                .ok_or_else(|| ErrorUnauthorized("who?")),
        )
    }
}

fn dispatcher() -> web::Data<WebSocketDispatcher> {
    web::Data::new(Endpoint::new(greet).into())
}

async fn with_extractors(
    user: User,
    dispatcher: web::Data<WebSocketDispatcher>,
    request: WebSocketRequest,
) -> HttpResponse {
    let room = header::HeaderName::from_static("x-room");
    let request = request
        .with_principal(Principal::new(user.0))
        .with_response_header(room, HeaderValue::from_static("lobby"));
    request.dispatch(&dispatcher).await
}

#[test]
fn a_handler_captures_what_the_extractors_found() {
    let settings = WebSocketSettings::builder().with_max_sessions(1).build();
    let endpoint = UpgradeEndpoint::new().with_settings(settings.unwrap());
    async fn page(
        room: web::Path<u32>,
        endpoint: web::Data<UpgradeEndpoint>,
        request: WebSocketRequest,
    ) -> HttpResponse {
        let handler = async move |mut session: WebSocketSession| {
            session.send(format!("room {}", *room + 1)).await?;
            while session.receive().await?.is_some() {}
            Ok(())
        };
        request.on_upgrade(&endpoint, handler).await
    }
    let server = serve(move || {
        App::new()
            .app_data(web::Data::new(endpoint.clone()))
            .route("/rooms/{room}", web::get().to(page))
    });
    let status = |path| server.ask(path, "").head[9..12].to_owned();
    let mut client = server.ask("/rooms/6", "");
    assert_eq!(client.text(), "room 7");
    assert_eq!(status("/rooms/6"), "503");
    assert_eq!(status("/rooms/six"), "404");
}

#[actix_web::test]
async fn a_page_shares_the_path_and_keeps_its_body() {
    async fn both(request: Option<WebSocketRequest>, body: web::Bytes) -> HttpResponse {
        assert!(request.is_none());
        HttpResponse::Ok().body(body)
    }
    async fn only(_request: WebSocketRequest) -> HttpResponse {
        unreachable!("no WebSocket is asked for")
    }
    let app = App::new()
        .route("/both", web::post().to(both))
        .route("/only", web::post().to(only));
    let app = init_service(app).await;
    let post = |path| TestRequest::post().uri(path).set_payload("a form");
    let answer = call_and_read_body(&app, post("/both").to_request()).await;
    assert_eq!(answer, "a form");
    let answer = call_service(&app, post("/only").to_request()).await;
    assert_eq!(answer.status(), 400);
}
