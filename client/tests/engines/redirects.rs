//! Redirects are followed when asked for, and credentials stay where they are.

use std::{sync::Arc, time::Duration};

use switchwire_client::{ClientOptions, rustls};
use switchwire_core::{
    ClientRequest, ConnectError, WebSocketSession, WebSocketSettings, client::RedirectError,
};
use tokio::net::TcpListener;

use crate::server::{by_hand, clients, default_clients, hasty, header, serve, soon};

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    for client in default_clients() {
        let (request, _served) = by_hand(async |mut talk| {
            talk.request().await;
            talk.write("HTTP/1.1 302 \r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
                .await;
        })
        .await;
        let error = soon(client.connect(request)).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 302);
    }
}

#[tokio::test]
async fn a_redirect_is_followed_without_its_body() {
    let server =
        serve(|session: WebSocketSession| async move { Ok(session.send("hello").await?) }).await;
    for more in ["", "Content-Length: 100\r\n", "Content-Length: abc\r\n"] {
        for client in clients(ClientOptions::new().with_redirects(1)) {
            let (request, served) = by_hand(async move |mut talk| {
                talk.request().await;
                talk.write(format!(
                    "HTTP/1.1 302 \r\nLocation: http://{server}/x\r\n{more}\r\npart"
                ))
                .await;
                talk.is_closed().await
            })
            .await;
            let patient = WebSocketSettings::builder()
                .with_handshake_timeout(Duration::from_secs(600))
                .build()
                .unwrap();
            let connected = soon(client.connect(request.with_settings(patient))).await;
            assert!(soon(connected.unwrap().receive()).await.unwrap().is_some());
            assert!(soon(served).await.unwrap());
        }
    }
}

#[tokio::test]
async fn connecting_again_counts_to_the_handshake_timeout() {
    // It accepts, and then says nothing in TLS.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let options = ClientOptions::new()
        .with_redirects(1)
        .with_tls_timeout(Duration::from_secs(600));
    let options = with_tls(options);
    for client in clients(options) {
        let (request, _served) = by_hand(async move |mut talk| {
            talk.request().await;
            talk.write(format!(
                "HTTP/1.1 302 \r\nLocation: https://{address}/\r\n\r\n"
            ))
            .await;
            talk.is_closed().await
        })
        .await;
        let error = soon(client.connect(request.with_settings(hasty()))).await;
        assert!(
            matches!(error, Err(ConnectError::HandshakeTimedOut)),
            "{error:?}"
        );
    }
}

fn with_tls(options: ClientOptions) -> ClientOptions {
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    options.with_tls_config(config)
}

#[tokio::test]
async fn credentials_do_not_go_to_another_origin() {
    for client in clients(ClientOptions::new().with_redirects(1)) {
        let (target, asked) = by_hand(async |mut talk| {
            let head = talk.request().await;
            talk.write("HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n")
                .await;
            head
        })
        .await;
        let location = target.uri().to_string();
        let (request, _served) = by_hand(async move |mut talk| {
            let head = talk.request().await;
            assert_eq!(header(&head, "cookie"), Some("a=b"));
            talk.write(format!(
                "HTTP/1.1 307 \r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            ))
            .await;
        })
        .await;
        let request = request.with_header("authorization", "Bearer x").unwrap();
        let request = request.with_cookie("a", "b").unwrap();
        let error = soon(client.connect(request)).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 403);
        let head = soon(asked).await.unwrap();
        assert_eq!(header(&head, "authorization"), None);
        assert_eq!(header(&head, "cookie"), None);
        assert_eq!(
            header(&head, "host"),
            Some(&*target.uri().authority().unwrap().to_string())
        );
    }
}

#[tokio::test]
async fn a_session_opens_where_the_redirect_leads_and_no_further_than_asked() {
    let server =
        serve(|session: WebSocketSession| async move { Ok(session.send("hello").await?) }).await;
    for client in clients(ClientOptions::new().with_redirects(1)) {
        let (request, _served) = by_hand(async move |mut talk| {
            talk.request().await;
            talk.write(format!(
                "HTTP/1.1 301 \r\nLocation: http://{server}/x\r\nContent-Length: 0\r\n\r\n"
            ))
            .await;
        })
        .await;
        let mut session = soon(client.connect(request)).await.unwrap();
        assert!(soon(session.receive()).await.unwrap().is_some());

        let (second, _served) = by_hand(async |mut talk| {
            talk.request().await;
            talk.write("HTTP/1.1 302 \r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
                .await;
        })
        .await;
        let location = second.uri().to_string();
        let (first, _served) = by_hand(async move |mut talk| {
            talk.request().await;
            talk.write(format!(
                "HTTP/1.1 302 \r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            ))
            .await;
        })
        .await;
        let error = soon(client.connect(first)).await.unwrap_err();
        assert!(
            matches!(&error, ConnectError::Redirect { source: RedirectError::TooMany, location } if location == "/again"),
            "{error:?}"
        );
        let invalid = ClientRequest::new("ws://h/")
            .unwrap()
            .redirected("http://h/");
        assert!(invalid.is_err());
    }
}
