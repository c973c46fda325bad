use std::time::Duration;

use http::{HeaderName, Method};

use super::{Allowed, CorsConfiguration};
use crate::origin::{InvalidOrigin, Origin, OriginPattern};

/// Builds a [`CorsConfiguration`]. Each call adds to the list. `"*"` in a list means any.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is allowed until `build`"]
pub struct CorsConfigurationBuilder {
    configuration: CorsConfiguration,
    error: Option<InvalidCors>,
}

impl CorsConfigurationBuilder {
    /// Allows these origins.
    pub fn with_allowed_origins<T: AsRef<str>>(
        mut self,
        origins: impl IntoIterator<Item = T>,
    ) -> Self {
        for text in origins {
            match (text.as_ref(), Origin::parse(text.as_ref())) {
                ("*", _) => self.configuration.origins.allow_any(),
                (_, Ok(origin)) => self.configuration.origins.allow(origin),
                (text, Err(error)) => self.fail(InvalidCors::Origin(text.to_owned(), error)),
            }
        }
        self
    }

    /// Allows the origins of these [patterns](OriginPattern). The pattern `*` may be combined with
    /// credentials, unlike any origin: the answer then names each origin itself. Note that this
    /// pattern lets every site connect.
    pub fn with_allowed_origin_patterns<T: AsRef<str>>(
        mut self,
        patterns: impl IntoIterator<Item = T>,
    ) -> Self {
        for text in patterns {
            let text = text.as_ref();
            match OriginPattern::parse(text) {
                Ok(pattern) => self.configuration.origin_patterns.push(pattern),
                Err(error) => self.fail(InvalidCors::Origin(text.to_owned(), error)),
            }
        }
        self
    }

    /// Allows these methods, compared exactly. With none set, GET and HEAD are allowed.
    pub fn with_allowed_methods<T: AsRef<str>>(
        mut self,
        methods: impl IntoIterator<Item = T>,
    ) -> Self {
        for text in methods {
            let text = text.as_ref();
            match (text, text.parse::<Method>()) {
                ("*", _) => self.configuration.methods.allow_any(),
                (_, Ok(method)) => self.configuration.methods.allow(method),
                (_, Err(_)) => self.fail(InvalidCors::Method(text.to_owned())),
            }
        }
        self
    }

    /// Allows these request headers. Case does not matter.
    pub fn with_allowed_headers<T: AsRef<str>>(
        mut self,
        headers: impl IntoIterator<Item = T>,
    ) -> Self {
        for text in headers {
            if let Err(error) = add_header(&mut self.configuration.headers, text.as_ref()) {
                self.fail(error);
            }
        }
        self
    }

    /// Lets pages read these response headers.
    pub fn with_exposed_headers<T: AsRef<str>>(
        mut self,
        headers: impl IntoIterator<Item = T>,
    ) -> Self {
        for text in headers {
            if let Err(error) = add_header(&mut self.configuration.exposed_headers, text.as_ref()) {
                self.fail(error);
            }
        }
        self
    }

    /// Sets whether pages may send credentials and read the answer.
    pub fn with_credentials(mut self, allowed: bool) -> Self {
        self.configuration.credentials = Some(allowed);
        self
    }

    /// Sets whether pages of public sites may reach this server in a private network.
    pub fn with_private_network(mut self, allowed: bool) -> Self {
        self.configuration.private_network = Some(allowed);
        self
    }

    /// Sets how long a browser may cache the answer to a preflight request, in whole seconds.
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.configuration.max_age = Some(age);
        self
    }

    /// Permits what is not set yet: any origin, the methods GET, HEAD and POST, any request header,
    /// and caching for 30 minutes. In [`combine`](CorsConfiguration::combine), explicit values
    /// replace these.
    pub fn with_permit_defaults(mut self) -> Self {
        let configuration = &mut self.configuration;
        if configuration.origins.is_unset() && configuration.origin_patterns.is_empty() {
            configuration.origins = Allowed::default_any();
        }
        if configuration.methods.is_unset() {
            let methods = vec![Method::GET, Method::HEAD, Method::POST];
            configuration.methods = Allowed::default_list(methods);
        }
        if configuration.headers.is_unset() {
            configuration.headers = Allowed::default_any();
        }
        configuration
            .max_age
            .get_or_insert(Duration::from_secs(1800));
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`InvalidCors`] for the first malformed value, or for a contradiction.
    pub fn build(self) -> Result<CorsConfiguration, InvalidCors> {
        match self.error {
            Some(error) => Err(error),
            None => self.configuration.checked(),
        }
    }

    fn fail(&mut self, error: InvalidCors) {
        self.error.get_or_insert(error);
    }
}

fn add_header(headers: &mut Allowed<HeaderName>, text: &str) -> Result<(), InvalidCors> {
    if text == "*" {
        headers.allow_any();
        return Ok(());
    }
    let name = text
        .parse()
        .map_err(|_| InvalidCors::Header(text.to_owned()))?;
    headers.allow(name);
    Ok(())
}

/// Why a CORS configuration is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCors {
    /// Not an origin, or not a pattern of origins.
    #[error("{0:?} is {1}")]
    Origin(String, InvalidOrigin),
    /// Not an HTTP method.
    #[error("{0:?} is no HTTP method")]
    Method(String),
    /// Not the name of a header.
    #[error("{0:?} is no header name")]
    Header(String),
    /// Browsers refuse `*` for requests with credentials.
    #[error("any origin cannot go with credentials; list the origins, or use origin patterns")]
    AnyOriginWithCredentials,
    /// Every site could reach the private network.
    #[error(
        "any origin cannot go with private network access; list the origins, or use origin patterns"
    )]
    AnyOriginWithPrivateNetwork,
    /// Browsers read `*` as the name of a header when there are credentials.
    #[error("any exposed header cannot go with credentials; list the headers")]
    AnyExposedHeaderWithCredentials,
}
