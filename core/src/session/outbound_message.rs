//! A message on its way to the driver: one that a single session sends, or one that many sessions
//! send.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::{foreign::discard, message::WebSocketMessage};

/// A message that was accepted for sending.
#[derive(Debug, Clone)]
pub enum OutboundMessage {
    /// A message that only this session sends.
    Single(WebSocketMessage),
    /// A message that many sessions send.
    Shared(SharedMessage),
}

impl OutboundMessage {
    /// The message.
    #[must_use]
    #[inline]
    pub fn message(&self) -> &WebSocketMessage {
        match self {
            Self::Single(message) => message,
            Self::Shared(shared) => shared.message(),
        }
    }

    /// Turns it into a message of this session alone.
    #[must_use]
    pub fn into_message(self) -> WebSocketMessage {
        match self {
            Self::Single(message) => message,
            Self::Shared(shared) => shared.message().clone(),
        }
    }
}

/// A message that many sessions send. The first session that writes it makes its frame; the others
/// write the same bytes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SharedMessage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` only while it is being dropped.
    message: Option<WebSocketMessage>,
    frame: OnceLock<Bytes>,
}

impl SharedMessage {
    /// Shares a message.
    #[must_use]
    pub fn new(message: WebSocketMessage) -> Self {
        Self(Arc::new(Inner {
            message: Some(message),
            frame: OnceLock::new(),
        }))
    }

    /// The message.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    #[inline]
    pub fn message(&self) -> &WebSocketMessage {
        self.0.message.as_ref().expect("it is not being dropped")
    }

    /// The whole frame as a server without extensions writes it. `encode` makes it on the first
    /// call.
    #[inline]
    pub fn frame(&self, encode: impl FnOnce(&WebSocketMessage) -> Bytes) -> &Bytes {
        self.0.frame.get_or_init(|| encode(self.message()))
    }
}

impl PartialEq for SharedMessage {
    fn eq(&self, other: &Self) -> bool {
        self.message() == other.message()
    }
}

impl Eq for SharedMessage {}

impl Drop for Inner {
    /// The payload may belong to the application, and then its `Drop` is the application's code.
    fn drop(&mut self) {
        discard(self.message.take());
    }
}
