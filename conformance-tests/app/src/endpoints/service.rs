//! The application's part in handshakes.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderValue;
use switchwire_conformance::contract::RESPONSE_HEADERS;
use switchwire_core::{
    Attributes, Endpoint, HandlerError, HandshakeError, HandshakeRequest, HttpSession,
    WebSocketService, spi::Acceptance,
};
use switchwire_service::{HandshakeWebSocketService, OriginPolicy};

use super::{
    access::Noting,
    journal::{Journal, Journals},
};

/// The default service, and others for the paths whose cases need settings of it.
pub(super) struct AppService {
    default: HandshakeWebSocketService,
    listing: HandshakeWebSocketService,
    listing_null: HandshakeWebSocketService,
    asking: HandshakeWebSocketService,
    noting: HandshakeWebSocketService,
    journals: Journals,
}

impl AppService {
    pub(super) fn new(journals: &Journals) -> Self {
        let service = HandshakeWebSocketService::new;
        let listed = OriginPolicy::allow_list([
            "https://good.example",
            "https://*.wild.example",
            "https://*.port.example:[8080,8081]",
            "http://any.example:[*]",
        ]);
        let null = OriginPolicy::allow_list(["null"]);
        Self {
            default: service(),
            listing: service().with_origin_policy(listed.expect("patterns")),
            listing_null: service().with_origin_policy(null.expect("a pattern")),
            asking: service().with_session_attributes(|name| name == "user"),
            noting: service().with_interceptor(Noting::new("service", journals)),
            journals: journals.clone(),
        }
    }

    /// The HTTP session of the paths that have one.
    fn http_session(&self, request: &HandshakeRequest) -> Option<Arc<dyn HttpSession>> {
        let has_one = matches!(request.uri().path(), "/access/session" | "/access/unasked");
        let key = request.query_parameter("key");
        has_one.then(|| {
            Arc::new(Login {
                journal: self.journals.named(key.as_deref()),
                is_broken: request.headers().contains_key("x-broken"),
            }) as Arc<dyn HttpSession>
        })
    }
}

#[async_trait]
impl WebSocketService for AppService {
    async fn handshake(
        &self,
        request: &mut HandshakeRequest,
        endpoint: &Endpoint,
    ) -> Result<Acceptance, HandshakeError> {
        if request.uri().path() == "/response-headers" {
            let headers = request.response_headers_mut();
            for (name, value) in RESPONSE_HEADERS {
                headers.append(*name, HeaderValue::from_static(value));
            }
        }
        let session = self.http_session(request);
        request.set_http_session(session);
        let service = match request.uri().path() {
            "/access/listed" => &self.listing,
            "/access/null" => &self.listing_null,
            "/access/session" => &self.asking,
            "/access/noted" => &self.noting,
            _ => &self.default,
        };
        service.handshake(request, endpoint).await
    }
}

/// An HTTP session of a user who has a secret. It notes when it is loaded.
struct Login {
    journal: Journal,
    is_broken: bool,
}

#[async_trait]
impl HttpSession for Login {
    async fn copy_attributes(
        &self,
        wanted: &(dyn for<'n> Fn(&'n str) -> bool + Send + Sync),
        attributes: &Attributes,
    ) -> Result<(), HandlerError> {
        self.journal.write("loaded");
        if self.is_broken {
            return Err(std::io::Error::other("the store is gone").into());
        }
        for (name, value) in [("user", "alice"), ("secret", "s3cret")] {
            if wanted(name) {
                attributes.insert_named(name, value.to_owned());
            }
        }
        Ok(())
    }
}
