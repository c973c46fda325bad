//! Log in over HTTP, open a WebSocket with the cookie, and the handler knows the user.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{App, HttpResponse, HttpServer, cookie::Key, dev::ServerHandle, rt, web};
use switchwire_backend_actix::{configure, on_connect};
use switchwire_core::WebSocketSession;
use switchwire_service::{HandshakeWebSocketService, UrlHandlerMapping, WebSocketDispatcher};

/// The login page of the application: puts a user and a secret into the session.
async fn log_in(session: Session) -> HttpResponse {
    session.insert("user", "alice").unwrap();
    session.insert("secret", 42).unwrap();
    HttpResponse::Ok().body("welcome")
}

/// A server whose handler says which attributes it sees.
fn serve(service: HandshakeWebSocketService) -> (SocketAddr, ServerHandle) {
    let mapping = UrlHandlerMapping::new().with("/me", |session: WebSocketSession| async move {
        let value = |name| session.attributes().get_named::<serde_json::Value>(name);
        let (user, secret) = (value("user"), value("secret"));
        Ok(session.send(format!("{user:?} {secret:?}")).await?)
    });
    let dispatcher = WebSocketDispatcher::from(mapping.unwrap()).with_service(service);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let key = Key::generate();
    let (started, handle) = mpsc::channel();
    thread::spawn(move || {
        let server = HttpServer::new(move || {
            let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone());
            App::new()
                .wrap(sessions.cookie_secure(false).build())
                .configure(configure(dispatcher.clone()).unwrap())
                .route("/login", web::get().to(log_in))
        });
        let server = server.on_connect(on_connect).workers(1).disable_signals();
        let server = server.listen(listener).unwrap().run();
        started.send(server.handle()).unwrap();
        rt::System::new().block_on(server)
    });
    (address, handle.recv().unwrap())
}

/// Sends a request and reads until `end` has come.
fn ask(address: SocketAddr, request: &str, end: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.windows(end.len()).any(|window| window == end) {
        let mut chunk = [0; 4096];
        let read = socket.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "the server left after {}", answer.escape_ascii());
        answer.extend(&chunk[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The session's cookie, from the answer to the login page.
fn cookie(address: SocketAddr) -> String {
    let answer = ask(
        address,
        "GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"welcome",
    );
    let lines = answer.lines().filter_map(|line| line.split_once(": "));
    let mut cookies = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let (_, value) = cookies.next().expect("the login page sets a cookie");
    value.split(';').next().unwrap().to_owned()
}

/// What the handler says to a client with this cookie: all before the Close with 1000.
fn seen(address: SocketAddr, cookie: &str) -> String {
    let request = format!(
        "GET /me HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nCookie: {cookie}\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    ask(address, &request, &[0x88, 0x02, 0x03, 0xe8])
}

#[test]
fn the_handler_sees_what_is_asked_for_and_nothing_else() {
    let service = HandshakeWebSocketService::new().with_session_attributes(|name| name == "user");
    let (address, server) = serve(service);
    let cookie = cookie(address);
    let answer = seen(address, &cookie);
    assert!(answer.contains("Some(String(\"alice\")) None"), "{answer}");
    let answer = seen(address, "id=forged");
    assert!(answer.contains("None None"), "{answer}");
    drop(server.stop(false));
}

#[test]
fn without_being_asked_nothing_is_taken_over() {
    let (address, server) = serve(HandshakeWebSocketService::new());
    let cookie = cookie(address);
    let answer = seen(address, &cookie);
    assert!(answer.contains("None None"), "{answer}");
    drop(server.stop(false));
}
