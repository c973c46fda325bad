//! Log in on a page, and the WebSocket knows the user by the cookie. Without it, or with a wrong token, there is none.
//!
//! A program sends its token in `Authorization: Bearer`; a page that keeps its token itself can set no header but the
//! subprotocol, so it offers `bearer.TOKEN` beside the one it speaks.

use std::{
    collections::HashMap,
    error::Error,
    future::ready,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use switchwire::{
    Endpoint, HandlerResult, HandshakeError, HandshakeInterceptor, HandshakeRequest, Principal,
    UrlHandlerMapping, WebSocketHandler, WebSocketSession, async_trait,
};
use switchwire_examples::{
    Options, Pages, Site,
    pages::{html, text},
    random_token,
};

const PAGE: &str = include_str!("../../assets/auth.html");

/// Who may log in, and with which password. Keep hashes instead.
const USERS: &[(&str, &str)] = &[("alice", "wonderland"), ("bob", "builder")];

/// Who is logged in, by token.
#[derive(Clone, Default)]
struct LoggedIn(Arc<RwLock<HashMap<String, User>>>);

#[derive(Clone)]
struct User(&'static str);

impl LoggedIn {
    /// A new token for a user.
    fn add(&self, user: User) -> Result<String, getrandom::Error> {
        let token = random_token()?;
        let mut users = self.0.write().unwrap_or_else(PoisonError::into_inner);
        users.insert(token.clone(), user);
        Ok(token)
    }

    /// Whom the request's token belongs to: the one offered as a subprotocol, or in `Authorization`, or in the cookie.
    fn find(&self, request: &HandshakeRequest) -> Option<User> {
        let offered = request
            .offered_subprotocols()
            .find_map(|name| name.strip_prefix("bearer."));
        let token = offered
            .or(bearer(request.headers()))
            .or(request.cookie("token"))?;
        let users = self.0.read().unwrap_or_else(PoisonError::into_inner);
        users.get(token).cloned()
    }
}

#[async_trait]
impl HandshakeInterceptor for LoggedIn {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let Some(user) = self.find(request) else {
            return Err(HandshakeError::rejected(
                StatusCode::UNAUTHORIZED,
                "log in first\n",
            ));
        };
        request.set_principal(Principal::new(user));
        Ok(())
    }
}

struct Notes;

#[async_trait]
impl WebSocketHandler for Notes {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        let principal = session.handshake_info().principal().cloned();
        let user = principal.as_ref().and_then(Principal::downcast_ref::<User>);
        let User(name) = user.expect("the interceptor lets nobody else in");
        session.send(format!("Hello {name}.")).await?;
        while let Some(message) = session.receive().await? {
            if let Some(text) = message.as_text() {
                session.send(format!("{name} wrote: {text}")).await?;
            }
        }
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["notes.v1"]
    }
}

/// The page, and what its form and its script ask for.
fn answer(users: &LoggedIn, request: &Request<Bytes>) -> Response<Bytes> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => html(PAGE),
        (&Method::POST, "/login") => log_in(users, request.body()),
        (&Method::GET, "/me") => match users.find(&request.clone().into_parts().0.into()) {
            Some(User(name)) => text(StatusCode::OK, name),
            None => text(StatusCode::UNAUTHORIZED, "log in first\n"),
        },
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    }
}

/// Reads `NAME:PASSWORD`, answers with the token, and sets it as a cookie that no script can read.
fn log_in(users: &LoggedIn, body: &[u8]) -> Response<Bytes> {
    let refused = || text(StatusCode::UNAUTHORIZED, "wrong name or password\n");
    let given = std::str::from_utf8(body)
        .ok()
        .and_then(|body| body.split_once(':'));
    let Some(&(name, _)) = USERS.iter().find(|user| Some(**user) == given) else {
        return refused();
    };
    let Ok(token) = users.add(User(name)) else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "try again\n");
    };
    let cookie = format!("token={token}; Path=/; HttpOnly; SameSite=Strict");
    let mut response = text(StatusCode::OK, token);
    let value = cookie.parse().expect("a token is ASCII");
    response.headers_mut().insert(header::SET_COOKIE, value);
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(
        "Notes of a user who logged in on a page, with a token, or by a subprotocol",
        "127.0.0.1:9001",
        "/notes",
    );
    let users = LoggedIn::default();
    let endpoint = Endpoint::new(Notes).with_interceptor(users.clone());
    let mapping = UrlHandlerMapping::new().with_endpoint("/notes", endpoint)?;
    let pages = Pages::new(move |request| ready(answer(&users, &request)));
    Site::new(mapping, pages).serve(&options)
}
