//! A server of an application, and clients that we did not write.

#![allow(dead_code, reason = "each test needs a part")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Mutex,
};

use futures_util::{SinkExt, StreamExt};
use http::{Response, StatusCode};
use rocket::{Build, Config, Ignite, Rocket, Shutdown, config::LogLevel, fairing::AdHoc};
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server that runs, on a task.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) ended: JoinHandle<Result<Rocket<Ignite>, rocket::Error>>,
}

pub(crate) fn build() -> Rocket<Build> {
    rocket::custom(Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        log_level: LogLevel::Off,
        ..Config::release_default()
    })
}

/// Serves an application as a user of Rocket would.
pub(crate) async fn launch(rocket: Rocket<Build>) -> Serving {
    let (started, address) = oneshot::channel();
    let started = Mutex::new(Some(started));
    let rocket = rocket.attach(AdHoc::on_liftoff("address", move |rocket| {
        Box::pin(async move {
            let config = rocket.config();
            let address = SocketAddr::new(config.address, config.port);
            let started = started.lock().unwrap().take().unwrap();
            let _ = started.send((address, rocket.shutdown()));
        })
    }));
    let ended = tokio::spawn(rocket.launch());
    let (address, shutdown) = address.await.unwrap();
    Serving {
        address,
        shutdown,
        ended,
    }
}

/// Serves an application until the test ends.
pub(crate) async fn start(rocket: Rocket<Build>) -> SocketAddr {
    launch(rocket).await.address
}

/// Opens a WebSocket with further headers.
pub(crate) async fn open_with(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<(Socket, Response<Option<Vec<u8>>>), Response<Option<Vec<u8>>>> {
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok(opened) => Ok(opened),
        Err(Error::Http(response)) => Err(*response),
        Err(error) => panic!("{error}"),
    }
}

pub(crate) async fn open(address: SocketAddr, path: &str) -> Socket {
    open_with(address, path, &[]).await.unwrap().0
}

/// The status and the body with which a WebSocket is refused.
pub(crate) async fn refusal(address: SocketAddr, path: &str) -> (StatusCode, String) {
    let response = open_with(address, path, &[]).await.unwrap_err();
    let body = response.body().clone().unwrap_or_default();
    (response.status(), String::from_utf8(body).unwrap())
}

/// The next message, as text.
pub(crate) async fn next(socket: &mut Socket) -> String {
    match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => text.to_string(),
        other => panic!("{other}"),
    }
}

pub(crate) async fn first(address: SocketAddr, path: &str) -> String {
    next(&mut open(address, path).await).await
}

pub(crate) async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// The status and the body of a page.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (StatusCode, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
