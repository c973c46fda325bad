//! Sessions over our own server, and what a client's end does differently.

use std::{sync::Arc, time::Duration};

use switchwire_core::{
    ClientRequest, CloseCode, CloseOutcome, CloseStatus, ErrorKind, HandlerResult,
    WebSocketHandler, WebSocketMessage, WebSocketSession, async_trait,
};
use tokio::{sync::mpsc, time::timeout};

use crate::server::{by_hand, default_clients, describe, hasty, serve, soon};

struct Echo;

#[async_trait]
impl WebSocketHandler for Echo {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["echo.v2", "echo.v1"]
    }
}

/// Sends a hundred messages and takes as many answers, both at once.
struct Hundred;

#[async_trait]
impl WebSocketHandler for Hundred {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        assert_eq!(session.handshake_info().subprotocol(), Some("echo.v1"));
        let sender = session.sender();
        let send = async {
            for number in 0..100 {
                sender.send(number.to_string()).await?;
            }
            Ok(())
        };
        let receive = async {
            for number in 0..100 {
                let message = session.receive().await?.expect("an answer");
                assert_eq!(message.as_text(), Some(&*number.to_string()));
            }
            Ok::<_, switchwire_core::Error>(())
        };
        Ok(switchwire_core::join_both(send, receive).await?)
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["echo.v1"]
    }
}

#[tokio::test]
async fn a_handler_runs_on_a_client_as_on_a_server() {
    let address = serve(Echo).await;
    for client in default_clients() {
        let request = ClientRequest::new(&format!("ws://{address}")).unwrap();
        let outcome = soon(client.execute(request, Arc::new(Hundred)))
            .await
            .unwrap();
        assert_eq!(outcome.code(), 1000, "{outcome}");
        assert!(matches!(outcome, CloseOutcome::ByUs(_)));
    }
}

#[tokio::test]
async fn a_session_is_used_without_a_handler() {
    let address = serve(Echo).await;
    for client in default_clients() {
        let request = ClientRequest::new(&format!("ws://{address}/")).unwrap();
        let mut session = soon(client.connect(request)).await.unwrap();
        let info = session.handshake_info();
        assert_eq!(info.remote_address(), Some(address));
        assert_eq!(info.headers()["upgrade"], "websocket");
        for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
            let message = WebSocketMessage::from(vec![7; size]);
            session.send(message.clone()).await.unwrap();
            assert_eq!(soon(session.receive()).await.unwrap(), Some(message));
        }
        let status = CloseStatus::new(CloseCode::NORMAL, "done").unwrap();
        let outcome = soon(session.close(status)).await;
        assert!(matches!(outcome, CloseOutcome::ByUs(_)), "{outcome}");
        assert_eq!(soon(session.receive()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn headers_cookies_and_subprotocols_arrive() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let address = serve(move |session: WebSocketSession| {
        tell.send(describe(session.handshake_info())).unwrap();
        async { Ok(()) }
    })
    .await;
    for client in default_clients() {
        let request = ClientRequest::new(&format!("ws://{address}?q=1")).unwrap();
        let request = request.with_header("x-test", "héllo".as_bytes()).unwrap();
        let request = request.with_header("x-test", "2").unwrap();
        let request = request.with_cookie("a", "b").unwrap();
        let request = request.with_subprotocols(["x", "y"]).unwrap();
        let session = soon(client.connect(request)).await.unwrap();
        assert_eq!(
            session.handshake_info().subprotocol(),
            None,
            "none is spoken"
        );
        assert_eq!(soon(told.recv()).await.unwrap(), "/?q=1 - - b");
        let outcome = soon(session.closed()).await;
        assert!(
            matches!(outcome, CloseOutcome::ByPeer(Some(_))),
            "{outcome}"
        );
    }
}

#[tokio::test]
async fn a_dropped_session_is_closed_with_1001() {
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.switch("").await;
            let (first, payload) = talk.frame().await;
            talk.write([0x88, 0]).await;
            (first, payload)
        })
        .await;
        let session = soon(client.connect(request)).await.unwrap();
        let sender = session.sender();
        let stream = session.receive_stream();
        drop(session);
        assert!(sender.is_open(), "a stream still receives");
        drop(stream);
        assert_eq!(
            soon(served).await.unwrap(),
            (0x88, 1001_u16.to_be_bytes().to_vec())
        );
        assert_eq!(soon(sender.closed()).await.code(), 1001);
    }
}

