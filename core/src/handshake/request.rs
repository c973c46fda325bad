use std::{net::SocketAddr, sync::Arc};

use http::{HeaderMap, Method, Uri, Version, header, request::Parts};

use crate::{Attributes, HandshakeInfo, Principal};

/// An HTTP request that may become a session, in terms no server owns.
///
/// # For backend authors
/// Build it from the head of the request and the addresses of the connection. The request target is
/// passed on as the client sent it, undecoded.
///
/// ```
/// use switchwire_core::HandshakeRequest;
///
/// let (head, ()) = http::Request::get("/chat?room=1")
///     .header("upgrade", "websocket")
///     .body(())?
///     .into_parts();
/// let request = HandshakeRequest::from(head).with_secure(true);
/// assert!(request.is_websocket());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct HandshakeRequest {
    head: Parts,
    remote_address: Option<SocketAddr>,
    local_address: Option<SocketAddr>,
    secure: bool,
    path_parameters: Vec<(String, String)>,
    principal: Option<Principal>,
    attributes: Attributes,
    response_headers: HeaderMap,
}

impl From<Parts> for HandshakeRequest {
    fn from(head: Parts) -> Self {
        Self {
            head,
            remote_address: None,
            local_address: None,
            secure: false,
            path_parameters: Vec::new(),
            principal: None,
            attributes: Attributes::default(),
            response_headers: HeaderMap::new(),
        }
    }
}

impl HandshakeRequest {
    /// Whether this request asks for a WebSocket, rightly or wrongly: it names the protocol in `Upgrade`
    /// or carries a `Sec-WebSocket-Key`.
    ///
    /// `handshake.fallthrough.1` Every other request belongs to the application's HTTP side, even on a path
    /// that has a handler; one of these is answered by the WebSocket side, with an error if it is wrong.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        Self::asks_for_websocket(&self.head.headers)
    }

    /// [`is_websocket`](Self::is_websocket) for headers alone, before anything is taken from the server.
    #[must_use]
    pub fn asks_for_websocket(headers: &HeaderMap) -> bool {
        headers.contains_key(header::SEC_WEBSOCKET_KEY)
            || headers
                .get_all(header::UPGRADE)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|line| line.split(','))
                .any(|token| token.trim().eq_ignore_ascii_case("websocket"))
    }

    /// Sets the address the connection came from.
    #[must_use]
    pub fn with_remote_address(mut self, address: Option<SocketAddr>) -> Self {
        self.remote_address = address;
        self
    }

    /// Sets the address the connection came to.
    #[must_use]
    pub fn with_local_address(mut self, address: Option<SocketAddr>) -> Self {
        self.local_address = address;
        self
    }

    /// Says whether the connection is over TLS, so that its origin is `https`. Default no.
    #[must_use]
    pub fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets the parameters that a mapping found in the path, decoded.
    #[must_use]
    pub fn with_path_parameters(mut self, parameters: Vec<(String, String)>) -> Self {
        self.path_parameters = parameters;
        self
    }

    /// Sets who the HTTP side found the user to be.
    #[must_use]
    pub fn with_principal(mut self, principal: Option<Principal>) -> Self {
        self.principal = principal;
        self
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The request target.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The HTTP version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The address the connection came from, if the server knows.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.remote_address
    }

    /// Whether the connection is over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The attributes the session will have.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Headers and cookies that the application wants on the 101 response.
    ///
    /// `handshake.response.1` They reach the 101 response; those of the handshake itself cannot be replaced.
    pub fn response_headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.response_headers
    }

    /// Adds headers for the 101 response.
    #[must_use]
    pub fn with_response_headers(mut self, headers: HeaderMap) -> Self {
        self.response_headers.extend(headers);
        self
    }

    /// Takes the headers set for the response.
    #[must_use]
    pub fn take_response_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.response_headers)
    }

    /// Who the HTTP side found the user to be.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Turns the request into what the session keeps of it.
    #[must_use]
    pub fn into_info(self, subprotocol: Option<String>) -> Arc<HandshakeInfo> {
        Arc::new(HandshakeInfo {
            uri: self.head.uri,
            version: self.head.version,
            headers: self.head.headers,
            path_parameters: self.path_parameters,
            principal: self.principal,
            subprotocol,
            remote_address: self.remote_address,
            local_address: self.local_address,
            secure: self.secure,
            attributes: self.attributes,
        })
    }
}
