//! Sessions over TLS: certificates of clients, renewed certificates, and peers that read slowly.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use switchwire_backend_hyper::{ClientCertificate, HyperServer, TlsConfig, TlsListener};
use switchwire_core::{
    Endpoint, HandlerResult, Principal, SlowConsumerPolicy, WebSocketSession, WebSocketSettings,
};
use switchwire_service::UrlHandlerMapping;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::WebPkiClientVerifier,
    },
};

use self::common::{Peer, handshake, soon};

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn trusted(&self) -> Arc<RootCertStore> {
        let mut trusted = RootCertStore::empty();
        trusted.add(self.0.der().clone()).unwrap();
        Arc::new(trusted)
    }

    fn issue(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        (vec![certificate.der().clone()], key)
    }

    /// A configuration of the server, which takes certificates of clients.
    fn server(&self) -> ServerConfig {
        let verifier = WebPkiClientVerifier::builder(self.trusted())
            .allow_unauthenticated()
            .build();
        let (chain, key) = self.issue("localhost");
        ServerConfig::builder()
            .with_client_cert_verifier(verifier.unwrap())
            .with_single_cert(chain, key)
            .unwrap()
    }

    /// A client that may have a certificate, and offers these protocols.
    fn client(&self, certificate: Option<&str>, alpn: &[&str]) -> TlsConnector {
        let client = ClientConfig::builder().with_root_certificates(self.trusted());
        let mut client = match certificate.map(|name| self.issue(name)) {
            Some((chain, key)) => client.with_client_auth_cert(chain, key).unwrap(),
            None => client.with_no_client_auth(),
        };
        client.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(client).into()
    }
}

async fn serve(mapping: UrlHandlerMapping, config: TlsConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TlsListener::new(listener, config);
    tokio::spawn(HyperServer::new(mapping).serve(listener));
    address
}

async fn connect(
    address: SocketAddr,
    connector: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = soon(TcpStream::connect(address)).await.unwrap();
    soon(connector.connect("localhost".try_into().unwrap(), tcp)).await
}

/// Says whose certificate it has seen.
async fn who(session: WebSocketSession) -> HandlerResult {
    let principal = session.handshake_info().principal();
    let certificate: Option<&ClientCertificate> = principal.and_then(Principal::downcast_ref);
    let told = match certificate {
        Some(certificate) => {
            let text = String::from_utf8_lossy(certificate.chain()[0].as_ref()).into_owned();
            format!("ada: {}", text.contains("ada.example"))
        }
        None => "nobody".to_owned(),
    };
    Ok(session.send(told).await?)
}

async fn told(address: SocketAddr, connector: &TlsConnector) -> String {
    let mut peer = Peer::new(connect(address, connector).await.unwrap());
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    String::from_utf8(peer.frame().await.payload).unwrap()
}

#[tokio::test]
async fn the_certificate_of_a_client_is_its_principal() {
    let authority = Authority::new();
    let mapping = UrlHandlerMapping::new().with("/", who).unwrap();
    let address = serve(mapping, TlsConfig::new(authority.server())).await;
    let ada = authority.client(Some("ada.example"), &[]);
    assert_eq!(told(address, &ada).await, "ada: true");
    let bob = authority.client(Some("bob.example"), &[]);
    assert_eq!(told(address, &bob).await, "ada: false");
    assert_eq!(told(address, &authority.client(None, &[])).await, "nobody");
}

#[tokio::test]
async fn a_certificate_is_replaced_while_the_server_runs() {
    let (before, after) = (Authority::new(), Authority::new());
    let config = TlsConfig::new(before.server());
    let mapping = UrlHandlerMapping::new().with("/", who).unwrap();
    let address = serve(mapping, config.clone()).await;
    let (old, new) = (before.client(None, &[]), after.client(None, &[]));
    assert_eq!(told(address, &old).await, "nobody");
    assert!(connect(address, &new).await.is_err());
    config.replace(after.server());
    assert_eq!(told(address, &new).await, "nobody");
    assert!(connect(address, &old).await.is_err());
}

#[tokio::test]
async fn http_1_1_is_what_the_server_offers() {
    let authority = Authority::new();
    let mut config = authority.server();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mapping = UrlHandlerMapping::new().with("/", who).unwrap();
    let address = serve(mapping, TlsConfig::new(config)).await;
    let both = connect(address, &authority.client(None, &["h2", "http/1.1"]))
        .await
        .unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(
        connect(address, &authority.client(None, &["h2"]))
            .await
            .is_err()
    );
}

/// A peer that reads steadily is kept, although the buffers of the system hide from TLS what it
/// takes.
#[tokio::test]
async fn a_peer_that_reads_slowly_is_not_too_slow() {
    const PART: usize = 16 << 10;
    let after = Duration::from_secs(1);
    let settings =
        WebSocketSettings::builder().with_slow_consumer(SlowConsumerPolicy::Close { after });
    let flood = async |session: WebSocketSession| {
        loop {
            session.send(vec![7; PART]).await?;
        }
    };
    let endpoint = Endpoint::new(flood).with_settings(settings.build().unwrap());
    let mapping = UrlHandlerMapping::new()
        .with_endpoint("/", endpoint)
        .unwrap();
    let authority = Authority::new();
    let address = serve(mapping, TlsConfig::new(authority.server())).await;
    let mut peer = Peer::new(
        connect(address, &authority.client(None, &[]))
            .await
            .unwrap(),
    );
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    let start = Instant::now();
    let mut part = vec![0; PART];
    // The peer's slowness is the subject here, so it sleeps.
    while start.elapsed() < 4 * after {
        peer.io.read_exact(&mut part).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    // What was sent before a Close may still be on its way: read until the server has none left.
    let fast = Instant::now();
    let mut frames = 0_usize;
    while fast.elapsed() < after {
        peer.io
            .read_exact(&mut part)
            .await
            .expect("the session is open");
        frames += 1;
    }
    assert!(frames > 1000, "{frames}");
}
