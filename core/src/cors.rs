//! CORS: what pages of other sites may do ([the Fetch
//! standard](https://fetch.spec.whatwg.org/#http-cors-protocol)).

mod allowed;
mod builder;

use std::time::Duration;

use http::{HeaderName, Method};

use self::allowed::Allowed;
pub use self::builder::{CorsConfigurationBuilder, InvalidCors};
use crate::origin::{Origin, OriginPattern};

/// Says which pages of other sites may connect to a handler, and how the server answers their
/// preflight requests.
///
/// A handler can bring its own configuration
/// ([`WebSocketHandler::cors_configuration`](crate::WebSocketHandler::cors_configuration)), and a
/// mapping can have one for each URL pattern. The mapping [combines](Self::combine) the two. Where
/// a configuration applies, it decides about origins instead of the origin policy. A request of the
/// server's own origin is always allowed.
///
/// - `cors.build.1` A contradiction is an error when the configuration is built, not when a request
///   arrives. Any origin contradicts credentials, and it contradicts private networks.
/// - `cors.websocket.1` Browsers send their cookies with every WebSocket handshake, whatever a
///   configuration says about credentials. Any origin therefore means that every page of every site
///   may connect as the user.
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
    /// Starts a configuration that allows nothing.
    pub fn builder() -> CorsConfigurationBuilder {
        CorsConfigurationBuilder::default()
    }

    /// The value of `Access-Control-Allow-Origin` for this `Origin`: the origin itself, or `*` when
    /// any origin is allowed. `None` when the origin is not allowed.
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

    /// The methods for the answer to `Access-Control-Request-Method`. `None` when the method is not
    /// allowed. When no method is set, GET and HEAD are allowed.
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

    /// The allowed headers among those in `Access-Control-Request-Headers`. `None` when headers are
    /// requested and none of them is allowed.
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

    /// Whether pages may send credentials and read the answer. Default: no.
    #[must_use]
    pub fn allows_credentials(&self) -> bool {
        self.credentials == Some(true)
    }

    /// Whether pages of public sites may reach this server in a private network. Default: no.
    #[must_use]
    pub fn allows_private_network(&self) -> bool {
        self.private_network == Some(true)
    }

    /// How long a browser may cache the answer to a preflight request. Default: the browser
    /// decides.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Combines this configuration with another one on top: the mapping's with the handler's.
    ///
    /// - `cors.combine.1` Lists of origins, patterns, methods and headers are joined, in order and
    ///   without duplicates. `*` in either list wins.
    /// - `cors.combine.2` Explicit values replace what is [permitted by
    ///   default](CorsConfigurationBuilder::with_permit_defaults).
    /// - `cors.combine.3` Credentials, private network and age are those of `other`, where it sets
    ///   them.
    ///
    /// # Errors
    /// [`InvalidCors`] when the two contradict each other, for example any origin in one and
    /// credentials in the other.
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

    /// Refuses a configuration that contradicts itself.
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
