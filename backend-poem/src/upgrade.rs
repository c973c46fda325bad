//! Switches protocols on poem, as on the hyper below it.

use std::{future::Future, pin::Pin};

use http::{Request, Response};
use hyper::upgrade::OnUpgrade;
use switchwire_backend_hyper::{HyperIo, HyperRequestUpgradeStrategy, HyperTransport};
use switchwire_core::{
    Error, ErrorKind, HandshakeError, HandshakeRequest, RequestUpgradeStrategy,
    spi::SessionParameters,
};
use switchwire_driver::StreamTransport;

use crate::request::WebSocketRequest;

/// Switches HTTP/1.1 connections of poem 3.
#[derive(Debug, Clone, Copy, Default)]
pub struct PoemRequestUpgradeStrategy {
    hyper: HyperRequestUpgradeStrategy<()>,
}

impl RequestUpgradeStrategy for PoemRequestUpgradeStrategy {
    type Request = WebSocketRequest;
    type Response = Response<()>;
    type Transport = HyperTransport;
    type Upgrading = Pin<Box<dyn Future<Output = Result<HyperTransport, Error>> + Send>>;

    fn server(&self) -> &'static str {
        "poem"
    }

    fn handshake_request(&self, request: &WebSocketRequest) -> HandshakeRequest {
        self.hyper
            .handshake_request(&request.http)
            .with_path_parameters(request.path_parameters.clone())
            .with_path_within_application(request.path.clone())
    }

    fn upgrade(
        &self,
        request: WebSocketRequest,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, Self::Upgrading), HandshakeError> {
        if request.http.extensions().get::<OnUpgrade>().is_some() {
            let (response, upgrading) = self.hyper.upgrade(request.http, response, parameters)?;
            return Ok((response, Box::pin(upgrading)));
        }
        let on_upgrade = request.on_upgrade.ok_or(HandshakeError::NotUpgradable)?;
        let parameters = parameters.clone();
        let upgrading = async move {
            let upgraded = on_upgrade.await;
            let io = upgraded.map_err(|error| Error::with_source(ErrorKind::Handshake, error))?;
            let io = HyperIo::other(io);
            Ok(StreamTransport::new(io, bytes::Bytes::new(), &parameters))
        };
        Ok((response, Box::pin(upgrading)))
    }
}

/// hyper's offer to hand over the connection, where a server of ours keeps it for the strategy.
#[derive(Clone)]
pub(crate) struct Kept(pub(crate) OnUpgrade);

pub(crate) fn kept(request: &poem::Request) -> Option<OnUpgrade> {
    request.data::<Kept>().map(|kept| kept.0.clone())
}

/// Puts hyper's offer where poem does not take it away.
pub(crate) fn keep<B>(request: &mut Request<B>) {
    let offer = request.extensions().get::<OnUpgrade>().cloned();
    if let Some(offer) = offer {
        request.extensions_mut().insert(Kept(offer));
    }
}
