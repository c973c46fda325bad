//! The HTTP side of an example, in terms of no server.

use std::{fmt, future::ready, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

/// The most bytes a form may have.
pub(crate) const MAX_BODY: usize = 16 << 10;

/// Answers the requests that ask for no WebSocket.
#[derive(Clone)]
pub struct Pages(Arc<Answer>);

type Answer = dyn Fn(Request<Bytes>) -> Answering + Send + Sync;
type Answering = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

impl Pages {
    /// Answers with what an async function returns.
    pub fn new<F, Fut>(answer: F) -> Self
    where
        F: Fn(Request<Bytes>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Bytes>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(answer(request))))
    }

    /// The answer to a request.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        (self.0)(request).await
    }
}

impl From<&'static str> for Pages {
    /// One page, at `/`.
    fn from(page: &'static str) -> Self {
        Self::new(move |request| {
            ready(match (request.method(), request.uri().path()) {
                (&Method::GET, "/") => html(page),
                _ => text(StatusCode::NOT_FOUND, "not found\n"),
            })
        })
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

/// A page.
#[must_use]
pub fn html(page: &'static str) -> Response<Bytes> {
    with_type(
        Bytes::from_static(page.as_bytes()),
        "text/html; charset=utf-8",
    )
}

/// A status and a text.
#[must_use]
pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = with_type(text.into(), "text/plain; charset=utf-8");
    *response.status_mut() = status;
    response
}

/// A body of this type.
#[must_use]
pub fn with_type(body: Bytes, content_type: &'static str) -> Response<Bytes> {
    let mut response = Response::new(body);
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
