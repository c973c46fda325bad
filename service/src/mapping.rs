//! Maps paths to handlers.

mod cors;
mod error;
mod pattern;

use std::{fmt, sync::Arc};

use percent_encoding::percent_decode_str;
use switchwire_core::{CorsConfiguration, Endpoint, WebSocketHandler};

use self::cors::CorsMapping;
pub use self::error::InvalidMapping;
use self::error::Reason;
use switchwire_protocol::header_list::is_token;

/// Maps URL paths to handlers.
///
/// Patterns may have parameters: `{name}` for one segment, `{*rest}` for the rest of the path. The
/// handler reads parameters through
/// [`HandshakeInfo::path_parameter`](switchwire_core::HandshakeInfo::path_parameter).
///
/// - `mapping.path.1` The mapping matches a path as the client sent it: `/%65cho`, `//echo` and
///   `/echo/` are not `/echo`.
/// - `mapping.path.2` A WebSocket request for a path that is not mapped gets 404.
/// - `mapping.path.3` The most specific pattern wins, whatever the order in which the patterns were
///   mapped.
/// - `mapping.parameter.1` The handler gets parameters decoded. A path with a parameter that is not
///   UTF-8 is not mapped.
/// - `mapping.conflict.1` When two patterns match the same paths, mapping the second is an error.
/// - `mapping.order.1` Of [several mappings](crate::WebSocketDispatcher::new), the one with the
///   lowest order that has the path wins. Mappings of the same order count as one.
///
/// ```
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/chat/{room}", |session: WebSocketSession| async move {
///     let room = session.handshake_info().path_parameter("room").unwrap_or_default().to_owned();
///     Ok(session.send(format!("welcome to {room}")).await?)
/// })?;
/// let found = mapping.find("/chat/caf%C3%A9").unwrap();
/// assert_eq!(found.path_parameters, [("room".to_owned(), "café".to_owned())]);
/// assert!(mapping.find("/chat").is_none());
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Clone, Default)]
pub struct UrlHandlerMapping {
    order: i32,
    /// Finds the index of an entry.
    router: matchit::Router<usize>,
    entries: Vec<Entry>,
    fallback: Option<Endpoint>,
    cors: CorsMapping,
}

/// A pattern and its endpoint.
type Entry = (Arc<str>, Endpoint);

/// A mapped path.
#[derive(Debug)]
pub struct MappedPath<'a> {
    /// The pattern that matches the path. `None` when only the fallback does.
    pub pattern: Option<&'a Arc<str>>,
    /// The endpoint that serves the path.
    pub endpoint: &'a Endpoint,
    /// The parameters found in the path, decoded, in the order of the pattern.
    pub path_parameters: Vec<(String, String)>,
    /// The CORS configuration: the mapping's for the path, combined with the handler's.
    pub cors: Option<Arc<CorsConfiguration>>,
}

impl UrlHandlerMapping {
    /// Makes an empty mapping.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps a pattern to a handler with the default settings.
    ///
    /// # Errors
    /// [`InvalidMapping`] when the pattern is malformed or conflicts with another one, when a
    /// subprotocol of the handler is not a token, or when the handler's CORS configuration
    /// contradicts the mapping's for these paths.
    pub fn with(
        self,
        pattern: &str,
        handler: impl WebSocketHandler + 'static,
    ) -> Result<Self, InvalidMapping> {
        self.with_endpoint(pattern, Endpoint::new(handler))
    }

