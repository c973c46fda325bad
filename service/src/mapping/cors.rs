use std::sync::Arc;

use switchwire_core::CorsConfiguration;

use super::error::Reason;

/// CORS configurations by URL pattern.
///
/// When either is mapped, the mapping checks that no configuration contradicts a handler's.
/// Combining them for a request can therefore not fail.
#[derive(Clone, Default)]
pub(super) struct CorsMapping {
    router: matchit::Router<usize>,
    entries: Vec<(String, Arc<CorsConfiguration>)>,
}

impl CorsMapping {
    /// Adds a configuration, after comparing it with those of the mapped handlers.
    pub(super) fn insert<'a>(
        &mut self,
        pattern: &str,
        cors: CorsConfiguration,
        handlers: impl Iterator<Item = (&'a str, &'a CorsConfiguration)>,
    ) -> Result<(), Reason> {
        self.router
            .insert(pattern, self.entries.len())
            .map_err(Reason::Pattern)?;
        self.entries.push((pattern.to_owned(), Arc::new(cors)));
        for (with, handlers) in handlers {
            self.check_handler(with, handlers)
                .map_err(|reason| match reason {
                    Reason::Cors { source, .. } => Reason::Cors {
                        with: with.to_owned(),
                        source,
                    },
                    other => other,
                })?;
        }
        Ok(())
    }

    /// Checks that a handler's configuration can be combined with every one that may apply to its
    /// paths.
    pub(super) fn check_handler(
        &self,
        pattern: &str,
        handlers: &CorsConfiguration,
    ) -> Result<(), Reason> {
        let is_path = !pattern.contains(['{', '}']);
        let own = is_path.then(|| self.router.at(pattern).ok().map(|found| *found.value));
        for (at, (with, cors)) in self.entries.iter().enumerate() {
            let applies = match own {
                Some(own) => own == Some(at),
                None => overlap(pattern, with),
            };
            if applies {
                cors.combine(handlers).map_err(|source| Reason::Cors {
                    with: with.clone(),
                    source,
                })?;
            }
        }
        Ok(())
    }

    /// The configuration of a path, combined with the handler's.
    pub(super) fn find(
        &self,
        path: &str,
        handlers: Option<&CorsConfiguration>,
    ) -> Option<Arc<CorsConfiguration>> {
        let own = self
            .router
            .at(path)
            .ok()
            .map(|found| &self.entries[*found.value].1);
        match (own, handlers) {
            (None, None) => None,
            (Some(own), None) => Some(own.clone()),
            (None, Some(handlers)) => Some(Arc::new(handlers.clone())),
            (Some(own), Some(handlers)) => Some(Arc::new(own.combine(handlers).unwrap_or_else(|error| {
                tracing::error!(%error, "no origin is allowed: two CORS configurations contradict each other");
                CorsConfiguration::default()
            }))),
        }
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (String, CorsConfiguration)> {
        let entries = self.entries.into_iter();
        entries.map(|(pattern, cors)| (pattern, Arc::unwrap_or_clone(cors)))
    }
}

/// Whether some path may match both patterns. A segment with a parameter counts as matching any
/// segment.
fn overlap(one: &str, two: &str) -> bool {
    let (mut one, mut two) = (one.split('/'), two.split('/'));
    loop {
        let (one, two) = (one.next(), two.next());
        match (one, two) {
            (None, None) => return true,
            (Some(segment), _) | (_, Some(segment)) if segment.starts_with("{*") => return true,
            (Some(one), Some(two)) if one == two || one.contains('{') || two.contains('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_when_a_path_may_have_both() {
        for (one, two, expected) in [
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/a/{b}", "/a/c", true),
            ("/a/{b}", "/a/{c}/d", false),
            ("/a/{b}", "/{*rest}", true),
            ("/{*rest}", "/a/b/c", true),
            ("/a/{*rest}", "/b/{c}", false),
            ("/a/{b}", "/b/{*rest}", false),
            ("/a/{*rest}", "/{b}/c", true),
        ] {
            assert_eq!(overlap(one, two), expected, "{one} and {two}");
            assert_eq!(overlap(two, one), expected, "{two} and {one}");
        }
    }
}
