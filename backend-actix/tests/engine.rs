//! Handlers over sessions of actix-ws, in an application of actix-web.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, middleware::from_fn, rt, web,
};
use futures_util::{SinkExt, StreamExt};
use switchwire_backend_actix::{end_after_close, on_connect, serve_actix_ws};
use switchwire_core::{WebSocketSession, WebSocketSettings};
use switchwire_service::UpgradeEndpoint;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

async fn chat(
    request: HttpRequest,
    body: web::Payload,
    room: web::Path<u32>,
    chat: web::Data<UpgradeEndpoint>,
) -> actix_web::Result<HttpResponse> {
    let upgraded = actix_ws::handle(&request, body)?;
    let handler = move |mut session: WebSocketSession| async move {
        let info = session.handshake_info();
        let path = info.path_parameter("room").unwrap_or_default().to_owned();
        session.send(format!("room {room} of {path}")).await?;
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    };
    Ok(serve_actix_ws(&request, upgraded, &chat, handler).await)
}

/// Starts an application, and gives the address of its sessions.
fn serve(endpoint: UpgradeEndpoint) -> (String, ServerHandle) {
    let endpoint = web::Data::new(endpoint);
    let app = move || {
        App::new()
            .wrap(from_fn(end_after_close))
            .app_data(endpoint.clone())
            .route("/chat/{room}", web::get().to(chat))
            .route("/page", web::get().to(async || "a page"))
    };
    let server = HttpServer::new(app)
        .on_connect(on_connect)
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let url = format!("ws://{}/chat/7", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    (url, handle)
}

#[actix_web::test]
async fn the_handler_has_typed_values_and_the_session_closes() {
    let (url, server) = serve(UpgradeEndpoint::new());
    let (mut peer, _) = connect_async(url).await.unwrap();
    let hello = peer.next().await.unwrap().unwrap();
    assert_eq!(hello, Message::text("room 7 of 7"));
    for size in [0, 125, 126, 65_535, 65_536, 1 << 20] {
        let message = Message::binary(vec![7; size]);
        peer.send(message.clone()).await.unwrap();
        assert_eq!(peer.next().await.unwrap().unwrap(), message);
    }
    peer.close(None).await.unwrap();
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(None)))));
    server.stop(true).await;
}

#[actix_web::test]
async fn the_limits_of_the_endpoint_hold() {
    let settings = WebSocketSettings::builder()
        .with_max_message_size(20)
        .with_max_sessions(1)
        .build()
        .unwrap();
    let (url, server) = serve(UpgradeEndpoint::new().with_settings(settings));
    let (mut peer, _) = connect_async(&url).await.unwrap();
    peer.next().await.unwrap().unwrap();
    let Err(Error::Http(refused)) = connect_async(&url).await else {
        panic!("there is no place for a second session");
    };
    assert_eq!(refused.status().as_u16(), 503);
    peer.send(Message::binary(vec![0; 21])).await.unwrap();
    let Some(Ok(Message::Close(Some(close)))) = peer.next().await else {
        panic!("no Close");
    };
    assert_eq!(u16::from(close.code), 1009);
    drop(peer);
    server.stop(true).await;
}

#[actix_web::test]
async fn a_page_of_another_site_gets_403() {
    let (url, server) = serve(UpgradeEndpoint::new());
    let mut request = url.into_client_request().unwrap();
    let foreign = HeaderValue::from_static("https://evil.example");
    request.headers_mut().insert("origin", foreign);
    let Err(Error::Http(refused)) = connect_async(request).await else {
        panic!("it is a page of another site");
    };
    assert_eq!(refused.status().as_u16(), 403);
    server.stop(true).await;
}

/// What the server answers to a handshake with these headers, and to a request behind it.
async fn answers(headers: &str) -> String {
    let (url, server) = serve(UpgradeEndpoint::new());
    let address = url.trim_start_matches("ws://").trim_end_matches("/chat/7");
    let mut peer = TcpStream::connect(address).await.unwrap();
    let handshake = format!(
        "GET /chat/7 HTTP/1.1\r\nHost: a\r\n{headers}\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\n\r\n"
    );
    peer.write_all(handshake.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    let read = peer.read_to_end(&mut answers);
    let _until_it_is_silent = timeout(Duration::from_millis(300), read).await;
    drop(peer);
    server.stop(false).await;
    String::from_utf8_lossy(&answers).into_owned()
}

/// A regression: the engine answered 101, and the server went on to read requests.
#[actix_web::test]
async fn no_request_is_read_behind_an_upgrade() {
    for headers in [
        "Upgrade: websocket, h2c",
        "Upgrade: h2c, websocket",
        "Upgrade: websocket/13",
        "Upgrade: websocket\r\nTransfer-Encoding: chunked",
    ] {
        let answers = answers(headers).await;
        assert!(answers.starts_with("HTTP/1.1 400"), "{headers}: {answers}");
        assert!(!answers.contains("a page"), "{headers}: {answers}");
    }
    for headers in ["Upgrade: websocket", "Upgrade:  WebSocket"] {
        let answers = answers(headers).await;
        assert!(answers.starts_with("HTTP/1.1 101"), "{headers}: {answers}");
        assert!(!answers.contains("a page"), "{headers}: {answers}");
    }
}
