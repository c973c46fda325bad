//! What a server may answer, and how long it may take.

use std::{io, time::Duration};

use switchwire_client::ClientOptions;
use switchwire_core::{ClientRequest, ConnectError, client::HandshakeViolation as Not};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::server::{accept, by_hand, clients, default_clients, hasty, soon};

#[tokio::test]
async fn a_refusal_has_status_headers_and_body() {
    for client in default_clients() {
        let (request, _served) = by_hand(async |mut talk| {
            talk.request().await;
            talk.write(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 6\r\n\r\nbefore",
            )
            .await;
            talk.is_closed().await
        })
        .await;
        let error = soon(client.connect(request)).await.unwrap_err();
        let answer = error.response().unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Basic");
        assert_eq!(answer.body(), "before");
    }
}

#[tokio::test]
async fn a_body_is_cut_at_64_kib_or_at_the_deadline() {
    for client in default_clients() {
        let (request, _served) = by_hand(async |mut talk| {
            talk.request().await;
            talk.write("HTTP/1.1 500 \r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            for _ in 0..30 {
                talk.write(format!("1000\r\n{}\r\n", "x".repeat(0x1000)))
                    .await;
            }
        })
        .await;
        let error = soon(client.connect(request)).await.unwrap_err();
        assert_eq!(error.response().unwrap().body().len(), 64 << 10);

        let (request, _served) = by_hand(async |mut talk| {
            talk.request().await;
            talk.write("HTTP/1.1 500 \r\nContent-Length: 100\r\n\r\npart")
                .await;
            talk.is_closed().await
        })
        .await;
        let error = soon(client.connect(request.with_settings(hasty()))).await;
        assert_eq!(error.unwrap_err().response().unwrap().body(), "part");
    }
}

