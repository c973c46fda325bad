//! Endpoints that show who gets in and where to.

use std::{future::pending, time::Duration};

use async_trait::async_trait;
use http::{HeaderValue, Response, header};
use switchwire_conformance::contract::MOST;
use switchwire_core::{
    Bytes, CorsConfiguration, CorsConfigurationBuilder, Endpoint, HandlerResult, HandshakeError,
    HandshakeInfo, HandshakeInterceptor, HandshakeRequest, Principal, WebSocketHandler,
    WebSocketSession,
};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{
    asking::{answer, reply},
    journal::{Journal, Journals},
    limited,
};

/// Mappings that are asked before and after the default one.
pub(super) fn around() -> Result<[UrlHandlerMapping; 2], InvalidMapping> {
    let first = UrlHandlerMapping::new().with("/access/order/{*rest}", Named("first"))?;
    let last = UrlHandlerMapping::new().with("/access/fallen/{*rest}", Named("last"))?;
    Ok([first.with_order(-1), last.with_order(1)])
}

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let noting = |name| Noting::new(name, journals);
    let hasty = limited(answer, |settings| {
        settings.with_handshake_timeout(Duration::from_millis(100))
    });
    let mapping = mapping
        .with("/access/users/{id}", Named("user"))?
        .with("/access/users/me", Named("me"))?
        .with("/access/files/{*rest}", Named("files"))?
        .with("/access/order/plain", Named("default"))?
        .with("/access/fallen/here", Named("default"))?
        .with("/access/plain", answer)?
        .with("/access/listed", answer)?
        .with("/access/null", answer)?
        .with("/access/session", answer)?
        .with("/access/unasked", answer)?
        .with("/access/required", Versioned)?
        .with("/access/chosen", Chosen)?
        .with_endpoint(
            "/access/token",
            Endpoint::new(Versioned).with_interceptor(Token),
        )?
        .with_endpoint("/access/adds", Endpoint::new(answer).with_interceptor(Adds))?
        .with_endpoint(
            "/access/noted",
            Endpoint::new(answer)
                .with_interceptor(noting("first"))
                .with_interceptor(noting("second")),
        )?
        .with_endpoint(
            "/access/panics",
            Endpoint::new(answer).with_interceptor(Panics),
        )?
        .with_endpoint("/access/slow", hasty.with_interceptor(Never))?
        .with_endpoint(
            "/access/patient",
            Endpoint::new(answer).with_interceptor(Late),
        )?;
    add_cors(add_noted(mapping, journals)?)
}

/// Endpoints that refuse behind an interceptor that notes what it is told, and two whose interceptors fail then.
fn add_noted(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let noting = |name| Noting::new(name, journals);
    let hasty = || {
        limited(answer, |settings| {
            settings.with_handshake_timeout(Duration::from_millis(100))
        })
    };
    let few = limited(answer, |settings| settings.with_max_sessions(MOST));
    mapping
        .with_endpoint(
            "/access/noted-few",
            few.with_interceptor(noting("first"))
                .with_interceptor(noting("second")),
        )?
        .with_endpoint(
            "/access/noted-slow",
            hasty()
                .with_interceptor(noting("first"))
                .with_interceptor(Never),
        )?
        .with_endpoint(
            "/access/noted-panics",
            Endpoint::new(answer)
                .with_interceptor(noting("first"))
                .with_interceptor(Panics),
        )?
        .with_endpoint(
            "/access/panics-after",
            Endpoint::new(answer)
                .with_interceptor(noting("first"))
                .with_interceptor(FailsAfter { panics: true }),
        )?
        .with_endpoint(
            "/access/slow-after",
            hasty().with_interceptor(FailsAfter { panics: false }),
        )
}

fn add_cors(mapping: UrlHandlerMapping) -> Result<UrlHandlerMapping, InvalidMapping> {
    let cors = CorsConfiguration::builder;
    let built = |builder: CorsConfigurationBuilder| builder.build().expect("nothing contradicts");
    let app = || cors().with_allowed_origins(["https://app.example"]);
    let full = app()
        .with_allowed_origin_patterns(["https://*.apps.example"])
        .with_allowed_methods(["GET", "PUT"])
        .with_allowed_headers(["x-one", "x-two"])
        .with_exposed_headers(["x-three"])
        .with_max_age(Duration::from_secs(600))
        .with_credentials(true);
    let own = cors()
        .with_allowed_origins(["https://own.example"])
        .with_max_age(Duration::from_secs(5));
    let combined = app()
        .with_max_age(Duration::from_secs(600))
        .with_credentials(true);
    mapping
        .with("/access/cors", answer)?
        .with_cors("/access/cors", built(full))?
        .with("/access/combined", WithCors(built(own)))?
        .with_cors("/access/combined", built(combined))?
        .with("/access/public", answer)?
        .with_cors("/access/public", built(cors().with_allowed_origins(["*"])))?
        .with("/access/private", answer)?
        .with_cors("/access/private", built(app().with_private_network(true)))
}

