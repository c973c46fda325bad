//! The check of a pattern.

use super::error::Reason;

/// Checks that a path of a request can match the pattern, and that each parameter has its own name.
/// The router has its own checks.
pub(super) fn check(pattern: &str) -> Result<(), Reason> {
    if !pattern.starts_with('/') {
        return Err(Reason::NoSlash);
    }
    let mut names = Vec::new();
    let mut rest = pattern;
    while let Some((path, after)) = rest.split_once('{') {
        check_path(path)?;
        let Some((name, after)) = after.split_once('}') else {
            return Ok(()); // an error of the router
        };
        if names.contains(&name) {
            return Err(Reason::Twice(name.to_owned()));
        }
        names.push(name);
        rest = after;
    }
    check_path(rest)
}

fn check_path(path: &str) -> Result<(), Reason> {
    let is_wrong = |c: &char| !c.is_ascii_graphic() || "?#".contains(*c);
    path.chars()
        .find(is_wrong)
        .map_or(Ok(()), |c| Err(Reason::NoPath(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_no_path_can_match_is_an_error() {
        for (pattern, reason) in [
            ("", "begin with a slash"),
            ("chat", "begin with a slash"),
            ("*", "begin with a slash"),
            ("{name}", "begin with a slash"),
            ("/a?b", "contains '?'"),
            ("/a#b", "contains '#'"),
            ("/{a}/a b", "contains ' '"),
            ("/caf\u{e9}", "contains '\u{e9}'"),
            ("/{a}/{b}/{a}", "\"a\" occurs twice"),
        ] {
            let error = check(pattern).unwrap_err().to_string();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
        for pattern in ["/", "/caf%C3%A9", "/{a}/{b}", "/~a!$&'()*+,;=:@/{*rest}"] {
            assert!(check(pattern).is_ok(), "{pattern}");
        }
    }
}
