//! The clients under test, and servers to try them on.

use std::{future::Future, net::SocketAddr, time::Duration};

use switchwire_backend_hyper::HyperServer;
use switchwire_client::{ClientOptions, HyperClient, TokioClient};
use switchwire_core::{
    ClientRequest, HandshakeInfo, WebSocketClient, WebSocketHandler, WebSocketSettings,
};
use switchwire_service::UrlHandlerMapping;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Every engine, connecting in this way.
pub(crate) fn clients(options: ClientOptions) -> [Box<dyn WebSocketClient>; 2] {
    [
        Box::new(TokioClient::new(options.clone())),
        Box::new(HyperClient::new(options)),
    ]
}

/// Every engine with its defaults.
pub(crate) fn default_clients() -> [Box<dyn WebSocketClient>; 2] {
    clients(ClientOptions::new())
}

/// Fails instead of waiting for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = timeout(Duration::from_secs(60), future).await;
    waited.expect("this takes too long")
}

/// A server of ours with one handler for every path; it ends with the test.
pub(crate) async fn serve(handler: impl WebSocketHandler + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mapping = UrlHandlerMapping::new().with_fallback(switchwire_core::Endpoint::new(handler));
    tokio::spawn(HyperServer::new(mapping).serve(listener));
    address
}

/// A server that does by hand what `talk` says with its first connection.
pub(crate) async fn by_hand<F>(
    talk: impl FnOnce(Talk) -> F + Send + 'static,
) -> (ClientRequest, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/path?query", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        talk(Talk { socket }).await
    });
    (ClientRequest::new(&url).unwrap(), served)
}

/// A connection, seen from the server's end.
pub(crate) struct Talk {
    pub(crate) socket: TcpStream,
}

impl Talk {
    /// The head of the client's request, up to the empty line and no further.
    pub(crate) async fn request(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.socket.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // A client that has seen enough may be gone.
        let _ = self.socket.write_all(bytes.as_ref()).await;
    }

    /// Reads the request and answers it with 101, with `more` lines in the head.
    pub(crate) async fn switch(&mut self, more: &str) {
        let accept = accept(&self.request().await);
        let head = format!(
            "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
        );
        self.write(head).await;
    }

    /// A small frame of the client, unmasked: its first byte and its payload.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let first = self.socket.read_u8().await.unwrap();
        let length = self.socket.read_u8().await.unwrap();
        assert!((0x80..0x80 + 126).contains(&length), "masked and small");
        let mut key = [0; 4];
        self.socket.read_exact(&mut key).await.unwrap();
        let mut payload = vec![0; usize::from(length & 0x7f)];
        self.socket.read_exact(&mut payload).await.unwrap();
        for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        (first, payload)
    }

    /// Whether the client closes its half without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        matches!(self.socket.read(&mut [0; 1]).await, Ok(0) | Err(_))
    }
}

/// The accept value for the key in this request.
pub(crate) fn accept(request: &str) -> String {
    let key = header(request, "sec-websocket-key").expect("a key");
    tungstenite::handshake::derive_accept_key(key.as_bytes())
}

/// The value of a header in this head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
}

/// Settings with short times.
pub(crate) fn hasty() -> WebSocketSettings {
    let time = Duration::from_millis(200);
    WebSocketSettings::builder()
        .with_handshake_timeout(time)
        .with_closing_deadline(time)
        .build()
        .unwrap()
}

/// What a handler saw of its handshake, in a line.
pub(crate) fn describe(info: &HandshakeInfo) -> String {
    let header = |name: &str| {
        info.headers()
            .get(name)
            .and_then(|it| it.to_str().ok())
            .unwrap_or("-")
            .to_owned()
    };
    format!(
        "{} {} {} {}",
        info.uri(),
        info.subprotocol().unwrap_or("-"),
        header("x-test"),
        info.cookie("a").unwrap_or("-")
    )
}
