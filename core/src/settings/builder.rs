use std::time::Duration;

use super::{InvalidSettings, SlowConsumerPolicy, WebSocketSettings};

/// Collects settings; see the methods of [`WebSocketSettings`] for their meaning and defaults.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is set until `build`"]
pub struct WebSocketSettingsBuilder {
    settings: WebSocketSettings,
}

macro_rules! with {
    ($($with:ident, $field:ident: $type:ty;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](WebSocketSettings::", stringify!($field), ").")]
        pub fn $with(mut self, $field: $type) -> Self {
            self.settings.$field = $field;
            self
        }
    )*};
}

impl WebSocketSettingsBuilder {
    with! {
        with_max_message_size, max_message_size: usize;
        with_max_frame_size, max_frame_size: usize;
        with_max_fragments, max_fragments: usize;
        with_read_buffer_size, read_buffer_size: usize;
        with_inbound_buffer_size, inbound_buffer_size: usize;
        with_inbound_messages, inbound_messages: usize;
        with_outbound_buffer_size, outbound_buffer_size: usize;
        with_outbound_messages, outbound_messages: usize;
        with_slow_consumer, slow_consumer: SlowConsumerPolicy;
        with_handshake_timeout, handshake_timeout: Duration;
        with_closing_deadline, closing_deadline: Duration;
        with_handler_grace, handler_grace: Duration;
        with_control_frames, control_frames: bool;
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`InvalidSettings`] names the first setting that cannot be honoured.
    pub fn build(self) -> Result<WebSocketSettings, InvalidSettings> {
        let settings = self.settings;
        let sizes = [
            ("max_message_size", settings.max_message_size, 1),
            ("max_frame_size", settings.max_frame_size, 1),
            ("max_fragments", settings.max_fragments, 1),
            ("read_buffer_size", settings.read_buffer_size, 512),
            ("inbound_buffer_size", settings.inbound_buffer_size, 1),
            ("inbound_messages", settings.inbound_messages, 1),
            ("outbound_buffer_size", settings.outbound_buffer_size, 1),
            ("outbound_messages", settings.outbound_messages, 1),
        ];
        for (name, value, least) in sizes {
            if value < least {
                return Err(InvalidSettings::TooSmall { name, value, least });
            }
            if value > isize::MAX as usize {
                return Err(InvalidSettings::TooLarge { name, value });
            }
        }
        if settings.max_frame_size > settings.max_message_size {
            return Err(InvalidSettings::FrameOverMessage {
                frame: settings.max_frame_size,
                message: settings.max_message_size,
            });
        }
        let slow = match settings.slow_consumer {
            SlowConsumerPolicy::Close { after } => Some(after),
            _ => None,
        };
        let times = [
            ("handshake_timeout", Some(settings.handshake_timeout)),
            ("closing_deadline", Some(settings.closing_deadline)),
            ("slow_consumer", slow),
        ];
        for (name, time) in times {
            if time.is_some_and(|time| time.is_zero()) {
                return Err(InvalidSettings::NoTime(name));
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(
            WebSocketSettings::builder().build(),
            Ok(WebSocketSettings::default())
        );
    }

    #[test]
    fn an_error_names_the_setting() {
        let error = WebSocketSettings::builder()
            .with_read_buffer_size(10)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("read_buffer_size"), "{error}");
        let error = WebSocketSettings::builder()
            .with_max_message_size(100)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("max_frame_size"), "{error}");
    }
}
