//! The conformance suite of clients on both engines.

use std::{process::ExitCode, sync::Arc};

use switchwire_client::{ClientOptions, HyperClient, TokioClient, rustls};
use switchwire_conformance::{ClientEngine, ClientSettings, ClientSuite};
use switchwire_core::WebSocketClient;

pub(crate) struct Tokio;

impl ClientEngine for Tokio {
    fn name(&self) -> &'static str {
        "tokio-client"
    }

    fn client(&self, settings: ClientSettings) -> Arc<dyn WebSocketClient> {
        Arc::new(TokioClient::new(options(settings)))
    }
}

pub(crate) struct Hyper;

impl ClientEngine for Hyper {
    fn name(&self) -> &'static str {
        "hyper-client"
    }

    fn client(&self, settings: ClientSettings) -> Arc<dyn WebSocketClient> {
        Arc::new(HyperClient::new(options(settings)))
    }
}

fn options(settings: ClientSettings) -> ClientOptions {
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    ClientOptions::new()
        .with_connect_timeout(settings.connect_timeout)
        .with_tls_timeout(settings.tls_timeout)
        .with_redirects(settings.redirects)
        .with_tls_config(tls)
}

fn main() -> ExitCode {
    ClientSuite::new(Tokio).and(Hyper).main()
}
