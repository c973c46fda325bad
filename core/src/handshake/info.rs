use std::{borrow::Cow, fmt, net::SocketAddr};

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};

use super::read;
use crate::{attributes::Attributes, foreign::Value};

/// The user that the HTTP side authenticated: any value of the application.
#[derive(Clone)]
pub struct Principal(Value);

impl Principal {
    /// Wraps the application's value.
    #[must_use]
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self(Value::new(value))
    }

    /// The value, if it has this type.
    #[must_use]
    pub fn downcast_ref<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get()
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal")
    }
}

/// Headers and cookies for the accepting response: 101, or 200 for an extended CONNECT. A
/// middleware that runs before the upgrade puts them into a request's extensions.
#[derive(Debug, Clone, Default)]
pub struct ResponseHeaders(pub HeaderMap);

/// What a session knows of the request that opened it. It owns its data, so the session keeps no
/// buffer of the server.
///
/// - `handshake.info.1` The target, the headers and the cookies are those of the request. The
///   subprotocol is the negotiated one.
/// - `handshake.info.2` Path parameters are decoded.
/// - `handshake.info.3` The remote address is that of the connection.
/// - `handshake.info.4` Attributes belong to one session.
#[derive(Debug)]
pub struct HandshakeInfo {
    pub(super) uri: Uri,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) path_parameters: Vec<(String, String)>,
    pub(super) principal: Option<Principal>,
    pub(super) subprotocol: Option<String>,
    pub(super) remote_address: Option<SocketAddr>,
    pub(super) local_address: Option<SocketAddr>,
    pub(super) secure: bool,
    pub(super) attributes: Attributes,
}

impl HandshakeInfo {
    /// The request target as the client sent it.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The path of the target as the client sent it, not decoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The raw query, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// `mapping.query.1` The parameters of the query, in order, decoded like form data. Bytes that
    /// are not UTF-8 are replaced.
    pub fn query_parameters(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        read::query_parameters(&self.uri)
    }

    /// The first parameter of this name in the query, decoded.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        read::find(self.query_parameters(), name)
    }

    /// The beginning of a log line for this session: the address that the connection came from, and
    /// the path. It has no control characters.
    ///
    /// ```
    /// use switchwire_core::HandshakeRequest;
    ///
    /// let (head, ()) = http::Request::get("/chat?token=secret").body(())?.into_parts();
    /// let info = HandshakeRequest::from(head)
    ///     .with_remote_address("192.0.2.1:4711".parse().ok())
    ///     .into_info(None);
    /// assert_eq!(info.log_prefix(), "[192.0.2.1:4711 /chat] ");
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn log_prefix(&self) -> String {
        match self.remote_address {
            Some(address) => format!("[{address} {}] ", self.uri.path()),
            None => format!("[{}] ", self.uri.path()),
        }
    }

    /// The HTTP version of the request.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The request's headers. On a client, the headers of the server's answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The cookies of the request, as name and value, in order
    /// ([RFC 6265 section 4.2](https://www.rfc-editor.org/rfc/rfc6265#section-4.2)).
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        read::cookies(&self.headers)
    }

    /// The first cookie of this name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        read::find(self.cookies(), name)
    }

    /// The parameter of this name that the mapping found in the path, decoded.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        read::find(self.path_parameters(), name)
    }

    /// All path parameters, in the order of the pattern.
    pub fn path_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.path_parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The user that the HTTP side authenticated.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The negotiated subprotocol, if there is one.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The address that the connection came from, if the server knows it. Behind a trusted proxy,
    /// the client's address as the proxy gives it; the port may then be 0, for unknown.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.remote_address
    }

    /// The address that the connection came to, if the server knows it.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.local_address
    }

    /// Whether the connection uses TLS, or used it up to a trusted proxy.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The attributes of the session.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }
}

/// Copies the headers to memory of their own. The values that a server hands over are often parts
/// of its read buffer, and a session would keep 8 KiB or more of it.
pub(super) fn detached(headers: &HeaderMap) -> HeaderMap {
    let length = headers.values().map(HeaderValue::len).sum();
    let mut values = BytesMut::with_capacity(length);
    let copy = |(name, value): (&HeaderName, &HeaderValue)| {
        values.extend_from_slice(value.as_bytes());
        let value = HeaderValue::from_maybe_shared(values.split().freeze());
        (name.clone(), value.expect("it was a value before"))
    };
    headers.iter().map(copy).collect()
}

/// Copies a target to memory of its own.
pub(super) fn detached_uri(uri: &Uri) -> Uri {
    uri.to_string().parse().unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detached_head_is_the_same() {
        let request = http::Request::get("/a%20b?c=%ff&d")
            .header("cookie", "first=1")
            .header("cookie", "second=2")
            .header("x-empty", "")
            .header("x-latin", HeaderValue::from_bytes(b"\xfcber").unwrap())
            .body(())
            .unwrap();
        assert_eq!(detached(request.headers()), *request.headers());
        for target in ["/a%20b?c=%ff&d", "http://a:1/b?", "a:443", "*", "/"] {
            let uri: Uri = target.parse().unwrap();
            assert_eq!(detached_uri(&uri), uri, "{target}");
        }
    }

    #[test]
    fn a_session_pins_no_read_buffer() {
        let buffer = bytes::Bytes::from(b"/pathvalue".repeat(1000));
        let held = buffer.slice(..5);
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.uri = Uri::from_maybe_shared(held).unwrap();
        let value = HeaderValue::from_maybe_shared(buffer.slice(5..10)).unwrap();
        head.headers.insert(http::header::ORIGIN, value);
        let info = crate::HandshakeRequest::from(head).into_info(None);
        assert_eq!(
            (info.uri().path(), &info.headers()["origin"]),
            ("/path", &"value".parse().unwrap())
        );
        assert!(buffer.is_unique(), "nothing else holds the buffer");
    }
}
