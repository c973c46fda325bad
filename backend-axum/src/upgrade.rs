//! Switches protocols on axum, as on the hyper below it.

use http::Response;
use switchwire_backend_hyper::{HyperRequestUpgradeStrategy, HyperTransport, HyperUpgrading};
use switchwire_core::{
    HandshakeError, HandshakeRequest, InvalidSettings, RequestUpgradeStrategy, WebSocketSettings,
    spi::SessionParameters,
};

use crate::request::WebSocketRequest;

/// Switches HTTP/1.1 connections of axum 0.8.
#[derive(Debug, Clone, Copy, Default)]
pub struct AxumRequestUpgradeStrategy {
    hyper: HyperRequestUpgradeStrategy<()>,
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it is hyper's strategy in all it does"
)]
impl RequestUpgradeStrategy for AxumRequestUpgradeStrategy {
    type Request = WebSocketRequest;
    type Response = Response<()>;
    type Transport = HyperTransport;
    type Upgrading = HyperUpgrading;

    fn server(&self) -> &'static str {
        "axum"
    }

    fn handshake_request(&self, request: &WebSocketRequest) -> HandshakeRequest {
        self.hyper
            .handshake_request(&request.http)
            .with_path_parameters(request.path_parameters.clone())
            .with_path_within_application(request.path.clone())
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
        self.hyper.upgrade(request.http, response, parameters)
    }
}
