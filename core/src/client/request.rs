use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header, uri::Scheme};

use super::invalid::InvalidRequest;
use crate::{handler::WebSocketHandler, settings::WebSocketSettings};

/// What a client asks a server for: a URL, headers, cookies and subprotocols.
///
/// Each method checks its input, so that the client never sends an invalid request:
/// - `client.8` The scheme is `ws` or `wss`, there is a host, and the port is valid.
/// - `client.6` The URL has no fragment and no user information (set `Authorization` instead).
/// - `client.24` There is no control character anywhere.
/// - `client.25` Subprotocols are distinct tokens.
/// - The application cannot set the headers of the handshake itself, except `Host`.
///
/// `client.request.1` The client sends headers and cookies as the application set them, each header
/// as often as it was set.
///
/// ```
/// use switchwire_core::{ClientRequest, InvalidRequest};
///
/// let request = ClientRequest::new("wss://example.com/chat?room=1")?
///     .with_header("authorization", "Bearer 7f3a")?
///     .with_cookie("theme", "dark")?
///     .with_subprotocols(["chat.v2", "chat.v1"])?;
/// assert_eq!(request.port(), 443);
/// assert_eq!(ClientRequest::new("ws://h/p#f").unwrap_err(), InvalidRequest::Fragment);
/// # Ok::<(), InvalidRequest>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClientRequest {
    uri: Uri,
    headers: HeaderMap,
    subprotocols: Vec<String>,
    requires_subprotocol: bool,
    settings: Arc<WebSocketSettings>,
    unix_socket: Option<PathBuf>,
}

impl ClientRequest {
    /// Makes a request for a `ws` or `wss` URL.
    ///
    /// # Errors
    /// Says why the URL is invalid.
    pub fn new(url: &str) -> Result<Self, InvalidRequest> {
        if url.contains('#') {
            return Err(InvalidRequest::Fragment);
        }
        let uri: Uri = url.parse().map_err(|_| InvalidRequest::for_url(url))?;
        Self::from_uri(uri)
    }

    fn from_uri(uri: Uri) -> Result<Self, InvalidRequest> {
        check(&uri)?;
        Ok(Self {
            uri,
            headers: HeaderMap::new(),
            subprotocols: Vec::new(),
            requires_subprotocol: false,
            settings: Arc::default(),
            unix_socket: None,
        })
    }

