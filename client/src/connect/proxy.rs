use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use switchwire_core::{ClientRequest, client::ProxyError};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::no_proxy::NoProxy;
use crate::answer::{HeadError, read_head};

/// An HTTP proxy that opens tunnels with `CONNECT`
/// ([RFC 9110 section 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)).
///
/// ```
/// use switchwire_client::Proxy;
///
/// let proxy = Proxy::new("http://user:secret@proxy.example.com:3128")?;
/// assert_eq!(proxy.host(), "proxy.example.com");
/// # Ok::<(), switchwire_client::InvalidProxyUrl>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    secure: bool,
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Makes a proxy of a URL. The scheme is `http` or `https`; without a scheme, it is `http`. The
    /// URL may have a user name and a password, for basic authentication, percent-encoded as in
    /// every URL. Nothing but one slash may come after the host and the port. The default ports are
    /// 80 and 443.
    ///
    /// # Errors
    /// Says why the URL is not the URL of a proxy.
    pub fn new(url: &str) -> Result<Self, InvalidProxyUrl> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ => return Err(InvalidProxyUrl::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(InvalidProxyUrl::Tail);
        }
        let (user, address) = match rest.rsplit_once('@') {
            Some((user, address)) => (Some(user).filter(|user| !user.is_empty()), address),
            None => (None, rest),
        };
        let uri = format!("http://{address}/");
        let uri: Uri = uri.parse().map_err(|_| InvalidProxyUrl::Address)?;
        let host = uri.host().unwrap_or_default();
        let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let inner = inner.unwrap_or(host);
        if inner.is_empty() {
            return Err(InvalidProxyUrl::Address);
        }
        let port = match address.strip_prefix(host) {
            Some("") if secure => 443,
            Some("") => 80,
            Some(after_host) => port(after_host).ok_or(InvalidProxyUrl::Port)?,
            None => return Err(InvalidProxyUrl::Address),
        };
        Ok(Self {
            secure,
            host: inner.to_owned(),
            port,
            authorization: user.map(basic).transpose()?,
        })
    }

    /// The host. An IPv6 address has no brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the client speaks TLS with the proxy itself.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Asks for a tunnel to the server of the request.
    pub(super) async fn open_tunnel<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        io: &mut IO,
        request: &ClientRequest,
    ) -> Result<(), ProxyError> {
        let host = request.uri().host().unwrap_or_default();
        let port = request.port();
        let mut head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(authorization) = &self.authorization {
            head.push_str("Proxy-Authorization: ");
            head.push_str(authorization.to_str().expect("it is base64"));
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        io.write_all(head.as_bytes()).await?;
        io.flush().await?;
        let (answer, early) = read_head(io).await.map_err(|error| match error {
            HeadError::Io(error) => ProxyError::Io(error),
            HeadError::Violation(violation) => ProxyError::Violation(violation),
        })?;
        if !answer.status().is_success() {
            return Err(ProxyError::Refused(answer.status()));
        }
        if !early.is_empty() {
            // The client has sent the server nothing yet, so a byte here does not come from the
            // server.
            return Err(ProxyError::Violation(
                switchwire_core::client::HandshakeViolation::Syntax,
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("secure", &self.secure)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("authorization", &self.authorization.is_some())
            .finish()
    }
}

/// The port after a host. The parser of numbers alone would accept a sign.
fn port(after_host: &str) -> Option<u16> {
    let digits = after_host.strip_prefix(':')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| is_number);
    port.filter(|port| *port != 0)
}

/// The header for `user` or `user:password`, percent-encoded.
fn basic(user_info: &str) -> Result<HeaderValue, InvalidProxyUrl> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let mut pair: Vec<u8> = percent_decode_str(user).collect();
    if pair.contains(&b':') {
        return Err(InvalidProxyUrl::UserName);
    }
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let mut value = HeaderValue::try_from(value).expect("it is base64");
    value.set_sensitive(true);
    Ok(value)
}

/// Why a text is not the URL of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxyUrl {
    /// The scheme is not that of an HTTP proxy.
    #[error(
        "the URL of a proxy starts with http:// or https://; other kinds of proxy, such as SOCKS, are not supported"
    )]
    Scheme,
    /// The host is missing or malformed.
    #[error("the URL of the proxy has no valid host; write it like http://proxy.example.com:3128")]
    Address,
    /// The port is malformed.
    #[error("the port of the proxy must be a number from 1 to 65535")]
    Port,
    /// There is a path, a query or a fragment after the host and the port. Or a user name or a
    /// password has a character that must be percent-encoded.
    #[error(
        "the URL of a proxy ends after the host and the port; remove the rest, and in a user name or a password write %2F for /, %3F for ? and %23 for #"
    )]
    Tail,
    /// Basic authentication cannot transport the user name.
    #[error(
        "the user name for the proxy has a colon, and basic authentication cannot send one; use another user name"
    )]
    UserName,
}

