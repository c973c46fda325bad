//! Frames on the wire, without I/O ([RFC 6455 section 5](https://www.rfc-editor.org/rfc/rfc6455#section-5)).
//!
//! The rarer headers are parsed by tungstenite. Messages, limits, UTF-8 and buffers are done here, so that they are the
//! same on every server and memory grows with what has arrived, never with what was announced.

mod decoder;
mod encoder;
mod mask;
mod pool;
mod spare;

pub(crate) use self::decoder::MAX_HEADER;
pub use self::{decoder::Decoder, encoder::Encoder, pool::release_unused};