    /// Adds a header. `Sec-WebSocket-Protocol` adds to the subprotocols.
    ///
    /// # Errors
    /// When the name or the value is invalid, or when the header belongs to the handshake itself.
    pub fn with_header<N, V>(mut self, name: N, value: V) -> Result<Self, InvalidRequest>
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        let name = name.try_into().map_err(|_| InvalidRequest::HeaderName)?;
        let Ok(value) = value.try_into() else {
            return Err(InvalidRequest::HeaderValue(name));
        };
        self.add_header(name, value)?;
        Ok(self)
    }

    fn add_header(
        &mut self,
        name: HeaderName,
        mut value: HeaderValue,
    ) -> Result<(), InvalidRequest> {
        if name == header::SEC_WEBSOCKET_PROTOCOL {
            let Ok(line) = value.to_str() else {
                return Err(InvalidRequest::HeaderValue(name));
            };
            let names = line.split(',').map(|name| name.trim_matches([' ', '\t']));
            return self.add_subprotocols(names);
        }
        if RESERVED.contains(&name) {
            return Err(InvalidRequest::ReservedHeader(name));
        }
        if name == header::HOST && self.headers.contains_key(&name) {
            return Err(InvalidRequest::RepeatedHost);
        }
        if SECRET.contains(&name) {
            value.set_sensitive(true);
        }
        self.headers.append(name, value);
        Ok(())
    }

    /// Adds a cookie.
    ///
    /// # Errors
    /// When the name is not a token, or when the value has characters that a cookie must not have
    /// ([RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)).
    pub fn with_cookie(mut self, name: &str, value: &str) -> Result<Self, InvalidRequest> {
        let is_cookie_byte = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
        if !is_token(name) || !value.bytes().all(is_cookie_byte) {
            return Err(InvalidRequest::Cookie);
        }
        let mut line = match self.headers.get(header::COOKIE) {
            Some(before) => [before.as_bytes(), b"; "].concat(),
            None => Vec::new(),
        };
        line.extend_from_slice(name.as_bytes());
        line.push(b'=');
        line.extend_from_slice(value.as_bytes());
        let mut line = HeaderValue::from_bytes(&line).map_err(|_| InvalidRequest::Cookie)?;
        line.set_sensitive(true);
        self.headers.insert(header::COOKIE, line);
        Ok(self)
    }

    /// Offers subprotocols, in order of preference, after those that were offered before.
    ///
    /// # Errors
    /// When a subprotocol is not a token, or was offered already.
    pub fn with_subprotocols<S: AsRef<str>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidRequest> {
        self.add_subprotocols(names)?;
        Ok(self)
    }

    fn add_subprotocols<S: AsRef<str>>(
        &mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<(), InvalidRequest> {
        for name in names {
            let name = name.as_ref();
            if !is_token(name) {
                return Err(InvalidRequest::Subprotocol(name.to_owned()));
            }
            if self.subprotocols.iter().any(|known| known == name) {
                return Err(InvalidRequest::RepeatedSubprotocol(name.to_owned()));
            }
            self.subprotocols.push(name.to_owned());
        }
        Ok(())
    }

    /// Makes it an error when the server chooses none of the subprotocols. By default, the session
    /// then has no subprotocol.
    #[must_use]
    pub fn with_required_subprotocol(mut self) -> Self {
        self.requires_subprotocol = true;
        self
    }

    /// Offers the subprotocols of the handler, unless the request offers some already. Requires a
    /// subprotocol when the handler does.
    ///
    /// For authors of clients.
    ///
    /// # Errors
    /// When one of the handler's subprotocols is not a token, or occurs twice.
    pub fn for_handler(mut self, handler: &dyn WebSocketHandler) -> Result<Self, InvalidRequest> {
        if self.subprotocols.is_empty() {
            self.add_subprotocols(handler.subprotocols())?;
        }
        self.requires_subprotocol |= handler.requires_subprotocol();
        Ok(self)
    }

    /// Sets the settings of the session. The handshake timeout bounds the time until the server has
    /// answered, including all redirects that the client follows.
    #[must_use]
    pub fn with_settings(mut self, settings: impl Into<Arc<WebSocketSettings>>) -> Self {
        self.settings = settings.into();
        self
    }

    /// Connects to a Unix domain socket. The URL then gives the host and path to ask for, not the
    /// address.
    #[must_use]
    pub fn with_unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix_socket = Some(path.into());
        self
    }

    /// The URL.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether the scheme is `wss`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.uri.scheme().is_some_and(is_wss)
    }

    /// The host. An IPv6 address has no brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        inner.unwrap_or(host)
    }

    /// `client.10` The port. When the URL has none, it is 80 for `ws` and 443 for `wss`.
    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.is_secure() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(default)
    }

    /// The headers that the application set.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The subprotocols that the client offers, in order of preference.
    #[must_use]
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// Whether an answer without a subprotocol is an error.
    #[must_use]
    pub fn requires_subprotocol(&self) -> bool {
        self.requires_subprotocol
    }

    /// The settings of the session.
    #[must_use]
    pub fn settings(&self) -> &Arc<WebSocketSettings> {
        &self.settings
    }

    /// The Unix domain socket that the client connects to, if there is one.
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.unix_socket.as_deref()
    }

    /// Makes the same request for another URL, for example after a redirect.
    ///
    /// A request to another origin keeps only the header `User-Agent`, so that no credentials reach
    /// that origin.
    ///
    /// # Errors
    /// Says why the URL is invalid.
    pub fn redirected(mut self, url: &str) -> Result<Self, InvalidRequest> {
        let target = Self::new(url)?;
        let origin = |to: &Self| (to.is_secure(), to.host().to_ascii_lowercase(), to.port());
        if origin(&self) != origin(&target) {
            let agent = self.headers.remove(header::USER_AGENT);
            self.headers = agent
                .map(|agent| (header::USER_AGENT, agent))
                .into_iter()
                .collect();
        }
        self.uri = target.uri;
        Ok(self)
    }
}

