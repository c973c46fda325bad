//! Redirects are followed when asked for, and credentials stay where they are.

use switchwire_client::ClientOptions;
use switchwire_core::{ClientRequest, ConnectError, WebSocketSession, client::RedirectError};

use crate::server::{by_hand, clients, default_clients, header, serve, soon};

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
