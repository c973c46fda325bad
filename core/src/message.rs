//! The messages of a session.

use bytes::Bytes;
use bytestring::ByteString;

/// One whole message, or one control frame other than Close
/// ([RFC 6455 section 5.6](https://www.rfc-editor.org/rfc/rfc6455#section-5.6)).
///
/// Payloads are reference counted: a clone of a message shares its payload.
///
/// ```
/// use switchwire_core::WebSocketMessage;
///
/// let message = WebSocketMessage::from("hello");
/// assert_eq!(message.as_text(), Some("hello"));
/// assert_eq!(message.len(), 5);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketMessage {
    /// Text, checked to be UTF-8.
    Text(ByteString),
    /// Arbitrary bytes.
    Binary(Bytes),
    /// A ping, with at most 125 bytes of application data. The driver answers the pings of the
    /// peer. A handler sees them only when its settings ask for control frames.
    Ping(Bytes),
    /// A pong, with at most 125 bytes of application data.
    Pong(Bytes),
}

impl WebSocketMessage {
    /// The text, if this is a text message.
    #[must_use]
    #[inline]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) | Self::Ping(_) | Self::Pong(_) => None,
        }
    }

    /// The payload of a message of any kind.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &Bytes {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(payload) | Self::Ping(payload) | Self::Pong(payload) => payload,
        }
    }

    /// Takes the payload out of the message, without a copy.
    #[must_use]
    #[inline]
    pub fn into_payload(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(payload) | Self::Ping(payload) | Self::Pong(payload) => payload,
        }
    }

    /// The length of the payload in bytes.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.payload().len()
    }

    /// Whether the payload is empty. An empty message is a message.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is a text message.
    #[must_use]
    #[inline]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether this is a binary message.
    #[must_use]
    #[inline]
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// Whether this is a ping or a pong.
    #[must_use]
    #[inline]
    pub fn is_control(&self) -> bool {
        matches!(self, Self::Ping(_) | Self::Pong(_))
    }
}

impl From<&'static str> for WebSocketMessage {
    fn from(text: &'static str) -> Self {
        Self::Text(ByteString::from_static(text))
    }
}

impl From<String> for WebSocketMessage {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<ByteString> for WebSocketMessage {
    fn from(text: ByteString) -> Self {
        Self::Text(text)
    }
}

impl From<Bytes> for WebSocketMessage {
    fn from(payload: Bytes) -> Self {
        Self::Binary(payload)
    }
}

impl From<Vec<u8>> for WebSocketMessage {
    fn from(payload: Vec<u8>) -> Self {
        Self::Binary(payload.into())
    }
}

impl From<&'static [u8]> for WebSocketMessage {
    fn from(payload: &'static [u8]) -> Self {
        Self::Binary(Bytes::from_static(payload))
    }
}
