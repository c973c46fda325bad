use http::HeaderName;

/// Why a [`ClientRequest`](crate::ClientRequest) is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The text is not a URL.
    #[error("this is not a URL; write it like wss://example.com/path")]
    Url,
    /// The URL has a character that must be percent-encoded.
    #[error(
        "the URL has a space, a control character or a letter that is not ASCII; percent-encode it, and write such a host name in its xn-- form"
    )]
    Character,
    /// The scheme is neither `ws` nor `wss`.
    #[error("the URL must start with ws:// or wss://")]
    Scheme,
    /// The URL names no host.
    #[error("the URL has no host; write it like wss://example.com/path")]
    Host,
    /// The port is invalid.
    #[error("the port in the URL must be a number from 1 to 65535")]
    Port,
    /// The URL has a user name.
    #[error(
        "the URL has a user name or a password; remove it, and set the Authorization header instead"
    )]
    UserInfo,
    /// The URL has a fragment, which has no meaning for a WebSocket.
    #[error(
        "the URL has a fragment, which is the part from # on; remove it, or write %23 for a # that belongs to the path"
    )]
    Fragment,
    /// The method is not GET.
    #[error("the method of the request must be GET")]
    Method,
    /// The name of a header is invalid.
    #[error(
        "the name of a header may have only letters, digits and some of the punctuation, such as - and _"
    )]
    HeaderName,
    /// The value of this header has invalid characters.
    #[error(
        "the value of the header {0} has a character that headers cannot have, such as a line break; remove or encode it"
    )]
    HeaderValue(HeaderName),
    /// The header belongs to the handshake itself.
    #[error("the client sets the header {0} itself; leave it out")]
    ReservedHeader(HeaderName),
    /// The application set `Host` twice.
    #[error("the Host header is set twice; set it once")]
    RepeatedHost,
    /// The name of a cookie is not a token, or its value has invalid characters.
    #[error(
        "a cookie has a character that cookies cannot have, such as a space, a comma or a semicolon; percent-encode it"
    )]
    Cookie,
    /// A subprotocol is not a token.
    #[error("the subprotocol {0:?} is not a token: letters, digits and some of the punctuation")]
    Subprotocol(String),
    /// The application offered a subprotocol twice.
    #[error("the subprotocol {0:?} is offered twice; offer it once")]
    RepeatedSubprotocol(String),
}

impl InvalidRequest {
    /// Says why this text is not a URL.
    pub(super) fn for_url(url: &str) -> Self {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Self::Character;
        }
        match url.split_once("://") {
            Some((_, rest)) if rest.is_empty() || rest.starts_with(['/', '?']) => Self::Host,
            _ => Self::Url,
        }
    }
}
