//! Which handler serves which path.

use std::fmt;

use percent_encoding::percent_decode_str;
use switchwire_core::{Endpoint, WebSocketHandler};

/// Maps URL paths to handlers.
///
/// Patterns may have parameters: `{name}` for one segment, `{*rest}` for the rest of the path. The most specific
/// pattern wins. Parameters reach the handler decoded, through
/// [`HandshakeInfo::path_parameter`](switchwire_core::HandshakeInfo::path_parameter).
///
/// - `mapping.path.1` A path is matched as the client sent it: `/%65cho`, `//echo` and `/echo/` are not `/echo`.
/// - `mapping.path.2` A WebSocket request for a path that is not mapped gets 404.
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
    router: matchit::Router<Endpoint>,
    patterns: Vec<String>,
    fallback: Option<Endpoint>,
}

/// A mapped path.
#[derive(Debug)]
pub struct MappedPath<'a> {
    /// Who serves it.
    pub endpoint: &'a Endpoint,
    /// The parameters found in the path, decoded, in the order of the pattern.
    pub path_parameters: Vec<(String, String)>,
}

impl UrlHandlerMapping {
    /// A mapping of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps a pattern to a handler with the default settings.
    ///
    /// # Errors
    /// [`InvalidMapping`] when the pattern is malformed or conflicts with one that is there.
    pub fn with(
        self,
        pattern: &str,
        handler: impl WebSocketHandler + 'static,
    ) -> Result<Self, InvalidMapping> {
        self.with_endpoint(pattern, Endpoint::new(handler))
    }

    /// Maps a pattern to an endpoint: a handler with settings of its own.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn with_endpoint(
        mut self,
        pattern: &str,
        endpoint: Endpoint,
    ) -> Result<Self, InvalidMapping> {
        self.router
            .insert(pattern, endpoint)
            .map_err(|source| InvalidMapping {
                pattern: pattern.to_owned(),
                source,
            })?;
        self.patterns.push(pattern.to_owned());
        Ok(self)
    }

    /// Maps every path that no pattern has, without parameters.
    #[must_use]
    pub fn with_fallback(mut self, endpoint: Endpoint) -> Self {
        self.fallback = Some(endpoint);
        self
    }

    /// The endpoint of a path, which is taken as the client sent it.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<MappedPath<'_>> {
        self.find_pattern(path).or_else(|| {
            Some(MappedPath {
                endpoint: self.fallback.as_ref()?,
                path_parameters: Vec::new(),
            })
        })
    }

    fn find_pattern(&self, path: &str) -> Option<MappedPath<'_>> {
        let found = self.router.at(path).ok()?;
        let path_parameters = found
            .params
            .iter()
            .map(|(name, value)| {
                let value = percent_decode_str(value).decode_utf8().ok()?;
                Some((name.to_owned(), value.into_owned()))
            })
            .collect::<Option<_>>()?;
        Some(MappedPath {
            endpoint: found.value,
            path_parameters,
        })
    }

    /// The patterns, in the order they were mapped.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(String::as_str)
    }
}

impl fmt::Debug for UrlHandlerMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlHandlerMapping")
            .field("patterns", &self.patterns)
            .finish_non_exhaustive()
    }
}

/// A pattern that cannot be mapped.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the pattern {pattern:?} cannot be mapped: {source}")]
pub struct InvalidMapping {
    pattern: String,
    source: matchit::InsertError,
}

#[cfg(test)]
mod tests {
    use switchwire_core::WebSocketSession;

    use super::*;

    fn mapping(patterns: &[&str]) -> Result<UrlHandlerMapping, InvalidMapping> {
        patterns
            .iter()
            .try_fold(UrlHandlerMapping::new(), |mapping, pattern| {
                mapping.with(pattern, |_: WebSocketSession| async { Ok(()) })
            })
    }

    #[test]
    fn the_path_is_matched_as_it_was_sent() {
        let mapping = mapping(&["/echo"]).unwrap();
        assert!(mapping.find("/echo").is_some());
        for path in ["/%65cho", "//echo", "/echo/", "/./echo", "/echo;x=1"] {
            assert!(mapping.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_most_specific_pattern_wins() {
        let mapping = mapping(&["/{*rest}", "/a/{b}", "/a/b"]).unwrap();
        let names = |path: &str| {
            let found = mapping.find(path).unwrap();
            let mut names = found.path_parameters.into_iter().map(|(name, _)| name);
            names.next()
        };
        assert_eq!(names("/a/b"), None);
        assert_eq!(names("/a/c").as_deref(), Some("b"));
        assert_eq!(names("/a/c/d").as_deref(), Some("rest"));
    }

    #[test]
    fn a_conflict_names_the_pattern() {
        let error = mapping(&["/a/{b}", "/a/{c}"]).unwrap_err();
        assert!(error.to_string().contains("/a/{c}"), "{error}");
    }

    #[test]
    fn the_fallback_has_every_path_that_no_pattern_has() {
        let endpoint = Endpoint::new(|_: WebSocketSession| async { Ok(()) });
        let mapping = mapping(&["/a/{b}"]).unwrap().with_fallback(endpoint);
        assert_eq!(mapping.find("/a/b").unwrap().path_parameters.len(), 1);
        for path in ["/", "/a", "/a/b/c", "/a/%ff"] {
            assert!(mapping.find(path).unwrap().path_parameters.is_empty());
        }
    }

    #[test]
    fn a_parameter_that_is_not_utf8_maps_to_nothing() {
        assert!(mapping(&["/{a}"]).unwrap().find("/%ff").is_none());
    }
}
