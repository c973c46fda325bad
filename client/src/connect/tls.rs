//! TLS with rustls.

use std::sync::Arc;

use switchwire_core::ConnectError;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

use super::ClientIo;
use crate::options::ClientOptions;

/// `client.9` Begins TLS, sends the host's name (SNI), and checks that the certificate is trusted,
/// valid at this time, and the host's.
pub(super) async fn secure(
    io: ClientIo,
    host: &str,
    options: &ClientOptions,
) -> Result<ClientIo, ConnectError> {
    let name = ServerName::try_from(host.to_owned()).map_err(failed)?;
    let config = match &options.tls {
        Some(config) => config.clone(),
        None => default_config().await?,
    };
    let connected = TlsConnector::from(config).connect(name, io).await;
    Ok(ClientIo::Tls(Box::new(connected.map_err(failed)?)))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ConnectError {
    ConnectError::Tls(Box::new(error))
}

#[cfg(not(any(feature = "rustls-native-roots", feature = "rustls-webpki-roots")))]
async fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
    Err(ConnectError::Tls(
        "the client trusts no certificates; enable the feature rustls-native-roots or rustls-webpki-roots, or call with_tls_config"
            .into(),
    ))
}

/// The configuration that trusts the roots of the enabled features. It is made once: the system's
/// roots are many files.
#[cfg(any(feature = "rustls-native-roots", feature = "rustls-webpki-roots"))]
async fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
    static CONFIG: tokio::sync::OnceCell<Arc<ClientConfig>> = tokio::sync::OnceCell::const_new();
    let made = CONFIG.get_or_try_init(|| async {
        let making = tokio::task::spawn_blocking(make_config);
        making.await.map_err(failed)?.map_err(failed)
    });
    made.await.cloned()
}

#[cfg(any(feature = "rustls-native-roots", feature = "rustls-webpki-roots"))]
fn make_config() -> Result<Arc<ClientConfig>, tokio_rustls::rustls::Error> {
    use tokio_rustls::rustls::{RootCertStore, crypto::ring};

    let mut roots = RootCertStore::empty();
    #[cfg(feature = "rustls-native-roots")]
    {
        let found = rustls_native_certs::load_native_certs();
        for error in found.errors {
            tracing::warn!(%error, "a root certificate of the system cannot be read");
        }
        roots.add_parsable_certificates(found.certs);
    }
    #[cfg(feature = "rustls-webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
