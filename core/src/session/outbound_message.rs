//! A message on its way to the driver: one session's own, or one that many sessions send.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::{foreign::discard, message::WebSocketMessage};

/// A message that was accepted for sending.
#[derive(Debug, Clone)]
pub enum OutboundMessage {
    /// One that this session alone sends.
    Single(WebSocketMessage),
    /// One that many sessions send.
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

    /// The message as one of its own.
    #[must_use]
    pub fn into_message(self) -> WebSocketMessage {
        match self {
            Self::Single(message) => message,
            Self::Shared(shared) => shared.message().clone(),
        }
    }
}

/// A message that many sessions send. The first session that writes it makes its frame, and the others write the same
/// bytes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SharedMessage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` only while it is dropped.
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

    /// The whole frame as a server writes it without extensions, made by `encode` when it is asked for first.
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
    /// The payload may be the application's, with code of its own for this.
    fn drop(&mut self) {
        discard(self.message.take());
    }
}
