//! The information that a trusted proxy adds about the client.

mod rfc7239;
mod x_forwarded;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use switchwire_core::{HandshakeRequest, Origin};

/// The proxies in front of the server, and the header in which they name the client and how it
/// connected.
///
/// Set it on the [dispatcher](crate::WebSocketDispatcher::with_trusted_proxies) when a proxy
/// terminates TLS or changes `Host`. Without it, such a request does not seem to come from the
/// page's own origin, and gets 403.
///
/// - `forwarded.trust.1` By default, the dispatcher reads no such header. Otherwise it reads one,
///   and only when the connection comes from a listed address.
/// - `forwarded.trust.2` Of several proxies, the dispatcher trusts the last one that is listed. The
///   values before that are the client's own claims, and the dispatcher ignores them.
/// - `forwarded.parse.1` The dispatcher reads from the last value to the first. When it comes to a
///   malformed one, it ignores that one and all before it.
///
/// A proxy is named by its address, by its network, or by `unix:` when it connects over a Unix
/// socket. `unix:` trusts every connection that has no address. So do not use it on a server that
/// does not tell the addresses of TCP connections, such as axum without
/// `into_make_service_with_connect_info`.
///
/// Name the header that the proxies set themselves. A client can send the other one, and a proxy
/// that does not know that header passes it on.
///
/// ```
/// use switchwire_service::TrustedProxies;
///
/// let proxies = TrustedProxies::x_forwarded(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])?;
/// # Ok::<(), switchwire_service::InvalidProxy>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    /// Whether peers without an address are trusted.
    unix: bool,
    header: Header,
}

#[derive(Debug, Clone, Copy)]
enum Header {
    Forwarded,
    XForwarded,
}

/// The information of one proxy about the host it got the request from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Hop {
    /// The port is 0 when the proxy does not give it.
    client: Option<SocketAddr>,
    secure: Option<bool>,
    authority: Option<String>,
}

