//! Switches protocols on warp, as on the hyper below it.

use http::Response;
use switchwire_backend_hyper::{HyperRequestUpgradeStrategy, HyperTransport, HyperUpgrading};
use switchwire_core::{
    HandshakeError, HandshakeRequest, InvalidSettings, RequestUpgradeStrategy, WebSocketSettings,
    spi::SessionParameters,
};
use warp::Reply;

use crate::request::WebSocketRequest;

/// Switches HTTP/1.1 connections of warp 0.4.
#[derive(Debug, Clone, Copy, Default)]
pub struct WarpRequestUpgradeStrategy {
    hyper: HyperRequestUpgradeStrategy<()>,
}

#[deny(
    clippy::missing_trait_methods,
    reason = "it is hyper's strategy in all it does"
)]
impl RequestUpgradeStrategy for WarpRequestUpgradeStrategy {
    type Request = WebSocketRequest;
    type Response = warp::reply::Response;
    type Transport = HyperTransport;
    type Upgrading = HyperUpgrading;

    fn server(&self) -> &'static str {
        "warp"
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
    ) -> Result<(warp::reply::Response, HyperUpgrading), HandshakeError> {
        let (response, upgrading) = self.hyper.upgrade(request.http, response, parameters)?;
        let response = response.map(|()| "").into_response();
        Ok((response, upgrading))
    }
}
