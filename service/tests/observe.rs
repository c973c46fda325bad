//! What logs and metrics are told, and that a peer can forge none of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::{Ready, ready},
    io,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use switchwire_core::{
    Error, HandlerResult, HandshakeError, HandshakeRequest, RequestUpgradeStrategy,
    WebSocketHandler, WebSocketSession, spi::SessionParameters,
};
use switchwire_driver::StreamTransport;
use switchwire_service::{Dispatch, UrlHandlerMapping, WebSocketDispatcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};

/// Switches to a pipe, whose end is among the request's extensions.
struct Pipe;

type Io = Arc<Mutex<Option<DuplexStream>>>;

impl RequestUpgradeStrategy for Pipe {
    type Request = Request<Io>;
    type Response = ();
    type Transport = StreamTransport<DuplexStream>;
    type Upgrading = Ready<Result<Self::Transport, Error>>;

    fn server(&self) -> &'static str {
        "pipe"
    }

    fn handshake_request(&self, request: &Request<Io>) -> HandshakeRequest {
        let (head, _) = request.clone().into_parts();
        HandshakeRequest::from(head).with_remote_address("192.0.2.1:4711".parse().ok())
    }

    fn upgrade(
        &self,
        request: Request<Io>,
        _response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<((), Self::Upgrading), HandshakeError> {
        let io = request.body().lock().unwrap().take().unwrap();
        let transport = StreamTransport::new(io, bytes::Bytes::new(), parameters);
        Ok(((), ready(Ok(transport))))
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Everything this thread logs from now on, as lines.
    fn capture(level: LevelFilter) -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_max_level(level)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// A handshake, and what the peer sends after it; runs the session to its end.
async fn visit(
    handler: impl WebSocketHandler + 'static,
    path: &str,
    headers: &[(&str, &[u8])],
    bytes: &[u8],
) {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let mut request = Request::get(path)
        .header("host", "chat.example")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Arc::new(Mutex::new(Some(ours)))).unwrap();
    let mapping = UrlHandlerMapping::new()
        .with("/rooms/{room}", handler)
        .unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    if let Dispatch::Accepted((), session) = dispatcher.dispatch(&Pipe, request).await {
        theirs.write_all(bytes).await.unwrap();
        let peer = async {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).await.unwrap();
            drop(theirs);
        };
        tokio::join!(session, peer);
    }
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// A masked frame whose key is zero.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let head = [first, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    [&head, payload].concat()
}

#[tokio::test]
async fn a_refusal_tells_who_asked_for_which_path() {
    let (log, _guard) = Log::capture(LevelFilter::DEBUG);
    visit(echo, "/nothing?token=secret", &[], &[]).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "a handshake was refused",
        "code=\"not_found\"",
        "path=/nothing ",
        "remote=192.0.2.1:4711",
        "server=\"pipe\"",
    ] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
    assert!(!lines[0].contains("secret"), "{lines:?}");
}

#[tokio::test]
async fn a_session_is_told_in_two_lines() {
    let (log, _guard) = Log::capture(LevelFilter::DEBUG);
    let bytes = [
        frame(0x81, b"hello"),
        frame(0x81, b"again"),
        frame(0x88, &[0x03, 0xe9]),
    ]
    .concat();
    visit(echo, "/rooms/a?token=secret", &[], &bytes).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for part in [
        "session{id=",
        "path=/rooms/a",
        "remote=192.0.2.1:4711",
        "server=\"pipe\"",
    ] {
        assert!(
            lines.iter().all(|line| line.contains(part)),
            "{part}: {lines:#?}"
        );
    }
    assert!(lines[0].contains("open"), "{lines:#?}");
    for part in [
        "closed",
        "by=\"peer\"",
        "code=1001",
        "duration=",
        "received=2",
        "received_bytes=",
        "sent=2",
        "sent_bytes=10",
        "dropped=0",
    ] {
        assert!(lines[1].contains(part), "{part}: {}", lines[1]);
    }
    assert!(!lines.concat().contains("secret"), "{lines:#?}");
}

