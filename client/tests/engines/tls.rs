//! wss, with a certificate authority of the test's own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use switchwire_client::{
    ClientOptions, Proxy,
    rustls::{self, pki_types::CertificateDer},
};
use switchwire_core::{
    ClientRequest, ConnectError, HandshakeRequest, SessionId, WebSocketSession, WebSocketSettings,
    spi::{SessionParameters, SessionPort},
};
use switchwire_driver::{SessionDriver, StreamTransport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::server::{accept, clients, soon};

/// What speaks TLS with a certificate for `name`, and the certificate of the authority that signed it.
fn certified(name: &str) -> (TlsAcceptor, CertificateDer<'static>) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap().der().clone();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), root)
}

/// A client's way to connect that trusts these authorities and no others.
fn trusting(authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> ClientOptions {
    let mut roots = rustls::RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    ClientOptions::new().with_tls_config(config)
}

/// A server that echoes messages over TLS with a certificate for `name`, having told the name that the client asked for;
/// and the authority to trust.
async fn serve(name: &str) -> (u16, CertificateDer<'static>) {
    let (acceptor, authority) = certified(name);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else {
                continue;
            };
            let asked_for = socket.get_ref().1.server_name().map(str::to_owned);
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let accept = accept(std::str::from_utf8(&head).unwrap());
            let answer = format!(
                "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
            socket.flush().await.unwrap();
            let handler = move |mut session: WebSocketSession| {
                let asked_for = asked_for.clone().unwrap_or_default();
                async move {
                    session.send(asked_for).await?;
                    while let Some(message) = session.receive().await? {
                        session.send(message).await?;
                    }
                    Ok(())
                }
            };
            let (head, ()) = http::Request::new(()).into_parts();
            let info = HandshakeRequest::from(head).into_info(None);
            let settings = Arc::<WebSocketSettings>::default();
            let parameters = SessionParameters::server(settings.clone());
            let transport = StreamTransport::new(socket, bytes::Bytes::new(), &parameters);
            let (session, port) = SessionPort::open(SessionId::from_bytes([1; 16]), info, settings);
            tokio::spawn(SessionDriver::new(
                transport,
                Arc::new(handler),
                session,
                port,
            ));
        }
    });
    (port, authority)
}

#[tokio::test]
async fn a_session_runs_over_tls_and_the_name_is_sent() {
    let (port, authority) = serve("localhost").await;
    for client in clients(trusting([authority])) {
        let request = ClientRequest::new(&format!("wss://localhost:{port}/")).unwrap();
        let mut session = soon(client.connect(request)).await.unwrap();
        assert!(session.handshake_info().is_secure());
        let name = soon(session.receive()).await.unwrap().unwrap();
        assert_eq!(name.as_text(), Some("localhost"));
        session.send(vec![1; 500_000]).await.unwrap();
        assert_eq!(
            soon(session.receive()).await.unwrap().unwrap().len(),
            500_000
        );
        let outcome = soon(session.close(switchwire_core::CloseCode::NORMAL)).await;
        assert!(outcome.is_clean(), "{outcome}");
    }
}

#[tokio::test]
async fn another_name_and_an_unknown_authority_are_refused() {
    let (port, other) = serve("other.example").await;
    let (_, stranger) = serve("localhost").await;
    for authority in [other, stranger] {
        for client in clients(trusting([authority])) {
            let request = ClientRequest::new(&format!("wss://localhost:{port}/")).unwrap();
            let error = soon(client.connect(request)).await.unwrap_err();
            assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_an_error_of_tls() {
    for number in 0..2 {
        let (request, _served) = crate::server::by_hand(async |mut talk| {
            talk.write("HTTP/1.1 400 \r\n\r\n").await;
            talk.is_closed().await
        })
        .await;
        let url = request.uri().to_string().replace("ws://", "wss://");
        let (_, authority) = serve("localhost").await;
        let client = &clients(trusting([authority]))[number];
        let error = soon(client.connect(ClientRequest::new(&url).unwrap()))
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_may_speak_tls_and_carry_tls() {
    for number in 0..2 {
        let (port, of_server) = serve("localhost").await;
        let (acceptor, of_proxy) = certified("localhost");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut socket = acceptor.accept(socket).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(b"HTTP/1.1 200 \r\n\r\n").await.unwrap();
            let mut target = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut socket, &mut target).await;
        });
        let options = trusting([of_server, of_proxy]).with_proxy(Proxy::new(&url).unwrap());
        let request = ClientRequest::new(&format!("wss://localhost:{port}/")).unwrap();
        let mut session = soon(clients(options)[number].connect(request))
            .await
            .unwrap();
        let name = soon(session.receive()).await.unwrap().unwrap();
        assert_eq!(name.as_text(), Some("localhost"));
    }
}
