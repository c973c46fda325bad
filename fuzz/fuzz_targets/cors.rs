#![no_main]

use http::{HeaderName, HeaderValue, Method, Request};
use libfuzzer_sys::fuzz_target;
use switchwire_core::{
    CorsConfiguration, Endpoint, Error, HandshakeError, HandshakeRequest, RequestUpgradeStrategy, WebSocketSession, spi::SessionParameters};
use switchwire_driver::StreamTransport;
use switchwire_service::{Dispatch, UrlHandlerMapping, WebSocketDispatcher};

const NAMES: [&str; 5] = [
    "host", "origin", "access-control-request-method", "access-control-request-headers",
    "access-control-request-private-network",
];

/// A server that never gets as far as switching.
struct NoServer;

impl RequestUpgradeStrategy for NoServer {
    type Request = Request<()>;
    type Response = http::Response<()>;
    type Transport = StreamTransport<std::io::Cursor<Vec<u8>>>;
    type Upgrading = std::future::Pending<Result<Self::Transport, Error>>;

    fn handshake_request(&self, request: &Request<()>) -> HandshakeRequest {
        request.clone().into_parts().0.into()
    }

    fn upgrade(
        &self,
        _: Request<()>,
        _: http::Response<()>,
        _: &SessionParameters,
    ) -> Result<(http::Response<()>, Self::Upgrading), HandshakeError> {
        Err(HandshakeError::NotUpgradable)
    }
}

fuzz_target!(|input: ([Vec<&str>; 4], Option<bool>, Vec<(u8, &[u8])>)| {
    let ([origins, patterns, methods, headers], credentials, lines) = input;
    let mut builder = CorsConfiguration::builder()
        .with_allowed_origins(origins)
        .with_allowed_origin_patterns(patterns)
        .with_allowed_methods(methods)
        .with_allowed_headers(headers);
    if let Some(credentials) = credentials {
        builder = builder.with_credentials(credentials).with_private_network(credentials);
    }
    let Ok(cors) = builder.build() else { return };
    assert_eq!(cors.combine(&CorsConfiguration::default()).as_ref(), Ok(&cors));
    let endpoint = Endpoint::new(|_: WebSocketSession| async { Ok(()) });
    let mapping = UrlHandlerMapping::new().with_endpoint("/", endpoint).and_then(|mapping| mapping.with_cors("/", cors.clone()));
    let dispatcher = WebSocketDispatcher::from(mapping.expect("nothing contradicts"));
    let mut request = Request::new(());
    *request.method_mut() = Method::OPTIONS;
    for (name, line) in lines {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            request.headers_mut().append(HeaderName::from_static(NAMES[usize::from(name) % NAMES.len()]), value);
        }
    }
    if let Dispatch::Answered(answer) = futures_executor::block_on(dispatcher.dispatch(&NoServer, request)) {
        let headers = answer.headers();
        let any = headers.get("access-control-allow-origin").is_some_and(|origin| origin == "*");
        assert!(!(any && headers.contains_key("access-control-allow-credentials")));
        assert_eq!(headers.get_all("vary").iter().count(), 1);
    }
});