#[tokio::test]
async fn a_violation_is_a_warning_without_the_payload() {
    let (log, _guard) = Log::capture(LevelFilter::INFO);
    visit(echo, "/rooms/a", &[], &frame(0x81, b"s3cret\xff\n")).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in [
        "WARN",
        "violation",
        "not utf-8",
        "rule=a text is not utf-8",
        "path=/rooms/a",
    ] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(!lines[0].contains("s3cret"), "{}", lines[0]);
}

#[tokio::test]
async fn a_panic_is_told_once_and_without_its_message() {
    let (log, _guard) = Log::capture(LevelFilter::INFO);
    let handler = |_session: WebSocketSession| async {
        tokio::task::yield_now().await;
        panic!("s3cret")
    };
    visit(handler, "/rooms/a", &[], &frame(0x88, &[])).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("the handler panicked"), "{}", lines[0]);
    assert!(!lines[0].contains("s3cret"), "{}", lines[0]);
}

#[tokio::test]
async fn nothing_that_a_peer_sends_forges_a_line() {
    let (log, _guard) = Log::capture(LevelFilter::TRACE);
    let hostile: &[(&str, &[u8])] = &[
        ("cookie", b"session=s3cret"),
        ("authorization", b"Bearer s3cret"),
        ("sec-websocket-protocol", b"a\t\xc2\x85s3cret"),
        ("origin", b"https://s3cret\xc2\x9b31m.example"),
        ("x-forwarded-for", b"s3cret\xff"),
    ];
    for (name, value) in hostile {
        visit(
            echo,
            "/rooms/%0d%0aERROR%1b[31m",
            &[(name, value)],
            &frame(0x88, &[]),
        )
        .await;
    }
    let reason = b"\x03\xe8bye\r\nERROR forged \x1b[31m s3cret";
    visit(echo, "/rooms/\u{85}\u{9b}", &[], &frame(0x88, reason)).await;
    let failing = |mut session: WebSocketSession| async move {
        let message = session.receive().await?.unwrap();
        Err(io::Error::other(message.as_text().unwrap().to_owned()).into())
    };
    let text = frame(0x81, b"line\r\nERROR forged \x1b[31m");
    visit(failing, "/rooms/a", &[], &[text, frame(0x88, &[])].concat()).await;
    let lines = log.lines();
    assert!(lines.len() > hostile.len(), "{lines:#?}");
    for line in &lines {
        assert!(!line.contains("s3cret"), "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(!line.starts_with("ERROR"), "{line}");
    }
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn numbers_have_few_labels() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let numbers = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    for n in 0..50 {
        let code = 4000 + n as u16;
        let bytes = [frame(0x81, b"hello"), frame(0x88, &code.to_be_bytes())].concat();
        visit(echo, &format!("/rooms/{n}"), &[], &bytes).await;
        visit(echo, &format!("/elsewhere/{n}"), &[], &[]).await;
    }
    let text = numbers.render();
    let at = "{server=\"pipe\",endpoint=\"/rooms/{room}\"";
    for line in [
        format!("switchwire_sessions_open{at}}} 0"),
        format!("switchwire_outbound_buffered_bytes{at}}} 0"),
        format!("switchwire_messages_total{at},direction=\"received\"}} 50"),
        format!("switchwire_messages_total{at},direction=\"sent\"}} 50"),
        format!("switchwire_bytes_total{at},direction=\"sent\"}} 250"),
        format!("switchwire_sessions_closed_total{at},by=\"peer\",code=\"4xxx\"}} 50"),
        format!("switchwire_handshakes_total{at},outcome=\"accepted\"}} 50"),
        "switchwire_handshakes_total{server=\"pipe\",endpoint=\"none\",outcome=\"not_found\"} 50"
            .to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}
