use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// Why an opening handshake was refused ([RFC 6455 section
/// 4.2.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1)).
///
/// - `handshake.refusal.1` Each reason has its HTTP status and a short, fixed text.
/// - `handshake.refusal.2` The HTTP connection can be used for the next request.
/// - `handshake.refusal.3` The answer contains nothing of the request and nothing internal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The target exceeds the limit on the head of a request: 414.
    #[error("the request target is too long")]
    TargetTooLong,
    /// Target and headers exceed the limit on the head of a request: 431.
    #[error("the request headers are too large")]
    HeadersTooLarge,
    /// Not a GET request: 405.
    #[error("the method must be GET")]
    Method,
    /// The request target has no path, as in `CONNECT example.com:80`: 400.
    #[error("the request target must have a path")]
    Target,
    /// Not HTTP/1.1: 400.
    #[error("a WebSocket handshake needs HTTP/1.1")]
    Version,
    /// There is not exactly one `Host`, or it names no host: 400.
    #[error("exactly one Host header is needed")]
    Host,
    /// The request announces a body: 400.
    #[error("a WebSocket handshake has no body")]
    Body,
    /// `Upgrade` does not list `websocket`: 400.
    #[error("the Upgrade header must list websocket")]
    Upgrade,
    /// `Connection` does not list `Upgrade`: 400.
    #[error("the Connection header must list Upgrade")]
    Connection,
    /// There is not exactly one `Sec-WebSocket-Key` of 16 bytes in base64: 400.
    #[error("exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed")]
    Key,
    /// `Sec-WebSocket-Version` is missing or not 13: 426.
    #[error("only version 13 of the WebSocket protocol is spoken")]
    WebSocketVersion,
    /// An extended CONNECT has a `Connection` or an `Upgrade` header, which only HTTP/1.1 has: 400.
    #[error("an extended CONNECT has no Connection and no Upgrade header")]
    ConnectionHeader,
    /// In an extended CONNECT, `Sec-WebSocket-Version` is missing or not 13: 400.
    #[error("only version 13 of the WebSocket protocol is spoken")]
    ConnectWebSocketVersion,
    /// `Sec-WebSocket-Protocol` is not a list of tokens: 400.
    #[error("the Sec-WebSocket-Protocol header must list tokens")]
    Subprotocol,
    /// The endpoint requires a subprotocol, and speaks none of the offered ones: 400.
    #[error("this endpoint needs a subprotocol it speaks")]
    SubprotocolRequired,
    /// `Sec-WebSocket-Extensions` does not follow its grammar: 400.
    #[error("the Sec-WebSocket-Extensions header is malformed")]
    Extensions,
    /// The `Origin` is not allowed: 403.
    #[error("this origin is not allowed")]
    Origin,
    /// No handler is mapped to the path: 404.
    #[error("there is no WebSocket endpoint here")]
    NotFound,
    /// The server cannot switch protocols on this connection: 500.
    #[error("the connection cannot be upgraded")]
    NotUpgradable,
    /// The decision took longer than the endpoint's handshake timeout: 503.
    #[error("the handshake took too long")]
    TimedOut,
    /// The server is shutting down: 503.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The endpoint has reached its limit on sessions: 503.
    #[error("there are too many sessions")]
    TooManySessions,
    /// The endpoint has reached its limit on sessions from this address: 429.
    #[error("there are too many sessions from this address")]
    TooManyFromAddress,
    /// The server failed during the decision: 500.
    #[error("the server failed")]
    Failed,
    /// The application refused with a response of its own.
    #[error("the application refused the handshake")]
    Rejected(Box<Response<Bytes>>),
}

impl From<Response<Bytes>> for HandshakeError {
    /// Refuses the handshake with a response of the application. A status under 300 does not
    /// refuse, and becomes [`Failed`](Self::Failed).
    fn from(response: Response<Bytes>) -> Self {
        if response.status().as_u16() < 300 {
            return Self::Failed;
        }
        Self::Rejected(Box::new(response))
    }
}

impl HandshakeError {
    /// Refuses the handshake with a status of the application and a text for the body. For headers,
    /// turn a whole response into an error.
    ///
    /// ```
    /// use http::StatusCode;
    /// use switchwire_core::{Bytes, HandshakeError};
    ///
    /// let refusal = HandshakeError::rejected(StatusCode::UNAUTHORIZED, "log in first");
    /// let response = http::Response::builder()
    ///     .status(StatusCode::FOUND)
    ///     .header("location", "/login")
    ///     .body(Bytes::new())?;
    /// let redirect = HandshakeError::from(response);
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn rejected(status: StatusCode, text: impl Into<Bytes>) -> Self {
        let mut response = Response::new(text.into());
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        response.into()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotUpgradable | Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TimedOut | Self::ShuttingDown | Self::TooManySessions => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TooManyFromAddress => StatusCode::TOO_MANY_REQUESTS,
            Self::Rejected(response) => response.status(),
            Self::Target
            | Self::Version
            | Self::Host
            | Self::Body
            | Self::Upgrade
            | Self::Connection
            | Self::Key
            | Self::ConnectionHeader
            | Self::ConnectWebSocketVersion
            | Self::Subprotocol
            | Self::SubprotocolRequired
            | Self::Extensions => StatusCode::BAD_REQUEST,
        }
    }

    /// A stable name for logs and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetTooLong => "target_too_long",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Method => "method",
            Self::Target => "target",
            Self::Version => "http_version",
            Self::Host => "host",
            Self::Body => "body",
            Self::Upgrade => "upgrade",
            Self::Connection => "connection",
            Self::Key => "key",
            Self::WebSocketVersion | Self::ConnectWebSocketVersion => "websocket_version",
            Self::ConnectionHeader => "connection_header",
            Self::Subprotocol => "subprotocol",
            Self::SubprotocolRequired => "subprotocol_required",
            Self::Extensions => "extensions",
            Self::Origin => "origin",
            Self::NotFound => "not_found",
            Self::NotUpgradable => "not_upgradable",
            Self::TimedOut => "timed_out",
            Self::ShuttingDown => "shutting_down",
            Self::TooManySessions => "too_many_sessions",
            Self::TooManyFromAddress => "too_many_from_address",
            Self::Failed => "failed",
            Self::Rejected(_) => "rejected",
        }
    }

    /// The answer to send: the status, its headers, and the text of this error.
    ///
    /// 405 has `Allow: GET`. A wrong version has `Sec-WebSocket-Version: 13`, and 426 has `Upgrade:
    /// websocket` ([RFC 6455 section 4.4](https://www.rfc-editor.org/rfc/rfc6455#section-4.4), [RFC
    /// 9110 section 15.5.22](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22)).
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        let status = self.status();
        let text = self.to_string();
        let names_version = matches!(self, Self::WebSocketVersion | Self::ConnectWebSocketVersion);
        if let Self::Rejected(response) = self {
            return *response;
        }
        let mut response = Response::new(Bytes::from(text + "\n"));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        let mut add = |name, value| headers.insert(name, HeaderValue::from_static(value));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            add(header::ALLOW, "GET");
        }
        if names_version {
            add(header::SEC_WEBSOCKET_VERSION, "13");
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            add(header::UPGRADE, "websocket");
            add(header::CONNECTION, "upgrade");
        }
        response
    }
}
