//! Switches protocols on Rocket.

use std::{io, pin::Pin};

use rocket::{
    Response, async_trait,
    data::{IoHandler, IoStream},
};
use switchwire_core::{
    Bytes, Error, ErrorKind, HandshakeError, HandshakeRequest, RequestUpgradeStrategy,
    spi::SessionParameters,
};
use switchwire_driver::StreamTransport;
use tokio::sync::oneshot;

use crate::{request::WebSocketRequest, response::without_body};

/// Sessions over a connection of Rocket.
pub type RocketTransport = StreamTransport<IoStream>;

/// Resolves with the connection once Rocket has sent the accepting response (101).
pub type RocketUpgrading = Pin<Box<dyn Future<Output = Result<RocketTransport, Error>> + Send>>;

/// Switches HTTP/1.1 connections of Rocket 0.5.
#[derive(Debug, Clone, Copy, Default)]
pub struct RocketRequestUpgradeStrategy;

impl RequestUpgradeStrategy for RocketRequestUpgradeStrategy {
    type Request = WebSocketRequest;
    type Response = Response<'static>;
    type Transport = RocketTransport;
    type Upgrading = RocketUpgrading;

    fn server(&self) -> &'static str {
        "rocket"
    }

    fn handshake_request(&self, request: &WebSocketRequest) -> HandshakeRequest {
        request.handshake_request()
    }

    fn upgrade(
        &self,
        _request: WebSocketRequest,
        accepting: http::Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<'static>, RocketUpgrading), HandshakeError> {
        let (io, received) = oneshot::channel();
        let parameters = parameters.clone();
        let upgrading = async move {
            let io = received
                .await
                .map_err(|error| Error::with_source(ErrorKind::Handshake, error))?;
            // hyper, below Rocket, puts the bytes that it has read in front of the others.
            Ok(StreamTransport::new(io, Bytes::new(), &parameters))
        };
        let mut response = without_body(&accepting);
        response.add_upgrade("websocket", SendIo(io));
        // Rocket gives a length to every body whose size it knows.
        response.set_streamed_body(tokio::io::empty());
        Ok((response, Box::pin(upgrading)))
    }
}

/// Hands the connection to the session's task, so that Rocket's task can end, and with it the request.
struct SendIo(oneshot::Sender<IoStream>);

#[async_trait]
impl IoHandler for SendIo {
    async fn io(self: Pin<Box<Self>>, io: IoStream) -> io::Result<()> {
        let this = *Pin::into_inner(self);
        // Without a receiver, the session has ended: dropping the connection is all there is to do.
        drop(this.0.send(io));
        Ok(())
    }
}
