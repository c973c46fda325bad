use http::HeaderName;

/// Why a [`ClientRequest`](crate::ClientRequest) is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The text is not a URL.
    #[error("the url is malformed; it looks like wss://example.com/path")]
    Url,
    /// The URL has a character that must be percent-encoded.
    #[error("the url has a control character, a blank or a letter beyond ascii; percent-encode it")]
    Character,
    /// The scheme is neither `ws` nor `wss`.
    #[error("the scheme of the url is not ws or wss")]
    Scheme,
    /// The URL names no host.
    #[error("the url names no host")]
    Host,
    /// The port is invalid.
    #[error("the port of the url is not a number from 1 to 65535")]
    Port,
    /// The URL has a user name.
    #[error("the url has a user name or a password; set the authorization header instead")]
    UserInfo,
    /// The URL has a fragment, which has no meaning for a WebSocket.
    #[error("the url has a fragment; a websocket's has none, write %23 for a number sign")]
    Fragment,
    /// The method is not GET.
    #[error("the method of a handshake is get")]
    Method,
    /// The name of a header is invalid.
    #[error("a header's name is no token")]
    HeaderName,
    /// The value of this header has invalid characters.
    #[error("the value of {0} has a control character")]
    HeaderValue(HeaderName),
    /// The header belongs to the handshake itself.
    #[error("{0} is set by the handshake itself")]
    ReservedHeader(HeaderName),
    /// The application set `Host` twice.
    #[error("host was set twice")]
    RepeatedHost,
    /// The name of a cookie is not a token, or its value has invalid characters.
    #[error("a cookie has a character that cookies cannot have; encode it")]
    Cookie,
    /// A subprotocol is not a token.
    #[error("the subprotocol {0:?} is no token")]
    Subprotocol(String),
    /// The application offered a subprotocol twice.
    #[error("the subprotocol {0:?} was offered twice")]
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
