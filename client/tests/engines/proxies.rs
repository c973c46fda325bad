//! Through an HTTP proxy made by hand.

use std::time::Duration;

use switchwire_client::{ClientOptions, Proxy};
use switchwire_core::{ClientRequest, ConnectError, WebSocketSession, client::ProxyError};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::server::{Talk, clients, header, serve, soon};

/// A proxy that answers `answer` and then carries bytes when it is a success. Yields the client's request.
async fn proxy(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut talk = Talk { socket };
        let request = talk.request().await;
        talk.write(answer).await;
        if answer.contains("200") {
            let target = request.split(' ').nth(1).unwrap().to_owned();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(target).await.unwrap();
                let _ = copy_bidirectional(&mut talk.socket, &mut server).await;
            });
        }
        request
    });
    (address, served)
}

fn through(url: &str) -> ClientOptions {
    ClientOptions::new()
        .with_proxy(Proxy::new(url).unwrap())
        .with_connect_timeout(Duration::from_secs(30))
}

#[tokio::test]
async fn a_session_goes_through_a_tunnel() {
    let server =
        serve(|session: WebSocketSession| async move { Ok(session.send("hello").await?) }).await;
    for number in 0..2 {
        let (address, asked) = proxy("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").await;
        let client = &clients(through(&format!("http://user:pass%21@{address}")))[number];
        let request = ClientRequest::new(&format!("ws://{server}/")).unwrap();
        let request = request
            .with_header("authorization", "for the server")
            .unwrap();
        let mut session = soon(client.connect(request)).await.unwrap();
        let message = soon(session.receive()).await.unwrap().unwrap();
        assert_eq!(message.as_text(), Some("hello"));
        assert_eq!(
            session.handshake_info().remote_address(),
            None,
            "it is the proxy's"
        );
        let asked = soon(asked).await.unwrap();
        assert!(
            asked.starts_with(&format!("CONNECT {server} HTTP/1.1\r\n")),
            "{asked}"
        );
        assert_eq!(
            header(&asked, "proxy-authorization"),
            Some("Basic dXNlcjpwYXNzIQ==")
        );
        assert_eq!(header(&asked, "authorization"), None);
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_or_lies_is_an_error_of_its_own() {
    for number in 0..2 {
        let (address, _asked) = proxy("HTTP/1.1 407 \r\nProxy-Authenticate: Basic\r\n\r\n").await;
        let request = || ClientRequest::new("ws://server.example/").unwrap();
        let client = &clients(through(&address))[number];
        let error = soon(client.connect(request())).await.unwrap_err();
        assert!(
            matches!(&error, ConnectError::Proxy(ProxyError::Refused(status)) if *status == 407),
            "{error:?}"
        );
        let (address, _asked) = proxy("HTTP/1.1 201 \r\n\r\nHTTP/1.1 101 \r\n\r\n").await;
        let client = &clients(through(&address))[number];
        let error = soon(client.connect(request())).await.unwrap_err();
        assert!(
            matches!(&error, ConnectError::Proxy(ProxyError::Violation(_))),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_silent_proxy_is_given_up_at_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = through(&listener.local_addr().unwrap().to_string());
    for client in clients(options.with_connect_timeout(Duration::from_millis(100))) {
        let request = ClientRequest::new("ws://server.example/").unwrap();
        let error = soon(client.connect(request)).await.unwrap_err();
        assert!(matches!(error, ConnectError::ConnectTimedOut), "{error:?}");
    }
}