impl TryFrom<&str> for ClientRequest {
    type Error = InvalidRequest;

    fn try_from(url: &str) -> Result<Self, InvalidRequest> {
        Self::new(url)
    }
}

/// Takes the headers of the request and drops its extensions. [`Uri`] itself has dropped a
/// fragment.
impl TryFrom<Request<()>> for ClientRequest {
    type Error = InvalidRequest;

    fn try_from(request: Request<()>) -> Result<Self, InvalidRequest> {
        let (head, ()) = request.into_parts();
        if head.method != Method::GET {
            return Err(InvalidRequest::Method);
        }
        let mut made = Self::from_uri(head.uri)?;
        for (name, value) in &head.headers {
            made.add_header(name.clone(), value.clone())?;
        }
        Ok(made)
    }
}

/// Headers whose values never appear in a log.
const SECRET: [HeaderName; 3] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
];

/// Headers that the handshake sets.
const RESERVED: [HeaderName; 8] = [
    header::UPGRADE,
    header::CONNECTION,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_ACCEPT,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

fn check(uri: &Uri) -> Result<(), InvalidRequest> {
    let scheme = uri.scheme().ok_or(InvalidRequest::Scheme)?;
    if !is_wss(scheme) && !scheme.as_str().eq_ignore_ascii_case("ws") {
        return Err(InvalidRequest::Scheme);
    }
    let authority = uri.authority().ok_or(InvalidRequest::Host)?;
    if authority.as_str().contains('@') {
        return Err(InvalidRequest::UserInfo);
    }
    if authority.host().is_empty() || authority.host() == "[]" {
        return Err(InvalidRequest::Host);
    }
    let after_host = &authority.as_str()[authority.host().len()..];
    if !after_host.is_empty() && !is_port(after_host) {
        return Err(InvalidRequest::Port);
    }
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let mut bytes = target.bytes().chain(authority.as_str().bytes());
    if !bytes.all(|byte| byte.is_ascii_graphic()) {
        return Err(InvalidRequest::Character);
    }
    Ok(())
}

/// Whether this is a colon and a port. The parser of numbers alone would accept a sign.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && digits.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_wss(scheme: &Scheme) -> bool {
    scheme.as_str().eq_ignore_ascii_case("wss")
}

