use switchwire_core::InvalidCors;

/// Why a pattern cannot be mapped.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the pattern {pattern:?} cannot be mapped: {reason}")]
pub struct InvalidMapping {
    pattern: String,
    reason: Reason,
}

impl InvalidMapping {
    pub(super) fn new(pattern: &str, reason: Reason) -> Self {
        Self {
            pattern: pattern.to_owned(),
            reason,
        }
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Reason {
    #[error("it must begin with a slash, as every path of a request does")]
    NoSlash,
    #[error("no path of a request contains {0:?}; write it percent-encoded, and leave a query out")]
    NoPath(char),
    #[error("the parameter {0:?} occurs twice")]
    Twice(String),
    #[error("{0}")]
    Pattern(matchit::InsertError),
    #[error("the subprotocol {0:?} is not a token")]
    Subprotocol(String),
    #[error("its CORS configuration contradicts that of {with:?}: {source}")]
    Cors { with: String, source: InvalidCors },
    #[error("another mapping of the same order has a fallback, too")]
    Fallback,
}
