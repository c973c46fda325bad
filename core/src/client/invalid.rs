use http::HeaderName;

/// What is wrong with a [`ClientRequest`](crate::ClientRequest).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// It cannot be read as a URL.
    #[error("the url is malformed; it looks like wss://example.com/path")]
    Url,
    /// A character stands there that a URL has only percent-encoded.
    #[error("the url has a control character, a blank or a letter beyond ascii; percent-encode it")]
    Character,
    /// The scheme is another than `ws` and `wss`.
    #[error("the scheme of the url is not ws or wss")]
    Scheme,
    /// The URL names no host.
    #[error("the url names no host")]
    Host,
    /// The port is invalid.
    #[error("the port of the url is not a number from 1 to 65535")]
    Port,
    /// A user name stands in the URL.
    #[error("the url has a user name or a password; set the authorization header instead")]
    UserInfo,
    /// The URL has a fragment, which means nothing to a WebSocket.
    #[error("the url has a fragment; a websocket's has none, write %23 for a number sign")]
    Fragment,
    /// The method is another than GET.
    #[error("the method of a handshake is get")]
    Method,
    /// The name of a header is invalid.
    #[error("a header's name is no token")]
    HeaderName,
    /// The value of a header has characters that none has.
    #[error("the value of {0} has a control character")]
    HeaderValue(HeaderName),
    /// The header belongs to the handshake itself.
    #[error("{0} is set by the handshake itself")]
    ReservedHeader(HeaderName),
    /// `Host` was set twice.
    #[error("host was set twice")]
    RepeatedHost,
    /// A cookie's name is no token, or its value has characters that none has.
    #[error("a cookie has a character that cookies cannot have; encode it")]
    Cookie,
    /// A subprotocol is no token.
    #[error("the subprotocol {0:?} is no token")]
    Subprotocol(String),
    /// A subprotocol was offered twice.
    #[error("the subprotocol {0:?} was offered twice")]
    RepeatedSubprotocol(String),
}

impl InvalidRequest {
    /// Why this text is no URL.
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
