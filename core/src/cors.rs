//! What pages of other sites may do ([the Fetch standard](https://fetch.spec.whatwg.org/#http-cors-protocol)).

mod allowed;
mod builder;

use std::time::Duration;

use http::{HeaderName, Method};

use self::allowed::Allowed;
pub use self::builder::{CorsConfigurationBuilder, InvalidCors};
use crate::origin::{Origin, OriginPattern};

/// Which pages of other sites may connect to a handler, and what their preflight requests are answered.
///
/// A handler can bring its own ([`WebSocketHandler::cors_configuration`](crate::WebSocketHandler::cors_configuration)),
/// a mapping can have some by URL pattern, and the two are [combined](Self::combine). Where a configuration applies, it
/// decides about origins, and the origin policy is not asked; a request of the server's own origin is always let in.
///
/// - `cors.build.1` What contradicts itself is an error when the configuration is built, not when a request comes:
///   any origin together with credentials, or with private networks.
/// - `cors.websocket.1` Browsers send their cookies with every WebSocket handshake, whatever a configuration says about
///   credentials: any origin means that every page of every site may connect as the user.
///
/// ```
/// use std::time::Duration;
/// use switchwire_core::CorsConfiguration;
///
/// let cors = CorsConfiguration::builder()
///     .with_allowed_origins(["https://app.example"])
///     .with_allowed_origin_patterns(["https://*.preview.example"])
///     .with_credentials(true)
///     .with_max_age(Duration::from_secs(600))
///     .build()?;
/// assert_eq!(cors.check_origin("https://app.example"), Some("https://app.example"));
///
/// let contradiction = CorsConfiguration::builder().with_allowed_origins(["*"]).with_credentials(true);
/// assert!(contradiction.build().is_err());
/// # Ok::<(), switchwire_core::InvalidCors>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsConfiguration {
    origins: Allowed<Origin>,
    origin_patterns: Vec<OriginPattern>,
    methods: Allowed<Method>,
    headers: Allowed<HeaderName>,
    exposed_headers: Allowed<HeaderName>,
    credentials: Option<bool>,
    private_network: Option<bool>,
    max_age: Option<Duration>,
}

impl CorsConfiguration {
    /// Starts with nothing allowed.
    pub fn builder() -> CorsConfigurationBuilder {
        CorsConfigurationBuilder::default()
    }

    /// What to answer to this `Origin` in `Access-Control-Allow-Origin`: the origin itself, or `*` when any is allowed.
    /// `None` when it is not allowed.
    #[must_use]
    pub fn check_origin<'a>(&self, origin: &'a str) -> Option<&'a str> {
        let parsed = Origin::parse(origin).ok()?;
        if self.origins.is_any() {
            return Some("*");
        }
        let allowed = self.origins.lists(&parsed)
            || self
                .origin_patterns
                .iter()
                .any(|pattern| pattern.matches(&parsed));
        allowed.then_some(origin)
    }

    /// The methods to answer to `Access-Control-Request-Method`. `None` when it is not allowed; with no method set,
    /// GET and HEAD are.
    #[must_use]
    pub fn check_method(&self, method: &Method) -> Option<Vec<Method>> {
        if self.methods.is_any() {
            return Some(vec![method.clone()]);
        }
        let allowed = match self.methods.listed() {
            [] => &[Method::GET, Method::HEAD],
            listed => listed,
        };
        allowed.contains(method).then(|| allowed.to_vec())
    }

    /// Those of the headers in `Access-Control-Request-Headers` that are allowed. `None` when there are some and none is.
    #[must_use]
    pub fn check_headers(&self, requested: &[HeaderName]) -> Option<Vec<HeaderName>> {
        if self.headers.is_any() || requested.is_empty() {
            return Some(requested.to_vec());
        }
        let allowed: Vec<_> = requested
            .iter()
            .filter(|name| self.headers.lists(name))
            .cloned()
            .collect();
        (!allowed.is_empty()).then_some(allowed)
    }

    /// The value of `Access-Control-Expose-Headers`, if there is one.
    #[must_use]
    pub fn exposed_headers(&self) -> Option<String> {
        self.exposed_headers.to_list(HeaderName::as_str)
    }

    /// Whether pages may send credentials and read the answer. Default no.
    #[must_use]
    pub fn allows_credentials(&self) -> bool {
        self.credentials == Some(true)
    }

    /// Whether pages of public sites may reach this server in a private network. Default no.
    #[must_use]
    pub fn allows_private_network(&self) -> bool {
        self.private_network == Some(true)
    }

    /// How long a browser may remember the answer to a preflight request. Default: the browser's own choice.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// This configuration with another one on top: the mapping's with the handler's.
    ///
    /// - `cors.combine.1` What lists origins, patterns, methods or headers is joined, in order and without duplicates;
    ///   `*` of either wins.
    /// - `cors.combine.2` An explicit value replaces one that [permits by
    ///   default](CorsConfigurationBuilder::with_permit_defaults).
    /// - `cors.combine.3` Credentials, private network and age are those of `other`, where it sets them.
    ///
    /// # Errors
    /// [`InvalidCors`] when the two contradict each other, such as any origin here and credentials there.
    pub fn combine(&self, other: &Self) -> Result<Self, InvalidCors> {
        let mut origin_patterns = self.origin_patterns.clone();
        for pattern in &other.origin_patterns {
            if !origin_patterns.contains(pattern) {
                origin_patterns.push(pattern.clone());
            }
        }
        if let Some(any) = origin_patterns.iter().position(OriginPattern::is_any) {
            origin_patterns = vec![origin_patterns.swap_remove(any)];
        }
        let mut origins = self.origins.combine(&other.origins);
        if origins.is_default() && !origin_patterns.is_empty() {
            origins = Allowed::default();
        }
        let combined = Self {
            origins,
            origin_patterns,
            methods: self.methods.combine(&other.methods),
            headers: self.headers.combine(&other.headers),
            exposed_headers: self.exposed_headers.combine(&other.exposed_headers),
            credentials: other.credentials.or(self.credentials),
            private_network: other.private_network.or(self.private_network),
            max_age: other.max_age.or(self.max_age),
        };
        combined.checked()
    }

    /// Refuses what contradicts itself.
    fn checked(self) -> Result<Self, InvalidCors> {
        if self.origins.is_any() && self.allows_credentials() {
            return Err(InvalidCors::AnyOriginWithCredentials);
        }
        if self.origins.is_any() && self.allows_private_network() {
            return Err(InvalidCors::AnyOriginWithPrivateNetwork);
        }
        if self.exposed_headers.is_any() && self.allows_credentials() {
            return Err(InvalidCors::AnyExposedHeaderWithCredentials);
        }
        Ok(self)
    }
}
