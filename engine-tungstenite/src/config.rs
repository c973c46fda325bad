//! The engine's configuration, from the settings of an endpoint.

use switchwire_core::WebSocketSettings;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The engine fills the buffer with zeros before each read, so a large one costs more than it gives.
const READ_BUFFER: usize = 8 << 10;

/// The engine's configuration with the limits of an endpoint, for a stream that is made for a
/// session: the sizes of messages and frames, and a small read buffer.
///
/// [`TungsteniteTransport`](crate::TungsteniteTransport) cannot change the configuration of a stream
/// that exists.
#[must_use]
pub fn config(settings: &WebSocketSettings) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(settings.read_buffer_size().min(READ_BUFFER))
        .max_message_size(Some(settings.max_message_size()))
        .max_frame_size(Some(settings.max_frame_size()))
}