/// Answers questions, and tells its name.
struct Named(&'static str);

#[async_trait]
impl WebSocketHandler for Named {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        while let Some(message) = session.receive().await? {
            let reply = match message.as_text().unwrap_or_default() {
                "name" => self.0.to_owned(),
                question => reply(&session, question),
            };
            session.send(reply).await?;
        }
        Ok(())
    }
}

/// Answers questions, and has a CORS configuration of its own.
struct WithCors(CorsConfiguration);

#[async_trait]
impl WebSocketHandler for WithCors {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        answer(session).await
    }

    fn cors_configuration(&self) -> Option<&CorsConfiguration> {
        Some(&self.0)
    }
}

/// Needs one of two subprotocols.
struct Versioned;

#[async_trait]
impl WebSocketHandler for Versioned {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        answer(session).await
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["chat.v1", "chat.v2"]
    }

    fn requires_subprotocol(&self) -> bool {
        true
    }
}

/// Chooses the subprotocol that the query names, offered or not.
struct Chosen;

#[async_trait]
impl WebSocketHandler for Chosen {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        answer(session).await
    }

    fn select_subprotocol<'a>(
        &self,
        offered: &[&'a str],
        request: &HandshakeRequest,
    ) -> Option<&'a str> {
        match request.query_parameter("choose").as_deref() {
            Some("foreign") => Some("not-offered"),
            wanted => offered.iter().copied().find(|name| Some(*name) == wanted),
        }
    }
}

/// Notes when it runs, and refuses requests that name it.
pub(super) struct Noting {
    name: &'static str,
    journals: Journals,
}

impl Noting {
    pub(super) fn new(name: &'static str, journals: &Journals) -> Self {
        let journals = journals.clone();
        Self { name, journals }
    }

    fn journal(&self, request: &HandshakeRequest) -> Journal {
        self.journals
            .named(request.query_parameter("key").as_deref())
    }
}

#[async_trait]
impl HandshakeInterceptor for Noting {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let name = self.name;
        self.journal(request).write(format!("before {name}"));
        if request
            .headers()
            .get("x-refuse")
            .is_none_or(|refuse| refuse != name)
        {
            return Ok(());
        }
        let refusal = Response::builder()
            .status(401)
            .header(header::WWW_AUTHENTICATE, "Bearer");
        let refusal = refusal.body(Bytes::from_static(b"who are you?\n"));
        Err(refusal.expect("a valid response").into())
    }

    async fn after_handshake(
        &self,
        info: &HandshakeInfo,
        outcome: Result<&Response<()>, &HandshakeError>,
    ) {
        let status = outcome.map_or_else(HandshakeError::status, Response::status);
        let entry = format!("after {}: {}", self.name, status.as_u16());
        let key = info.query_parameter("key");
        self.journals.named(key.as_deref()).write(entry);
    }
}

/// Finds the user by a token that is offered as a subprotocol.
struct Token;

#[async_trait]
impl HandshakeInterceptor for Token {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        let token = request
            .offered_subprotocols()
            .find_map(|name| name.strip_prefix("bearer."));
        let user = token.map(str::to_owned).ok_or_else(|| {
            HandshakeError::rejected(http::StatusCode::UNAUTHORIZED, "who are you?\n")
        })?;
        request.set_principal(Principal::new(user));
        Ok(())
    }
}

/// Adds all that can be added.
struct Adds;

#[async_trait]
impl HandshakeInterceptor for Adds {
    async fn before_handshake(&self, request: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        request.set_principal(Principal::new("alice".to_owned()));
        request
            .attributes()
            .insert_named("colour", "blue".to_owned());
        let headers = request.response_headers_mut();
        headers.append(header::SET_COOKIE, HeaderValue::from_static("seen=yes"));
        headers.append("x-interceptor", HeaderValue::from_static("adds"));
        Ok(())
    }
}

struct Panics;

#[async_trait]
impl HandshakeInterceptor for Panics {
    async fn before_handshake(&self, _: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        super::panic_on_purpose("the interceptor of the kit panics")
    }
}

struct Never;

#[async_trait]
impl HandshakeInterceptor for Never {
    async fn before_handshake(&self, _: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        pending().await
    }
}

/// Panics, or never ends, when it is told the outcome.
struct FailsAfter {
    panics: bool,
}

#[async_trait]
impl HandshakeInterceptor for FailsAfter {
    async fn after_handshake(&self, _: &HandshakeInfo, _: Result<&Response<()>, &HandshakeError>) {
        if self.panics {
            super::panic_on_purpose("the interceptor of the kit panics afterwards");
        }
        pending::<()>().await;
    }
}

/// Takes longer than some endpoints allow.
struct Late;

#[async_trait]
impl HandshakeInterceptor for Late {
    async fn before_handshake(&self, _: &mut HandshakeRequest) -> Result<(), HandshakeError> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(())
    }
}