impl TrustedProxies {
    /// Trusts proxies that set `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)), by
    /// address or network, or as `unix:`.
    ///
    /// # Errors
    /// [`InvalidProxy`] when a text is not an address, not a network and not `unix:`.
    pub fn forwarded<T: AsRef<str>>(
        proxies: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidProxy> {
        Self::new(Header::Forwarded, proxies)
    }

    /// Trusts proxies that set `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, by address or
    /// network. Each proxy must set or remove every one of these headers that a client could have
    /// sent.
    ///
    /// # Errors
    /// [`InvalidProxy`] when a text is not an address, not a network and not `unix:`.
    pub fn x_forwarded<T: AsRef<str>>(
        proxies: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidProxy> {
        Self::new(Header::XForwarded, proxies)
    }

    fn new<T: AsRef<str>>(
        header: Header,
        proxies: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidProxy> {
        let mut this = Self {
            networks: Vec::new(),
            unix: false,
            header,
        };
        for text in proxies {
            let text = text.as_ref();
            let address = text.parse::<IpAddr>().map(IpNet::from);
            match address.or_else(|_| text.parse()) {
                Ok(network) => this.networks.push(network),
                Err(_) if text == "unix:" => this.unix = true,
                Err(_) => return Err(InvalidProxy(text.to_owned())),
            }
        }
        Ok(this)
    }

    /// Returns the request as the client sent it to the first proxy. Address, TLS and host are
    /// those that a trusted proxy gives.
    #[must_use]
    pub fn resolve(&self, request: HandshakeRequest) -> HandshakeRequest {
        let from_proxy = match request.remote_address() {
            Some(address) => self.trust(address),
            None => self.unix,
        };
        let hop = from_proxy.then(|| match self.header {
            Header::Forwarded => self.outermost(rfc7239::hops(request.headers())),
            Header::XForwarded => self.outermost(x_forwarded::hops(request.headers()).map(Some)),
        });
        let Some(hop) = hop.flatten() else {
            return request;
        };
        let address = hop.client.or(request.remote_address());
        let secure = hop.secure.unwrap_or(request.is_secure());
        let request = request.with_remote_address(address).with_secure(secure);
        match hop.authority.filter(|authority| is_authority(authority)) {
            Some(authority) => request.with_authority(authority),
            None => request,
        }
    }

    /// The information of the trusted proxy nearest to the client.
    fn outermost(&self, mut hops: impl Iterator<Item = Option<Hop>>) -> Option<Hop> {
        let mut hop = hops.next()??;
        while hop.client.is_some_and(|client| self.trust(client)) {
            match hops.next() {
                Some(Some(next)) => hop = next,
                Some(None) | None => break,
            }
        }
        Some(hop)
    }

    fn trust(&self, address: SocketAddr) -> bool {
        let address = address.ip().to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// An invalid address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an IP address, not a network such as 10.0.0.0/8, and not unix:")]
pub struct InvalidProxy(String);

/// Whether this is a host with or without a port, and nothing else.
fn is_authority(text: &str) -> bool {
    Origin::parse(&format!("http://{text}")).is_ok()
}

fn is_secure(scheme: &str) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

/// Parses an address as proxies write it: with or without a port, IPv6 with or without brackets.
fn parse_client(text: &str) -> Option<SocketAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(address) => Some((address, 0).into()),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client of a request that comes from `peer` with these headers.
    fn resolved(proxies: &TrustedProxies, peer: &str, headers: &[(&str, &str)]) -> String {
        let mut builder = http::Request::get("/").header("host", "backend:9001");
        for (name, value) in headers {
            builder = builder.header(*name, value.as_bytes());
        }
        let (head, ()) = builder.body(()).unwrap().into_parts();
        let request = HandshakeRequest::from(head).with_remote_address(peer.parse().ok());
        let request = proxies.resolve(request);
        let scheme = if request.is_secure() { "https" } else { "http" };
        let address = request.remote_address();
        let address = address.map_or("?".to_owned(), |address| address.to_string());
        format!("{} to {scheme}://{}", address, request.authority().unwrap())
    }

    #[test]
    fn only_a_listed_proxy_is_believed() {
        let proxies = TrustedProxies::x_forwarded(["127.0.0.1", "10.0.0.0/8"]).unwrap();
        let headers = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "chat.example"),
        ];
        let told = "192.0.2.1:0 to https://chat.example";
        for (peer, seen) in [
            ("127.0.0.1:5000", told),
            ("[::ffff:127.0.0.1]:5000", told),
            ("10.1.2.3:5000", told),
            ("127.0.0.2:5000", "127.0.0.2:5000 to http://backend:9001"),
            ("[::1]:5000", "[::1]:5000 to http://backend:9001"),
        ] {
            assert_eq!(resolved(&proxies, peer, &headers), seen, "{peer}");
        }
        let other = TrustedProxies::forwarded(["127.0.0.1"]).unwrap();
        let untouched = "127.0.0.1:5000 to http://backend:9001";
        assert_eq!(resolved(&other, "127.0.0.1:5000", &headers), untouched);
    }

    #[test]
    fn the_last_listed_proxy_is_believed_and_no_one_before() {
        let proxies = TrustedProxies::forwarded(["10.0.0.0/8"]).unwrap();
        let chain = "for=1.1.1.1;host=spoofed, for=192.0.2.1;host=chat.example;proto=https, for=10.0.0.2;host=inner";
        let seen = resolved(&proxies, "10.0.0.3:5000", &[("forwarded", chain)]);
        assert_eq!(seen, "192.0.2.1:0 to https://chat.example");
        let all_trusted = "for=10.0.0.9;host=a.example, for=10.0.0.2;host=b.example";
        let seen = resolved(&proxies, "10.0.0.3:5000", &[("forwarded", all_trusted)]);
        assert_eq!(seen, "10.0.0.9:0 to http://a.example");
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        let proxies = TrustedProxies::forwarded(["10.0.0.1"]).unwrap();
        let seen = |value| resolved(&proxies, "10.0.0.1:5000", &[("forwarded", value)]);
        let untouched = "10.0.0.1:5000 to http://backend:9001";
        assert_eq!(seen("for=192.0.2.1;host=\"chat.example"), untouched);
        assert_eq!(seen("for=192.0.2.1;host=chat.example, ="), untouched);
        assert_eq!(seen("for=_hidden;host=\"a b\";proto=gopher"), untouched);
        assert_eq!(seen("host=\"chat.example@evil.example\""), untouched);
    }

    #[test]
    fn a_client_cannot_hide_behind_its_proxy() {
        let by_list = TrustedProxies::forwarded(["127.0.0.1"]).unwrap();
        let by_x = TrustedProxies::x_forwarded(["127.0.0.1"]).unwrap();
        let told = "1.2.3.4:0 to https://backend:9001";
        for junk in ["x", "for=\"", "\u{ff}", ",", "for=127.0.0.1"] {
            let value = format!("{junk}, for=1.2.3.4;proto=https");
            let headers = [("forwarded", &*value)];
            assert_eq!(
                resolved(&by_list, "127.0.0.1:5000", &headers),
                told,
                "{junk}"
            );
            let value = format!("{junk}, 1.2.3.4");
            let headers = [("x-forwarded-for", &*value), ("x-forwarded-proto", "https")];
            assert_eq!(resolved(&by_x, "127.0.0.1:5000", &headers), told, "{junk}");
        }
        let headers = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "\u{ff}"),
        ];
        assert_eq!(resolved(&by_x, "127.0.0.1:5000", &headers), told);
    }

    #[test]
    fn a_proxy_on_a_unix_socket_is_named_unix() {
        let headers = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
        ];
        let proxies = TrustedProxies::x_forwarded(["unix:"]).unwrap();
        let told = "1.2.3.4:0 to https://backend:9001";
        assert_eq!(resolved(&proxies, "", &headers), told);
        let seen = resolved(&proxies, "127.0.0.1:5000", &headers);
        assert_eq!(seen, "127.0.0.1:5000 to http://backend:9001");
        let others = TrustedProxies::x_forwarded(["127.0.0.1"]).unwrap();
        assert_eq!(resolved(&others, "", &headers), "? to http://backend:9001");
    }

    #[test]
    fn an_address_that_is_none_is_an_error() {
        for text in [
            "",
            "unix",
            "unix:/run/socket",
            "localhost",
            "10.0.0.0/33",
            "10.0.0.1:80",
        ] {
            let error = TrustedProxies::forwarded([text]).unwrap_err();
            assert_eq!(error, InvalidProxy(text.to_owned()));
        }
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (text, address) in [
            ("192.0.2.1", Some("192.0.2.1:0")),
            ("192.0.2.1:80", Some("192.0.2.1:80")),
            ("2001:db8::1", Some("[2001:db8::1]:0")),
            ("[2001:db8::1]", Some("[2001:db8::1]:0")),
            ("[2001:db8::1]:80", Some("[2001:db8::1]:80")),
            ("unknown", None),
            ("_hidden", None),
            ("192.0.2.1:_port", None),
            ("", None),
        ] {
            assert_eq!(
                parse_client(text),
                address.map(|text| text.parse().unwrap()),
                "{text}"
            );
        }
    }
}
