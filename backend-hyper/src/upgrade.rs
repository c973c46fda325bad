//! Switches protocols on hyper.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use switchwire_core::{
    ConnectionInfo, Error, ErrorKind, HandshakeError, HandshakeRequest, HttpSession, Principal,
    RequestUpgradeStrategy, ResponseHeaders, spi::SessionParameters,
};

use crate::{
    io::HyperIo,
    transport::{HyperTransport, transport},
};

/// Switches HTTP/1.1 connections of hyper 1, with requests of any body.
///
/// A middleware before it can put these into the request's extensions: [`ConnectionInfo`] (as
/// [`HyperServer`](crate::HyperServer) does), [`Principal`], an `Arc<dyn` [`HttpSession`]`>`, and
/// [`ResponseHeaders`] for the accepting response (101).
pub struct HyperRequestUpgradeStrategy<B = hyper::body::Incoming> {
    body: PhantomData<fn(B)>,
}

impl<B> RequestUpgradeStrategy for HyperRequestUpgradeStrategy<B> {
    type Request = Request<B>;
    type Response = Response<()>;
    type Transport = HyperTransport;
    type Upgrading = HyperUpgrading;

    fn server(&self) -> &'static str {
        "hyper"
    }

    fn handshake_request(&self, request: &Request<B>) -> HandshakeRequest {
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = request.method().clone();
        head.uri = request.uri().clone();
        head.version = request.version();
        head.headers = request.headers().clone();
        let extensions = request.extensions();
        let connection = extensions
            .get::<ConnectionInfo>()
            .copied()
            .unwrap_or_default();
        let headers = extensions.get::<ResponseHeaders>().cloned();
        HandshakeRequest::from(head)
            .with_connection_info(connection)
            .with_principal(extensions.get::<Principal>().cloned())
            .with_http_session(extensions.get::<Arc<dyn HttpSession>>().cloned())
            .with_response_headers(headers.unwrap_or_default().0)
    }

    fn upgrade(
        &self,
        mut request: Request<B>,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(Response<()>, HyperUpgrading), HandshakeError> {
        let on_upgrade = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .ok_or(HandshakeError::NotUpgradable)?;
        let parameters = parameters.clone();
        Ok((
            response,
            HyperUpgrading {
                on_upgrade,
                parameters,
                take: Err,
            },
        ))
    }
}

/// Resolves with the connection once hyper has sent the accepting response (101).
#[derive(Debug)]
pub struct HyperUpgrading {
    on_upgrade: OnUpgrade,
    parameters: SessionParameters,
    take: TakeIo,
}

/// Takes the I/O of a server, and the bytes that hyper has read from it, out of hyper. Returns the
/// connection when its I/O is of another type.
pub type TakeIo = fn(Upgraded) -> Result<(HyperIo, Bytes), Upgraded>;

impl HyperUpgrading {
    /// Sets how to take the connection out of hyper, for servers with an I/O type of their own. A
    /// session then runs on it, rather than on hyper's wrapper.
    #[must_use]
    pub fn with_take(mut self, take: TakeIo) -> Self {
        self.take = take;
        self
    }
}

impl Future for HyperUpgrading {
    type Output = Result<HyperTransport, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        Pin::new(&mut this.on_upgrade)
            .poll(cx)
            .map_ok(|upgraded| transport(upgraded, this.take, &this.parameters))
            .map_err(|error| Error::with_source(ErrorKind::Handshake, error))
    }
}

impl<B> Default for HyperRequestUpgradeStrategy<B> {
    fn default() -> Self {
        Self { body: PhantomData }
    }
}

impl<B> Clone for HyperRequestUpgradeStrategy<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for HyperRequestUpgradeStrategy<B> {}

impl<B> fmt::Debug for HyperRequestUpgradeStrategy<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HyperRequestUpgradeStrategy")
    }
}
