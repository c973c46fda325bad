//! Servers of these tests, and their clients.
#![allow(dead_code, reason = "each test has its own part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
    rt,
};
use switchwire_backend_actix::on_connect;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn request(method: &str, path: &str, headers: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

/// A server on a thread of its own, which stops without waiting for its connections when this is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
}

/// Serves the app that `app` makes.
pub(crate) fn serve<S, B>(app: impl Fn() -> App<S> + Clone + Send + 'static) -> Running
where
    S: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    serve_on(TcpListener::bind(("127.0.0.1", 0)).unwrap(), app)
}

/// [`serve`] on a listener of one's own.
pub(crate) fn serve_on<S, B>(
    listener: TcpListener,
    app: impl Fn() -> App<S> + Clone + Send + 'static,
) -> Running
where
    S: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr().unwrap();
    let (started, handle) = mpsc::channel();
    thread::spawn(move || {
        let server = HttpServer::new(app)
            .on_connect(on_connect)
            .workers(1)
            .disable_signals();
        let server = server.listen(listener).unwrap().run();
        started.send(server.handle()).unwrap();
        rt::System::new().block_on(server).unwrap();
    });
    let handle = handle.recv().unwrap();
    Running { address, handle }
}

impl Running {
    pub(crate) fn ask(&self, path: &str, headers: &str) -> Client {
        self.send(&request("GET", path, headers))
    }

    pub(crate) fn send(&self, request: &str) -> Client {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        Client { head, stream }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.handle.stop(false)); // the command is sent at once
    }
}

/// A connection whose request was answered.
pub(crate) struct Client {
    pub(crate) head: String,
    pub(crate) stream: TcpStream,
}

impl Client {
    /// Reads one short text.
    pub(crate) fn text(&mut self) -> String {
        let mut header = [0; 2];
        self.stream.read_exact(&mut header).unwrap();
        assert_eq!(header[0], 0x81, "{header:?}");
        let mut text = vec![0; header[1].into()];
        self.stream.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}
