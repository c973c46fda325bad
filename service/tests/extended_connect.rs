//! A session over a stream that an extended CONNECT opened is a session like any other.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::{Ready, ready},
    sync::{Arc, Mutex},
};

use http::{Request, Response, Version};
use switchwire_core::{
    Error, HandshakeError, HandshakeRequest, RequestUpgradeStrategy, WebSocketSession,
    spi::{Role, SessionParameters},
};
use switchwire_driver::StreamTransport;
use switchwire_service::{Dispatch, UrlHandlerMapping, WebSocketDispatcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// A server that speaks HTTP/2: `:protocol` is among a request's extensions, and its body is a stream of both directions.
struct Streams;

type Stream = Arc<Mutex<Option<DuplexStream>>>;

#[derive(Clone)]
struct Protocol(&'static str);

impl RequestUpgradeStrategy for Streams {
    type Request = Request<Stream>;
    type Response = Response<()>;
    type Transport = StreamTransport<DuplexStream>;
    type Upgrading = Ready<Result<Self::Transport, Error>>;

    fn handshake_request(&self, request: &Request<Stream>) -> HandshakeRequest {
        let protocol = request.extensions().get::<Protocol>();
        let protocol = protocol.map(|protocol| protocol.0.to_owned());
        let (head, _) = request.clone().into_parts();
        HandshakeRequest::from(head).with_protocol(protocol)
    }

    fn upgrade(
        &self,
        request: Request<Stream>,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        assert_eq!(parameters.role(), Role::Server);
        let stream = request.body().lock().unwrap().take().unwrap();
        let transport = StreamTransport::new(stream, bytes::Bytes::new(), parameters);
        Ok((response, ready(Ok(transport))))
    }
}

fn dispatcher() -> WebSocketDispatcher {
    let echo = |mut session: WebSocketSession| async move {
        let host = session.handshake_info().uri().host().map(str::to_owned);
        session.send(host.unwrap()).await?;
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    };
    let mapping = UrlHandlerMapping::new().with("/echo", echo).unwrap();
    WebSocketDispatcher::from(mapping)
}

fn connect(target: &str, protocol: Option<&'static str>) -> (DuplexStream, Request<Stream>) {
    let (ours, theirs) = duplex(1024);
    let mut request = Request::builder()
        .method("CONNECT")
        .version(Version::HTTP_2)
        .uri(target)
        .header("sec-websocket-version", "13")
        .body(Arc::new(Mutex::new(Some(ours))))
        .unwrap();
    if let Some(protocol) = protocol {
        request.extensions_mut().insert(Protocol(protocol));
    }
    (theirs, request)
}

#[tokio::test]
async fn a_stream_carries_a_session() {
    let (mut peer, request) = connect("https://chat.example/echo", Some("WebSocket"));
    let dispatched = dispatcher().dispatch(&Streams, request).await;
    let Dispatch::Accepted(response, session) = dispatched else {
        panic!("it is refused");
    };
    assert_eq!(response.status(), 200);
    let running = tokio::spawn(session);
    let mut read = [0; 14];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"\x81\x0cchat.example");
    // A text and a Close, both masked with zeros.
    let frames = b"\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8";
    peer.write_all(frames).await.unwrap();
    let mut answers = Vec::new();
    peer.read_to_end(&mut answers).await.unwrap();
    assert_eq!(
        answers, b"\x81\x02hi\x88\x02\x03\xe8",
        "then the end of the stream"
    );
    drop(peer);
    assert!(running.await.unwrap().is_clean());
}

#[tokio::test]
async fn what_no_endpoint_is_meant_by_is_not_found_and_other_protocols_are_the_applications() {
    let refused = async |target: &str, protocol| {
        let (_peer, request) = connect(target, protocol);
        match dispatcher().dispatch(&Streams, request).await {
            Dispatch::Refused(error) => Some(error.code()),
            _ => None,
        }
    };
    let websocket = Some("websocket");
    assert_eq!(
        refused("https://chat.example/other", websocket).await,
        Some("not_found")
    );
    assert_eq!(refused("chat.example:80", websocket).await, Some("target"));
    for protocol in [None, Some("connect-udp")] {
        let (_peer, request) = connect("https://chat.example/echo", protocol);
        let dispatched = dispatcher().dispatch(&Streams, request).await;
        assert!(
            matches!(dispatched, Dispatch::NotWebSocket(_)),
            "{protocol:?}"
        );
    }
}
