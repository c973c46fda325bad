//! Decides which web pages may connect ([RFC 6455 section
//! 10.2](https://www.rfc-editor.org/rfc/rfc6455#section-10.2)).

use http::{Method, header};
use switchwire_core::{HandshakeRequest, InvalidOrigin, Origin, OriginPattern, spi::Opening};

use super::single;

/// The allowed origins, where no CORS configuration decides. A request of the server's own origin
/// is always allowed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum OriginPolicy {
    /// Only pages of this server: scheme, host and port are those of the request.
    #[default]
    SameOrigin,
    /// Pages of this server, and pages whose origin matches one of these patterns.
    AllowList(Vec<OriginPattern>),
    /// Every page of every site, with the cookies that the browser has for this server. Only for
    /// public endpoints that read no cookie.
    Any,
}

impl OriginPolicy {
    /// Allows the server's own origin, and origins that match one of these patterns.
    ///
    /// ```
    /// use switchwire_service::OriginPolicy;
    ///
    /// let policy = OriginPolicy::allow_list(["https://chat.example", "https://*.preview.example:[443,8443]"])?;
    /// assert!(OriginPolicy::allow_list(["https://chat.example/"]).is_err());
    /// # Ok::<(), switchwire_core::InvalidOrigin>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidOrigin`] when a text is not a pattern.
    pub fn allow_list<T: AsRef<str>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidOrigin> {
        let patterns = patterns
            .into_iter()
            .map(|text| OriginPattern::parse(text.as_ref()));
        patterns.collect::<Result<_, _>>().map(Self::AllowList)
    }

    fn allows(&self, origin: &Origin) -> bool {
        match self {
            Self::SameOrigin => false,
            Self::AllowList(patterns) => patterns.iter().any(|pattern| pattern.matches(origin)),
            Self::Any => true,
        }
    }
}

/// Whether a page with this request's origin may connect. The CORS configuration decides if there
/// is one; otherwise, the policy decides. A request without `Origin` does not come from a web page.
pub(super) fn is_allowed(request: &HandshakeRequest, policy: &OriginPolicy) -> bool {
    if !request.headers().contains_key(header::ORIGIN) || is_same_origin(request) {
        return true;
    }
    let Some(text) = single(request.headers(), &header::ORIGIN) else {
        return false;
    };
    match request.cors_configuration() {
        Some(cors) => {
            // A page asks in the same way, whichever version of HTTP carries it.
            let method = match request.opening() {
                Opening::Upgrade => request.method(),
                Opening::ExtendedConnect => &Method::GET,
            };
            cors.check_origin(text).is_some() && cors.check_method(method).is_some()
        }
        None if matches!(policy, OriginPolicy::Any) => true,
        None => Origin::parse(text).is_ok_and(|origin| policy.allows(&origin)),
    }
}

/// Whether the request comes from a page of this server.
pub(crate) fn is_same_origin(request: &HandshakeRequest) -> bool {
    let scheme = if request.is_secure() { "https" } else { "http" };
    let own = request.authority().and_then(|it| origin_of(scheme, it));
    let origin =
        single(request.headers(), &header::ORIGIN).and_then(|text| Origin::parse(text).ok());
    own.is_some() && own == origin
}

/// The origin of an authority, in which a port may be empty or have leading zeros ([RFC 3986 section
/// 3.2.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.2.3)).
fn origin_of(scheme: &str, authority: &str) -> Option<Origin> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    };
    let text = match port.parse::<u16>() {
        Ok(port) => format!("{scheme}://{host}:{port}"),
        Err(_) if port.is_empty() => format!("{scheme}://{host}"),
        Err(_) => return None,
    };
    Origin::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use switchwire_core::CorsConfiguration;

    use super::*;

    fn request(host: &str, origin: &str) -> HandshakeRequest {
        let (head, ()) = http::Request::get("/")
            .header("host", host)
            .header("origin", origin)
            .body(())
            .unwrap()
            .into_parts();
        head.into()
    }

    #[test]
    fn only_the_same_scheme_host_and_port_are_the_same_origin() {
        let allows = |host, origin| is_allowed(&request(host, origin), &OriginPolicy::SameOrigin);
        assert!(allows("good.example", "http://good.example"));
        assert!(allows("good.example:80", "HTTP://Good.Example"));
        assert!(allows("[::1]:9001", "http://[::1]:9001"));
        assert!(allows("[::1]", "http://[::1]"));
        assert!(allows("good.example:", "http://good.example"));
        assert!(allows("good.example:080", "http://good.example"));
        assert!(!allows("good.example:0", "http://good.example"));
        assert!(!allows("good.example:65616", "http://good.example"));
        for origin in [
            "https://good.example",
            "http://good.example:8080",
            "http://good.example.",
            "http://good.example.evil.com",
            "http://evilgood.example",
            "http://good.example@evil.com",
            "http://good.example/",
            "null",
            "file://",
            "a b",
            "",
        ] {
            assert!(!allows("good.example", origin), "{origin}");
        }
    }

    #[test]
    fn behind_a_proxy_the_origin_is_that_of_the_client() {
        let own = |request: HandshakeRequest| is_allowed(&request, &OriginPolicy::SameOrigin);
        let tls = || request("10.0.0.1:9001", "https://chat.example").with_secure(true);
        assert!(!own(tls()));
        assert!(own(tls().with_authority("chat.example".to_owned())));
        assert!(!own(tls().with_authority("chat.example:8443".to_owned())));
    }

    #[test]
    fn a_listed_origin_is_let_in_and_null_only_when_listed() {
        let policy = OriginPolicy::allow_list(["https://good.example", "https://*.fine.example"]);
        let policy = policy.unwrap();
        let allows = |origin| is_allowed(&request("other", origin), &policy);
        assert!(allows("https://good.example:443"));
        assert!(allows("https://very.fine.example"));
        assert!(allows("http://other"));
        assert!(!allows("null"));
        let null = OriginPolicy::allow_list(["null"]).unwrap();
        assert!(is_allowed(&request("other", "null"), &null));
    }

    #[test]
    fn where_a_cors_configuration_applies_the_policy_is_not_asked() {
        let cors = CorsConfiguration::builder().with_allowed_origins(["https://app.example"]);
        let cors = Arc::new(cors.build().unwrap());
        let allows = |origin| {
            let request = request("other", origin).with_cors_configuration(Some(cors.clone()));
            is_allowed(&request, &OriginPolicy::Any)
        };
        assert!(allows("https://app.example"));
        assert!(allows("http://other"), "its own origin");
        assert!(!allows("https://good.example"));
    }

    #[test]
    fn an_extended_connect_is_a_get_to_cors() {
        let cors = CorsConfiguration::builder().with_allowed_origins(["https://app.example"]);
        let cors = Some(Arc::new(cors.build().unwrap()));
        let allows = |origin: &str| {
            let (head, ()) = http::Request::connect("https://chat.example/")
                .header("origin", origin)
                .body(())
                .unwrap()
                .into_parts();
            let request = HandshakeRequest::from(head)
                .with_protocol(Some("websocket".to_owned()))
                .with_cors_configuration(cors.clone());
            is_allowed(&request, &OriginPolicy::SameOrigin)
        };
        assert!(allows("https://app.example"));
        assert!(!allows("https://evil.example"));
    }

    #[test]
    fn two_origins_are_none() {
        let (mut head, ()) = http::Request::new(()).into_parts();
        for origin in ["http://good.example", "http://good.example"] {
            head.headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        head.headers
            .insert(header::HOST, "good.example".parse().unwrap());
        assert!(!is_allowed(&head.into(), &OriginPolicy::SameOrigin));
    }
}