/// Reads until the end.
fn reader() -> Arc<dyn WebSocketHandler> {
    Arc::new(|mut session: WebSocketSession| async move {
        while session.receive().await?.is_some() {}
        Ok(())
    })
}

#[tokio::test]
async fn the_client_leaves_it_to_the_server_to_close_tcp() {
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.switch("").await;
            talk.write([0x88, 2, 0x03, 0xe8]).await;
            assert_eq!(talk.frame().await, (0x88, 1000_u16.to_be_bytes().to_vec()));
            let silence = timeout(Duration::from_millis(100), talk.is_closed()).await;
            silence.is_err()
        })
        .await;
        let outcome = soon(client.execute(request, reader())).await;
        assert_eq!(outcome.unwrap().code(), 1000);
        assert!(soon(served).await.unwrap(), "the client closed first");
    }
}

#[tokio::test]
async fn the_client_closes_tcp_when_the_server_does_not() {
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.switch("").await;
            talk.write([0x88, 0]).await;
            assert_eq!(talk.frame().await, (0x88, Vec::new()));
            talk.is_closed().await
        })
        .await;
        let outcome = soon(client.execute(request.with_settings(hasty()), reader())).await;
        assert_eq!(outcome.unwrap().code(), 1005);
        assert!(soon(served).await.unwrap());
    }
}

#[tokio::test]
async fn a_masked_frame_is_refused_with_1002() {
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.switch("").await;
            talk.write(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
                .await;
            talk.frame().await
        })
        .await;
        let mut session = soon(client.connect(request)).await.unwrap();
        let error = soon(session.receive()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(
            soon(served).await.unwrap(),
            (0x88, 1002_u16.to_be_bytes().to_vec())
        );
    }
}

#[tokio::test]
async fn a_dropped_execute_drops_handler_and_connection() {
    struct OnDrop(mpsc::UnboundedSender<()>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    for client in default_clients() {
        let (request, served) = by_hand(async |mut talk| {
            talk.switch("").await;
            assert_eq!(talk.frame().await, (0x81, b"up".to_vec()));
            talk.is_closed().await
        })
        .await;
        let (tell, mut told) = mpsc::unbounded_channel();
        let (up, mut is_up) = mpsc::unbounded_channel();
        let handler = move |session: WebSocketSession| {
            let (guard, up) = (OnDrop(tell.clone()), up.clone());
            async move {
                session.send("up").await?;
                session.flush().await?;
                up.send(()).unwrap();
                std::future::pending::<()>().await;
                drop(guard);
                Ok(())
            }
        };
        {
            let mut running = client.execute(request, Arc::new(handler));
            soon(async {
                tokio::select! {
                    _ = &mut running => panic!("it never ends"),
                    _ = is_up.recv() => {}
                }
            })
            .await;
        }
        assert_eq!(soon(told.recv()).await, Some(()));
        assert!(soon(served).await.unwrap());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_domain_socket_carries_a_session() {
    use tokio::io::AsyncReadExt;

    let folder = std::env::temp_dir().join(format!("switchwire-client-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (number, client) in default_clients().into_iter().enumerate() {
        let path = folder.join(number.to_string());
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let served = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            String::from_utf8(head).unwrap()
        });
        let request = ClientRequest::new("ws://name/x")
            .unwrap()
            .with_unix_socket(&path);
        assert!(
            soon(client.connect(request)).await.is_err(),
            "it is not answered"
        );
        let head = soon(served).await.unwrap();
        assert!(head.starts_with("GET /x HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("ost: name\r\n"), "{head}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn an_ipv6_address_is_connected_to() {
    let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else {
        return; // a machine without IPv6
    };
    let address = listener.local_addr().unwrap();
    let endpoint = switchwire_core::Endpoint::new(Echo);
    let server = switchwire_backend_hyper::HyperServer::new(
        switchwire_service::UrlHandlerMapping::new().with_fallback(endpoint),
    );
    tokio::spawn(server.serve(listener));
    for client in default_clients() {
        let request = ClientRequest::new(&format!("ws://{address}/")).unwrap();
        let session = soon(client.connect(request)).await.unwrap();
        assert_eq!(session.handshake_info().remote_address(), Some(address));
    }
}
