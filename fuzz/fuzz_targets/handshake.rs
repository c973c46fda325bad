#![no_main]

use futures_executor::block_on;
use http::{HeaderName, HeaderValue, Request, Uri};
use libfuzzer_sys::fuzz_target;
use switchwire_core::{Endpoint, HandshakeRequest, WebSocketService, WebSocketSession};
use switchwire_service::{HandshakeWebSocketService, OriginPolicy};

const NAMES: [&str; 11] = [
    "host", "origin", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol",
    "sec-websocket-extensions", "content-length", "transfer-encoding", "cookie",
];

/// Starts from a handshake that is right, so that every check is reached.
fn request(target: &str, lines: &[(u8, &[u8])]) -> Request<()> {
    let mut request = Request::new(());
    if let Ok(uri) = target.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    let right = [
        ("host", "chat.example"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    let name = |name: u8| HeaderName::from_static(NAMES[usize::from(name) % NAMES.len()]);
    for (right, value) in right {
        if !lines.iter().any(|(given, _)| name(*given) == right) {
            request.headers_mut().insert(right, HeaderValue::from_static(value));
        }
    }
    for (given, line) in lines {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            request.headers_mut().append(name(*given), value);
        }
    }
    request
}

fuzz_target!(|input: (&str, Vec<(u8, &[u8])>)| {
    let mut head = HandshakeRequest::from(request(input.0, &input.1).into_parts().0);
    let _ = (head.cookies().count(), head.query_parameters().count());
    let offered: Vec<_> = head.offered_subprotocols().map(str::to_owned).collect();
    let policy = OriginPolicy::allow_list(["https://*.example.com:[*]", "null"]).expect("patterns");
    let service = HandshakeWebSocketService::new().with_origin_policy(policy);
    let endpoint = Endpoint::new(|_: WebSocketSession| async { Ok(()) });
    match block_on(service.handshake(&mut head, &endpoint)) {
        Ok(accepted) => {
            assert_eq!(accepted.response.status(), 101);
            assert!(accepted.subprotocol.is_none_or(|name| offered.iter().any(|one| *one == name)));
        }
        Err(error) => assert!(error.into_response().status().is_client_error()),
    }
});