/// Selects the proxy for a server.
#[derive(Debug, Clone)]
pub(crate) enum Proxies {
    None,
    One(Proxy),
    But(Proxy, NoProxy),
}

impl Proxies {
    /// Reads the variables of the environment through `variable`.
    pub(crate) fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidProxyUrl> {
        let read = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_ascii_uppercase()))?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let Some(url) = read("https_proxy").or_else(|| read("all_proxy")) else {
            return Ok(Self::None);
        };
        let no_proxy = NoProxy::parse(&read("no_proxy").unwrap_or_default());
        Ok(Self::But(Proxy::new(&url)?, no_proxy))
    }

    /// The proxy to use for this server, if there is one.
    pub(super) fn find(&self, host: &str, port: u16) -> Option<&Proxy> {
        match self {
            Self::None => None,
            Self::One(proxy) => Some(proxy),
            Self::But(_, no_proxy) if no_proxy.has(host, port) => None,
            Self::But(proxy, _) => Some(proxy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_from_its_url() {
        for (url, host, port, secure) in [
            ("http://p:3128", "p", 3128, false),
            ("p:3128", "p", 3128, false),
            ("https://p/", "p", 443, true),
            ("HTTP://p", "p", 80, false),
            ("http://[::1]:8080/", "::1", 8080, false),
            ("http://[::1]", "::1", 80, false),
            ("http://p:065535", "p", 65535, false),
        ] {
            let proxy = Proxy::new(url).unwrap();
            let seen = (proxy.host(), proxy.port(), proxy.is_secure());
            assert_eq!(seen, (host, port, secure), "{url}");
        }
        for (url, expected) in [
            ("socks5://p:1080", InvalidProxyUrl::Scheme),
            ("http://", InvalidProxyUrl::Address),
            ("http://:80", InvalidProxyUrl::Address),
            ("http://[]:80", InvalidProxyUrl::Address),
            ("http://user@", InvalidProxyUrl::Address),
            ("http://p:99999", InvalidProxyUrl::Port),
            ("http://p:65536", InvalidProxyUrl::Port),
            ("http://p:0", InvalidProxyUrl::Port),
            ("http://p:", InvalidProxyUrl::Port),
            ("http://p:/", InvalidProxyUrl::Port),
            ("http://p:+80", InvalidProxyUrl::Port),
            ("http://p:x", InvalidProxyUrl::Port),
            ("http://[::1]:+80", InvalidProxyUrl::Port),
            ("http://p/path", InvalidProxyUrl::Tail),
            ("http://p:80//", InvalidProxyUrl::Tail),
            ("http://p:80?x", InvalidProxyUrl::Tail),
            ("http://p:80/?x", InvalidProxyUrl::Tail),
            ("http://p:80#x", InvalidProxyUrl::Tail),
            ("p:80?x", InvalidProxyUrl::Tail),
            ("http://p:80/a@b", InvalidProxyUrl::Tail),
            ("http://user:a/b@p", InvalidProxyUrl::Tail),
            ("http://p\r\nX: y", InvalidProxyUrl::Address),
            ("http://a%3Ab:c@p", InvalidProxyUrl::UserName),
        ] {
            assert_eq!(Proxy::new(url).unwrap_err(), expected, "{url}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_not_shown() {
        let proxy = Proxy::new("http://Aladdin:open%20sesame@p:1").unwrap();
        let authorization = proxy.authorization.clone().unwrap();
        assert_eq!(authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{proxy:?}").contains("QWx"));
        assert_eq!(Proxy::new("http://@p:1").unwrap().authorization, None);
        let encoded = Proxy::new("http://a:%2F%3F%23@p:1").unwrap();
        assert_eq!(encoded.authorization.unwrap(), "Basic YTovPyM=");
    }

    #[test]
    fn the_environment_names_a_proxy_and_exceptions() {
        let find = |variables: &[(&str, &str)], host: &str| {
            let value = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            };
            let proxies = Proxies::from_variables(value).unwrap();
            proxies.find(host, 443).map(|proxy| proxy.host().to_owned())
        };
        assert_eq!(find(&[], "h"), None);
        assert_eq!(find(&[("HTTPS_PROXY", "")], "h"), None);
        assert_eq!(find(&[("HTTPS_PROXY", "a:1")], "h").unwrap(), "a");
        assert_eq!(find(&[("ALL_PROXY", "b:1")], "h").unwrap(), "b");
        let both = [
            ("ALL_PROXY", "b:1"),
            ("https_proxy", "c:1"),
            ("NO_PROXY", "n"),
        ];
        assert_eq!(find(&both, "h").unwrap(), "c");
        assert_eq!(find(&both, "n"), None);
    }
}