    /// Maps a pattern to an endpoint: a handler with settings and interceptors of its own.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn with_endpoint(
        mut self,
        pattern: &str,
        endpoint: Endpoint,
    ) -> Result<Self, InvalidMapping> {
        let invalid = |reason| InvalidMapping::new(pattern, reason);
        pattern::check(pattern).map_err(invalid)?;
        for name in endpoint.handler().subprotocols() {
            if !is_token(name) {
                return Err(invalid(Reason::Subprotocol((*name).to_owned())));
            }
        }
        if let Some(handlers) = endpoint.handler().cors_configuration() {
            self.cors
                .check_handler(pattern, handlers)
                .map_err(invalid)?;
        }
        self.router
            .insert(pattern, self.entries.len())
            .map_err(|source| invalid(Reason::Pattern(source)))?;
        self.entries.push((pattern.into(), endpoint));
        Ok(self)
    }

    /// Maps every path that no pattern matches, without parameters.
    #[must_use]
    pub fn with_fallback(mut self, endpoint: Endpoint) -> Self {
        self.fallback = Some(endpoint);
        self
    }

    /// Sets the CORS configuration of the paths of a pattern. The mapping
    /// [combines](CorsConfiguration::combine) it with a handler's own. The most specific pattern
    /// wins.
    ///
    /// - `cors.preflight.1` The dispatcher answers a preflight request to a mapped path that has a
    ///   configuration: 204 with the allowed values, or 403. A preflight request to any other path
    ///   belongs to the application.
    /// - `cors.response.1` The accepting response to a handshake from another origin says that the
    ///   origin is allowed. (It is 101, or 200 for an extended CONNECT.)
    /// - `cors.vary.1` Both answers name in `Vary` the headers that they depend on, each name once.
    ///
    /// # Errors
    /// [`InvalidMapping`] when the pattern is malformed or conflicts with another one, or when the
    /// configuration contradicts that of a handler mapped to such a path.
    pub fn with_cors(
        mut self,
        pattern: &str,
        cors: CorsConfiguration,
    ) -> Result<Self, InvalidMapping> {
        pattern::check(pattern).map_err(|reason| InvalidMapping::new(pattern, reason))?;
        let handlers = self.entries.iter().filter_map(|(pattern, endpoint)| {
            let cors = endpoint.handler().cors_configuration()?;
            Some((&**pattern, cors))
        });
        self.cors
            .insert(pattern, cors, handlers)
            .map_err(|reason| InvalidMapping::new(pattern, reason))?;
        Ok(self)
    }

    /// Sets the order of this mapping among several. The dispatcher searches lower orders first.
    /// Default: 0.
    #[must_use]
    pub fn with_order(mut self, order: i32) -> Self {
        self.order = order;
        self
    }

    /// The order of this mapping.
    #[must_use]
    pub fn order(&self) -> i32 {
        self.order
    }

    /// Finds the endpoint of a path. Pass the path as the client sent it.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<MappedPath<'_>> {
        let (pattern, endpoint, path_parameters) = match self.find_pattern(path) {
            Some(((pattern, endpoint), found)) => (Some(pattern), endpoint, found),
            None => (None, self.fallback.as_ref()?, Vec::new()),
        };
        Some(MappedPath {
            pattern,
            endpoint,
            path_parameters,
            cors: self
                .cors
                .find(path, endpoint.handler().cors_configuration()),
        })
    }

    fn find_pattern(&self, path: &str) -> Option<(&Entry, Vec<(String, String)>)> {
        let found = self.router.at(path).ok()?;
        let decoded = found.params.iter().map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((name.to_owned(), value.into_owned()))
        });
        Some((&self.entries[*found.value], decoded.collect::<Option<_>>()?))
    }

    /// The patterns, in the order in which they were mapped.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(pattern, _)| &**pattern)
    }

    /// Whether there is an endpoint for the paths that no pattern matches.
    #[must_use]
    pub fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// Every endpoint, in the order in which they were mapped.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let mapped = self.entries.iter().map(|(_, endpoint)| endpoint);
        mapped.chain(&self.fallback)
    }

    /// Adds another mapping of the same order to this one.
    pub(crate) fn merge(mut self, other: Self) -> Result<Self, InvalidMapping> {
        for (pattern, cors) in other.cors.into_entries() {
            self = self.with_cors(&pattern, cors)?;
        }
        for (pattern, endpoint) in other.entries {
            self = self.with_endpoint(&pattern, endpoint)?;
        }
        if self.fallback.is_some() && other.fallback.is_some() {
            return Err(InvalidMapping::new("", Reason::Fallback));
        }
        self.fallback = self.fallback.or(other.fallback);
        Ok(self)
    }
}

impl fmt::Debug for UrlHandlerMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlHandlerMapping")
            .field("order", &self.order)
            .field("patterns", &self.patterns().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
