//! A session over an in-memory pipe, with a peer that writes frames by hand.

#[path = "../../../protocol/tests/frames/mod.rs"]
mod frames;

use std::{sync::Arc, time::Duration};

use switchwire_core::{
    CloseOutcome, HandshakeRequest, SessionId, WebSocketHandler, WebSocketSettings,
    spi::{SessionControl, SessionParameters, SessionPort},
};
use switchwire_driver::{SessionDriver, StreamTransport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
    time::timeout,
};

pub(crate) use self::frames::frame;

pub(crate) struct Peer {
    pub(crate) io: DuplexStream,
    pub(crate) session: JoinHandle<CloseOutcome>,
}

/// Runs `handler` on a pipe that holds `pipe` bytes each way.
pub(crate) fn start(
    handler: impl WebSocketHandler + 'static,
    settings: WebSocketSettings,
    pipe: usize,
) -> Peer {
    start_with_control(handler, settings, pipe).0
}

/// The same, and who may end the session from outside.
pub(crate) fn start_with_control(
    handler: impl WebSocketHandler + 'static,
    settings: WebSocketSettings,
    pipe: usize,
) -> (Peer, SessionControl) {
    let (ours, theirs) = tokio::io::duplex(pipe);
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let settings = Arc::new(settings);
    let parameters = SessionParameters::server(settings.clone());
    let transport = StreamTransport::new(ours, bytes::Bytes::new(), &parameters);
    let (session, port) = SessionPort::open(SessionId::from_bytes([7; 16]), info, settings);
    let control = port.control();
    let driver = SessionDriver::new(transport, Arc::new(handler), session, port);
    let peer = Peer {
        io: theirs,
        session: tokio::spawn(driver),
    };
    (peer, control)
}

pub(crate) fn close(code: u16) -> Vec<u8> {
    frame(0x88, &code.to_be_bytes())
}

impl Peer {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
    }

    /// The next bytes, as many as these.
    pub(crate) async fn read(&mut self, len: usize) -> Vec<u8> {
        let mut found = vec![0; len];
        timeout(Duration::from_secs(60), self.io.read_exact(&mut found))
            .await
            .expect("nothing came")
            .expect("the connection ended");
        found
    }

    /// The next bytes, which must be these.
    pub(crate) async fn expect(&mut self, expected: &[u8]) {
        assert_eq!(self.read(expected.len()).await, expected);
    }

    /// Everything until the server closes its half.
    pub(crate) async fn expect_end(&mut self, expected: &[u8]) {
        let mut found = Vec::new();
        timeout(Duration::from_secs(60), self.io.read_to_end(&mut found))
            .await
            .expect("the connection was not closed")
            .unwrap();
        assert_eq!(found, expected);
    }

    pub(crate) async fn outcome(self) -> CloseOutcome {
        drop(self.io);
        self.session.await.unwrap()
    }
}
