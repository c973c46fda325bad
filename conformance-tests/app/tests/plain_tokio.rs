//! A whole backend in one file, over a plain TCP listener and without any HTTP framework: what
//! `docs/adding-a-backend.md` walks through. Its conformance run is this test.

use std::{io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use switchwire_core::{
    Error, HandshakeError, HandshakeRequest, RequestUpgradeStrategy, spi::SessionParameters,
};
use switchwire_driver::{Socket, StreamTransport};
use switchwire_service::{Dispatch, WebSocketDispatcher};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::Mutex,
    time::timeout,
};

const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 100;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, and what has been read of it and not been used yet. Taken away when protocols are switched.
type Connection = Arc<Mutex<Option<(TcpStream, BytesMut)>>>;

/// The mechanism: how this server switches protocols.
struct PlainStrategy {
    remote: SocketAddr,
}

impl RequestUpgradeStrategy for PlainStrategy {
    type Request = Request<Connection>;
    type Response = ();
    type Transport = StreamTransport<TcpStream>;
    type Upgrading = BoxFuture<'static, Result<Self::Transport, Error>>;

    fn handshake_request(&self, request: &Request<Connection>) -> HandshakeRequest {
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = request.method().clone();
        head.uri = request.uri().clone();
        head.version = request.version();
        head.headers = request.headers().clone();
        HandshakeRequest::from(head).with_remote_address(Some(self.remote))
    }

    fn upgrade(
        &self,
        request: Request<Connection>,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<((), Self::Upgrading), HandshakeError> {
        let mut connection = request.body().try_lock().expect("one request at a time");
        let (mut socket, unread) = connection.take().ok_or(HandshakeError::NotUpgradable)?;
        let parameters = parameters.clone();
        let upgrading = async move {
            socket.write_all(&head_bytes(&response)).await?;
            let transport = StreamTransport::new(socket, unread.freeze(), &parameters);
            Ok(transport.with_socket(|socket| Some(Socket::new(socket)), parameters.settings()))
        };
        Ok(((), Box::pin(upgrading)))
    }
}

/// The glue: reads requests, asks the dispatcher, answers.
async fn serve_connection(
    mut socket: TcpStream,
    remote: SocketAddr,
    dispatcher: WebSocketDispatcher,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut unread = BytesMut::new();
    loop {
        let head = timeout(HEAD_TIMEOUT, read_head(&mut socket, &mut unread));
        let request = match head.await.unwrap_or(Ok(Err(StatusCode::REQUEST_TIMEOUT)))? {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(status) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status;
                return answer(&mut socket, response, true).await;
            }
        };
        // A body is not read here: what follows it cannot be told apart, so such a connection is used once.
        let is_last = request.headers().contains_key("transfer-encoding")
            || request
                .headers()
                .get("content-length")
                .is_some_and(|length| length != "0")
            || request
                .headers()
                .get("connection")
                .is_some_and(|option| option == "close");
        let has_body = request.method() != http::Method::HEAD;
        let connection = Arc::new(Mutex::new(Some((socket, unread))));
        let request = request.map(|()| connection.clone());
        let response = match dispatcher
            .dispatch(&PlainStrategy { remote }, request)
            .await
        {
            Dispatch::Accepted((), session) => {
                session.await;
                return Ok(());
            }
            Dispatch::NotWebSocket(_) => Response::new(TestApp::HTTP_BODY.into()),
            Dispatch::Answered(response) => response,
            Dispatch::Refused(error) => error.into_response(),
        };
        let kept = connection.lock().await.take();
        (socket, unread) = kept.expect("only an accepted request takes the connection");
        answer(&mut socket, response, has_body).await?;
        if is_last {
            return Ok(());
        }
    }
}

/// The next request; `None` at the end of the connection, a status when it is invalid.
async fn read_head(
    socket: &mut TcpStream,
    unread: &mut BytesMut,
) -> io::Result<Result<Option<Request<()>>, StatusCode>> {
    loop {
        if let Some(parsed) = parse_head(unread).transpose() {
            return Ok(parsed.map(Some));
        }
        if unread.len() > MAX_HEAD {
            return Ok(Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        if socket.read_buf(unread).await? == 0 {
            return Ok(Ok(None));
        }
    }
}

/// Takes a request from the front of `unread`, once it is whole.
fn parse_head(unread: &mut BytesMut) -> Result<Option<Request<()>>, StatusCode> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let len = match parsed.parse(unread) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Err(_) => return Err(StatusCode::BAD_REQUEST),
    };
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(parsed.path.unwrap_or_default())
        .version(match parsed.version {
            Some(1) => Version::HTTP_11,
            _ => Version::HTTP_10,
        });
    for header in parsed.headers {
        request = request.header(header.name, header.value);
    }
    let request = request.body(()).map_err(|_| StatusCode::BAD_REQUEST)?;
    check_length(request.headers())?;
    let _ = unread.split_to(len);
    Ok(Some(request))
}

/// Refuses what could be read as two different requests (RFC 9112 section 6).
fn check_length(headers: &HeaderMap) -> Result<(), StatusCode> {
    let mut lengths = headers.get_all("content-length").iter();
    let first = lengths.next();
    let is_number = |length: &http::HeaderValue| length.as_bytes().iter().all(u8::is_ascii_digit);
    let is_clear = first.is_none_or(is_number)
        && lengths.next().is_none()
        && !(first.is_some() && headers.contains_key("transfer-encoding"));
    if is_clear {
        Ok(())
    } else {
        Err(StatusCode::BAD_REQUEST)
    }
}

async fn answer(
    socket: &mut TcpStream,
    mut response: Response<Bytes>,
    has_body: bool,
) -> io::Result<()> {
    let length = response.body().len().into();
    if response.status() != StatusCode::NO_CONTENT {
        response.headers_mut().insert("content-length", length);
    }
    let (head, body) = response.into_parts();
    let head = head_bytes(&Response::from_parts(head, ()));
    let body = if has_body { &body[..] } else { &[] };
    socket.write_all(&[&head[..], body].concat()).await
}

fn head_bytes(response: &Response<()>) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

struct PlainTokio;

impl Backend for PlainTokio {
    fn name(&self) -> &'static str {
        "plain-tokio"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((socket, remote)) = listener.accept().await {
                tokio::spawn(serve_connection(socket, remote, app.dispatcher()));
            }
        });
        Ok(Served::new(address, runtime))
    }
}

fn main() -> ExitCode {
    Suite::new(AppOn(PlainTokio)).main()
}
