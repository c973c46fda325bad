//! Who is who: a name is taken once, and a cookie says whose it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use http::{Response, StatusCode, header};
use switchwire::{
    Bytes, HandshakeError, HandshakeInterceptor, HandshakeRequest, Principal, async_trait,
};
use switchwire_examples::{pages::text, random_token};

/// The most people who may be known at a time.
const MAX_PEOPLE: usize = 10_000;

/// The principal of a session.
#[derive(Clone)]
pub(crate) struct Person(pub(crate) String);

/// Names by token.
#[derive(Clone, Default)]
pub(crate) struct People(Arc<Mutex<HashMap<String, Person>>>);

impl People {
    /// Takes a name, and answers with the token that proves it, as a cookie that no script can read.
    pub(crate) fn log_in(&self, name: &[u8]) -> Response<Bytes> {
        let name = String::from_utf8_lossy(name).trim().to_owned();
        if name.is_empty() || name.chars().count() > 32 {
            return text(StatusCode::BAD_REQUEST, "a name has 1 to 32 letters\n");
        }
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.values().any(|Person(taken)| *taken == name) {
            return text(StatusCode::CONFLICT, "somebody has this name already\n");
        }
        let (true, Ok(token)) = (people.len() < MAX_PEOPLE, random_token()) else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "try again later\n");
        };
        people.insert(token.clone(), Person(name));
        let cookie = format!("chat={token}; Path=/; HttpOnly; SameSite=Strict");
        let mut response = text(StatusCode::OK, token);
        let value = cookie.parse().expect("a token is ASCII");
        response.headers_mut().insert(header::SET_COOKIE, value);
        response
    }

    /// Whose cookie a request has; a program may send the token in `Authorization` instead.
    pub(crate) fn find(&self, request: &HandshakeRequest) -> Option<Person> {
        let bearer = || {
            let value = request.headers().get(header::AUTHORIZATION)?;
            value.to_str().ok()?.strip_prefix("Bearer ")
        };
        let token = request.cookie("chat").or_else(bearer)?;
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.get(token).cloned()
    }
}

#[async_trait]
impl HandshakeInterceptor for People {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let Some(person) = self.find(request) else {
            return Err(HandshakeError::rejected(
                StatusCode::UNAUTHORIZED,
                "log in first\n",
            ));
        };
        request.set_principal(Principal::new(person));
        Ok(())
    }
}