/// Whether this is a token ([RFC 9110 section
/// 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)).
fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_says_what_is_wrong() {
        use InvalidRequest as Is;
        for (url, expected) in [
            ("http://h/", Is::Scheme),
            ("ftp://h/", Is::Scheme),
            ("/path", Is::Scheme),
            ("ws:///x", Is::Host),
            ("ws://", Is::Host),
            ("ws://?q", Is::Host),
            ("ws://:80/", Is::Host),
            ("ws://h:99999/", Is::Port),
            ("ws://h:0/", Is::Port),
            ("ws://h:/", Is::Port),
            ("ws://h:", Is::Port),
            ("ws://h:+80/", Is::Port),
            ("ws://h:-80/", Is::Port),
            ("ws://h:8x/", Is::Port),
            ("ws://h:65536/", Is::Port),
            ("ws://h:000080000/", Is::Port),
            ("ws://[::1]:+80/", Is::Port),
            ("ws://[::1]:/", Is::Port),
            ("ws://@h/", Is::UserInfo),
            ("ws://h/p#f", Is::Fragment),
            ("ws://h/#", Is::Fragment),
            ("ws://user:secret@h/", Is::UserInfo),
            ("ws://h/a b", Is::Character),
            ("ws://h/a\r\nX: y", Is::Character),
            ("ws://h/a\0", Is::Character),
            ("ws://h/\u{7f}", Is::Character),
            ("ws://h\n/", Is::Character),
            ("ws://h/é", Is::Character),
            ("ws://bücher.example/", Is::Character),
        ] {
            assert_eq!(ClientRequest::new(url).unwrap_err(), expected, "{url:?}");
        }
        assert!(ClientRequest::new("h").is_err());
        assert!(ClientRequest::new("").is_err());
    }

    #[test]
    fn host_and_port_are_read_from_the_url() {
        for (url, host, port, secure) in [
            ("ws://h", "h", 80, false),
            ("WSS://h?q", "h", 443, true),
            ("ws://h:8080/p", "h", 8080, false),
            ("wss://[::1]:9/p", "::1", 9, true),
            ("ws://[::1]/", "::1", 80, false),
        ] {
            let request = ClientRequest::new(url).unwrap();
            let seen = (request.host(), request.port(), request.is_secure());
            assert_eq!(seen, (host, port, secure), "{url}");
        }
    }

    #[test]
    fn what_is_set_is_checked() {
        use InvalidRequest as Is;
        let request = || ClientRequest::new("ws://h/").unwrap();
        let header = |name: &str, value: &str| request().with_header(name, value).unwrap_err();
        assert_eq!(header("a b", "c"), Is::HeaderName);
        let name = HeaderName::from_static("x-a");
        assert_eq!(header("x-a", "b\r\nc: d"), Is::HeaderValue(name.clone()));
        assert_eq!(header("x-a", "b\0"), Is::HeaderValue(name));
        assert_eq!(
            header("Upgrade", "h2c"),
            Is::ReservedHeader(header::UPGRADE)
        );
        for (name, value) in [("a", "b; c=d"), ("a", "\r\n"), ("a b", "c"), ("", "c")] {
            assert_eq!(request().with_cookie(name, value).unwrap_err(), Is::Cookie);
        }
        let offer = |names: &[&str]| request().with_subprotocols(names).unwrap_err();
        assert_eq!(offer(&["a", "a"]), Is::RepeatedSubprotocol("a".into()));
        assert_eq!(offer(&[""]), Is::Subprotocol(String::new()));
        assert_eq!(offer(&["a b"]), Is::Subprotocol("a b".into()));
        assert_eq!(offer(&["a\r\nb"]), Is::Subprotocol("a\r\nb".into()));
        assert!(request().with_subprotocols(["a", "A"]).is_ok());
    }

    #[test]
    fn cookies_share_one_line() {
        let request = ClientRequest::new("ws://h/").unwrap();
        let request = request.with_cookie("a", "1").unwrap();
        let request = request.with_cookie("b", "2").unwrap();
        assert_eq!(request.headers()[header::COOKIE], "a=1; b=2");
    }

    #[test]
    fn credentials_are_not_shown() {
        let request = ClientRequest::new("ws://h/").unwrap();
        let request = request.with_cookie("session", "secret").unwrap();
        let request = request.with_header("Authorization", "secret").unwrap();
        let shown = format!("{request:?}");
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_request_of_the_http_crate_keeps_headers_and_subprotocols() {
        let request = Request::get("ws://h/p")
            .header("x-a", "1")
            .header("x-a", "2")
            .header("sec-websocket-protocol", "a, b")
            .body(())
            .unwrap();
        let request = ClientRequest::try_from(request).unwrap();
        assert_eq!(request.headers().get_all("x-a").iter().count(), 2);
        assert_eq!(request.subprotocols(), ["a", "b"]);
        let request = Request::post("ws://h/").body(()).unwrap();
        let error = ClientRequest::try_from(request).unwrap_err();
        assert_eq!(error, InvalidRequest::Method);
    }

    #[test]
    fn another_origin_is_told_no_credentials() {
        let request = ClientRequest::new("ws://H/a").unwrap();
        let request = request.with_header("authorization", "secret").unwrap();
        let request = request.with_header("user-agent", "test").unwrap();
        let same = request.clone().redirected("ws://h:80/b").unwrap();
        assert_eq!(same.headers().len(), 2);
        for other in ["wss://h/", "ws://h:81/", "ws://i/"] {
            let other = request.clone().redirected(other).unwrap();
            let left: Vec<_> = other.headers().keys().collect();
            assert_eq!(left, ["user-agent"]);
        }
    }
}