#[tokio::test]
async fn a_wrong_answer_is_told_by_its_rule() {
    for (more, accept_it, expected) in [
        ("", false, Not::Accept),
        (
            "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            true,
            Not::Extension,
        ),
        ("Sec-WebSocket-Protocol: x\r\n", true, Not::Subprotocol),
    ] {
        for client in default_clients() {
            let (request, served) = by_hand(async move |mut talk| {
                let head = talk.request().await;
                let accept = if accept_it { accept(&head) } else { "x".to_owned() };
                talk.write(format!(
                    "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
                ))
                .await;
                talk.is_closed().await
            })
            .await;
            let error = soon(client.connect(request)).await.unwrap_err();
            assert!(
                matches!(&error, ConnectError::Violation(it) if *it == expected),
                "{error:?}"
            );
            assert!(soon(served).await.unwrap(), "nothing more is sent");
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_too() {
    let endless = format!("HTTP/1.1 101 \r\nA: {}", "b".repeat(100_000));
    for (answer, expected) in [
        (String::new(), Not::Truncated),
        ("HTTP/1.1 101 Swi".to_owned(), Not::Truncated),
        ("SSH-2.0-OpenSSH_9.6\r\n".to_owned(), Not::Syntax),
        (endless, Not::TooLong),
    ] {
        for client in default_clients() {
            let answer = answer.clone();
            let (request, _served) = by_hand(async move |mut talk| {
                talk.request().await;
                talk.write(answer).await;
            })
            .await;
            let error = soon(client.connect(request)).await.unwrap_err();
            assert!(
                matches!(&error, ConnectError::Violation(it) if *it == expected),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_head_of_64_kib_is_read_and_no_longer_one() {
    for (interim, too_long) in [
        ("", false),
        ("", true),
        ("HTTP/1.1 100 C\r\n\r\n", false),
        ("HTTP/1.1 100 C\r\n\r\n", true),
    ] {
        for client in default_clients() {
            let (request, _served) = by_hand(async move |mut talk| {
                let accept = accept(&talk.request().await);
                let head = |long: &str| {
                    format!(
                        "{interim}HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nA: {long}\r\n\r\n"
                    )
                };
                let left = (64 << 10) - head("").len() + usize::from(too_long);
                talk.write(head(&"b".repeat(left))).await;
                talk.is_closed().await
            })
            .await;
            match soon(client.connect(request)).await {
                Ok(_) => assert!(!too_long),
                Err(ConnectError::Violation(Not::TooLong)) => assert!(too_long),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_read_up_to_64_kib() {
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.request().await;
            let answers = "HTTP/1.1 100 C\r\n\r\n".repeat(1000);
            let mut written = 0_usize;
            while let Ok(size) = talk.socket.write(answers.as_bytes()).await {
                written += size;
            }
            written
        })
        .await;
        let error = soon(client.connect(request)).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Violation(Not::TooLong)),
            "{error:?}"
        );
        // The kernel's buffers take more than the client.
        assert!(soon(served).await.unwrap() < 32 << 20);
    }
}

/// The head and the body of a refusal, and the body that both engines keep.
const ODD_REFUSALS: [(&str, &str, &str); 14] = [
    ("Content-Length: abc", "hello", "hello"),
    ("Content-Length: -1", "hello", "hello"),
    ("Content-Length: +2", "hello", "hello"),
    ("Content-Length: 99999999999999999999999", "hello", "hello"),
    ("Content-Length: 18446744073709551615", "hello", "hello"),
    ("Content-Length: 2\r\nContent-Length: 3", "hello", "hello"),
    ("Content-Length: 2, 3", "hello", "hello"),
    ("Content-Length: 2, 2", "hello", "he"),
    ("Content-Length: 2\r\nContent-Length: 2", "hello", "he"),
    ("Transfer-Encoding: xchunked", "hello", "hello"),
    (
        "Transfer-Encoding: chunked, gzip",
        "2\r\nhe\r\n",
        "2\r\nhe\r\n",
    ),
    ("Transfer-Encoding: gzip, chunked", "2\r\nhe\r\n", "he"),
    (
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "2\r\nhe\r\n0\r\n\r\n",
        "he",
    ),
    (
        "Transfer-Encoding: chunked",
        "2\r\nheXX3\r\nllo\r\n0\r\n\r\n",
        "he",
    ),
];

#[tokio::test]
async fn odd_lengths_and_codings_hide_no_status() {
    for version in ["1.1", "1.0"] {
        for (headers, body, expected) in ODD_REFUSALS {
            for client in default_clients() {
                let (request, _served) = by_hand(async move |mut talk| {
                    talk.request().await;
                    talk.write(format!("HTTP/{version} 401 \r\n{headers}\r\n\r\n{body}"))
                        .await;
                })
                .await;
                let error = soon(client.connect(request)).await.unwrap_err();
                let answer = error.response().expect("a refusal");
                assert_eq!(answer.status(), 401, "{headers}");
                assert_eq!(answer.body(), expected, "{headers}");
            }
        }
    }
}

#[tokio::test]
async fn http_1_0_does_not_switch() {
    for client in default_clients() {
        let (request, _served) = by_hand(async |mut talk| {
            let accept = accept(&talk.request().await);
            talk.write(format!(
                "HTTP/1.0 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            ))
            .await;
            talk.is_closed().await
        })
        .await;
        let error = soon(client.connect(request)).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Violation(Not::Version)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_frame_with_the_answer_is_received() {
    for client in default_clients() {
        let (request, _served) = by_hand(async |mut talk| {
            talk.switch("").await;
            talk.is_closed().await
        })
        .await;
        drop(soon(client.connect(request)).await.unwrap());

        let (request, _served) = by_hand(async |mut talk| {
            let accept = accept(&talk.request().await);
            talk.write(format!(
                "HTTP/1.1 103 \r\nLink: </x>\r\n\r\nHTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n\u{1}\u{2}he"
            ))
            .await;
            talk.write(b"\x80\x03llo").await;
            talk.is_closed().await
        })
        .await;
        let mut session = soon(client.connect(request)).await.unwrap();
        let message = soon(session.receive()).await.unwrap().unwrap();
        assert_eq!(message.as_text(), Some("hello"));
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_the_handshake_timeout() {
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.request().await;
            talk.write("HTTP/1.1 1").await;
            talk.is_closed().await
        })
        .await;
        let error = soon(client.connect(request.with_settings(hasty()))).await;
        assert!(
            matches!(error, Err(ConnectError::HandshakeTimedOut)),
            "{error:?}"
        );
        assert!(soon(served).await.unwrap());
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_the_tls_timeout() {
    for client in clients(ClientOptions::new().with_tls_timeout(Duration::from_millis(100))) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("wss://{}/", listener.local_addr().unwrap());
        let request = ClientRequest::new(&url).unwrap();
        let error = soon(client.connect(request)).await;
        // Without roots among the features there is nothing to begin TLS with.
        let roots = cfg!(any(
            feature = "rustls-native-roots",
            feature = "rustls-webpki-roots"
        ));
        match error {
            Err(ConnectError::TlsTimedOut) => assert!(roots),
            Err(ConnectError::Tls(_)) => assert!(!roots),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_an_error_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for client in default_clients() {
        let request = ClientRequest::new(&format!("ws://{address}/")).unwrap();
        let error = soon(client.connect(request)).await.unwrap_err();
        let ConnectError::Connect(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let request = ClientRequest::new("ws://nowhere.invalid/").unwrap();
        let error = soon(client.connect(request)).await.unwrap_err();
        assert!(
            matches!(
                error,
                ConnectError::Resolve { .. } | ConnectError::ConnectTimedOut
            ),
            "{error:?}"
        );
    }
}
