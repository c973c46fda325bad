//! TLS by rustls.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use switchwire_core::{ConnectionInfo, Principal};
use switchwire_driver::Socket;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::CertificateDer},
    server::TlsStream,
};

use crate::listener::{Connected, Listener};

/// Accepts TLS connections on top of another [`Listener`].
///
/// The handshake runs on the connection's own task, so that a slow client holds up no other. Its time
/// is that of a request's head
/// ([`with_header_read_timeout`](crate::HyperServer::with_header_read_timeout)). Requests are
/// [secure](ConnectionInfo::secure). When the configuration asks for a client certificate, and the
/// client has a valid one, the [`Principal`] of its requests is a [`ClientCertificate`].
///
/// ```no_run
/// use std::fs::File;
///
/// use switchwire_backend_hyper::{HyperServer, TlsConfig, TlsListener};
/// use switchwire_service::UrlHandlerMapping;
/// use tokio::net::TcpListener;
/// use tokio_rustls::rustls::{
///     ServerConfig,
///     pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
/// };
///
/// fn read() -> Result<ServerConfig, Box<dyn std::error::Error>> {
///     let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
///     let key = PrivateKeyDer::from_pem_file("key.pem")?;
///     Ok(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?)
/// }
///
/// # async fn run(mapping: UrlHandlerMapping) -> Result<(), Box<dyn std::error::Error>> {
/// let config = TlsConfig::new(read()?);
/// let renewed = config.clone();
/// // whenever the files have changed, without a restart:
/// renewed.replace(read()?);
///
/// let tcp = TcpListener::bind("0.0.0.0:443").await?;
/// HyperServer::new(mapping).serve(TlsListener::new(tcp, config)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TlsListener<L> {
    listener: L,
    config: TlsConfig,
}

impl<L: Listener> TlsListener<L> {
    /// Makes a listener that accepts TLS on the connections of `listener`.
    pub fn new(listener: L, config: TlsConfig) -> Self {
        Self { listener, config }
    }
}

impl<L: Listener> Listener for TlsListener<L> {
    type Io = TlsStream<L::Io>;
    type Connecting = Pin<Box<dyn Future<Output = io::Result<Connected<Self::Io>>> + Send>>;

    async fn accept(&mut self) -> io::Result<Self::Connecting> {
        let connecting = self.listener.accept().await?;
        let acceptor = TlsAcceptor::from(self.config.current());
        Ok(Box::pin(async move {
            let (io, info, principal) = connecting.await?.into_parts();
            let io = acceptor.accept(io).await?;
            let secure = true;
            let certificates = io.get_ref().1.peer_certificates();
            let principal = match certificates {
                Some(chain) if !chain.is_empty() => {
                    let chain = chain.iter().cloned().map(CertificateDer::into_owned);
                    Some(Principal::new(ClientCertificate(chain.collect())))
                }
                _ => principal,
            };
            let connected = Connected::new(io, ConnectionInfo { secure, ..info });
            Ok(match principal {
                Some(principal) => connected.with_principal(principal),
                None => connected,
            })
        }))
    }

    fn socket(io: &Self::Io) -> Option<Socket<'_>> {
        L::socket(io.get_ref().0)
    }
}

/// The configuration of a [`TlsListener`], which can be replaced while it serves. Clones share it.
#[derive(Clone)]
pub struct TlsConfig {
    current: Arc<Mutex<Arc<ServerConfig>>>,
}

impl TlsConfig {
    /// Makes a configuration. It offers the protocol that the server speaks, `http/1.1`, whatever
    /// `config` offers (ALPN).
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self {
            current: Arc::new(Mutex::new(prepared(config))),
        }
    }

    /// Replaces the configuration, for example when a certificate was renewed. Connections that have
    /// begun keep the one that they began with.
    pub fn replace(&self, config: ServerConfig) {
        let config = prepared(config);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = config;
    }

    fn current(&self) -> Arc<ServerConfig> {
        let current = self.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn prepared(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConfig")
    }
}

/// The certificate by which a client has identified itself: the [`Principal`] of its requests.
///
/// ```
/// use switchwire_backend_hyper::ClientCertificate;
/// use switchwire_core::{Principal, WebSocketSession};
///
/// fn fingerprint(session: &WebSocketSession) -> Option<usize> {
///     let principal = session.handshake_info().principal()?;
///     let certificate: &ClientCertificate = principal.downcast_ref()?;
///     Some(certificate.chain()[0].len()) // in earnest: read its subject
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ClientCertificate(Vec<CertificateDer<'static>>);

impl ClientCertificate {
    /// The certificate of the client, and those that signed it, in DER. There is at least one.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}
