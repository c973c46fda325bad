//! Switches protocols on salvo, as on the hyper below it.

use http::Response;
use salvo::conn::ConnCtrl;
use switchwire_backend_hyper::{HyperRequestUpgradeStrategy, HyperTransport, HyperUpgrading};
use switchwire_core::{
    HandshakeError, HandshakeRequest, InvalidSettings, RequestUpgradeStrategy, WebSocketSettings,
    spi::SessionParameters,
};

use crate::{acceptor::take_io, request::WebSocketRequest};

/// Switches HTTP/1.1 connections of salvo 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct SalvoRequestUpgradeStrategy {
    hyper: HyperRequestUpgradeStrategy<()>,
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it is hyper's strategy in all it does"
)]
impl RequestUpgradeStrategy for SalvoRequestUpgradeStrategy {
    type Request = WebSocketRequest;
    type Response = Response<()>;
    type Transport = HyperTransport;
    type Upgrading = HyperUpgrading;

    fn server(&self) -> &'static str {
        "salvo"
    }

    fn handshake_request(&self, request: &WebSocketRequest) -> HandshakeRequest {
        self.hyper
            .handshake_request(&request.http)
            .with_path_parameters(request.path_parameters.clone())
    }

    fn check_settings(&self, settings: &WebSocketSettings) -> Result<(), InvalidSettings> {
        self.hyper.check_settings(settings)
    }

    fn upgrade(
        &self,
        request: WebSocketRequest,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, HyperUpgrading), HandshakeError> {
        let connection = request.http.extensions().get::<ConnCtrl>().cloned();
        let (response, upgrading) = self.hyper.upgrade(request.http, response, parameters)?;
        // salvo's fuse would end a session that is silent, or whose peer reads slowly.
        if let Some(connection) = connection {
            connection.relax_timeouts();
        }
        Ok((response, upgrading.with_take(take_io)))
    }
}
