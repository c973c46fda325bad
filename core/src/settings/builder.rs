use std::time::Duration;

use super::{InvalidSettings, RatePolicy, SlowConsumerPolicy, WebSocketSettings};

/// Builds [`WebSocketSettings`]. The methods of [`WebSocketSettings`] give the meaning and the
/// default of each setting.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is set until `build`"]
pub struct WebSocketSettingsBuilder {
    settings: WebSocketSettings,
    has_frame_size: bool,
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

/// Setters of optional settings: `with_x(value)` and `with_x(None)`.
macro_rules! with_optional {
    ($($with:ident, $field:ident: $type:ty;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](WebSocketSettings::", stringify!($field), "), or turns it off with `None`.")]
        pub fn $with(mut self, $field: impl Into<Option<$type>>) -> Self {
            self.settings.$field = $field.into();
            self
        }
    )*};
}

impl WebSocketSettingsBuilder {
    with_optional! {
        with_max_messages_per_second, max_messages_per_second: usize;
        with_max_bytes_per_second, max_bytes_per_second: usize;
        with_max_pings_per_second, max_pings_per_second: usize;
        with_ping_interval, ping_interval: Duration;
        with_idle_timeout, idle_timeout: Duration;
        with_max_session_age, max_session_age: Duration;
        with_max_sessions, max_sessions: usize;
        with_max_sessions_per_address, max_sessions_per_address: usize;
    }

    with! {
        with_max_message_size, max_message_size: usize;
        with_max_fragments, max_fragments: usize;
        with_read_buffer_size, read_buffer_size: usize;
        with_inbound_buffer_size, inbound_buffer_size: usize;
        with_inbound_messages, inbound_messages: usize;
        with_outbound_buffer_size, outbound_buffer_size: usize;
        with_outbound_messages, outbound_messages: usize;
        with_slow_consumer, slow_consumer: SlowConsumerPolicy;
        with_rate_policy, rate_policy: RatePolicy;
        with_pong_timeout, pong_timeout: Duration;
        with_handshake_timeout, handshake_timeout: Duration;
        with_closing_deadline, closing_deadline: Duration;
        with_handler_grace, handler_grace: Duration;
        with_answer_grace, answer_grace: Duration;
        with_answer_grace_after_close, answer_grace_after_close: Duration;
        with_message_timeout, message_timeout: Duration;
        with_control_frames, control_frames: bool;
        with_ipv6_prefix_length, ipv6_prefix_length: u8;
        with_max_request_head_size, max_request_head_size: usize;
    }

    /// Sets [`max_frame_size`](WebSocketSettings::max_frame_size). Without it, a smaller
    /// `max_message_size` is the limit for frames, too.
    pub fn with_max_frame_size(mut self, max_frame_size: usize) -> Self {
        self.settings.max_frame_size = max_frame_size;
        self.has_frame_size = true;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`InvalidSettings`] names the first invalid setting.
    pub fn build(self) -> Result<WebSocketSettings, InvalidSettings> {
        let mut settings = self.settings;
        if !self.has_frame_size {
            settings.max_frame_size = settings.max_frame_size.min(settings.max_message_size);
        }
        let sizes = [
            ("max_message_size", settings.max_message_size, 1),
            ("max_frame_size", settings.max_frame_size, 1),
            ("max_fragments", settings.max_fragments, 1),
            ("read_buffer_size", settings.read_buffer_size, 512),
            ("inbound_buffer_size", settings.inbound_buffer_size, 1),
            ("inbound_messages", settings.inbound_messages, 1),
            ("outbound_buffer_size", settings.outbound_buffer_size, 1),
            ("outbound_messages", settings.outbound_messages, 1),
            ("max_request_head_size", settings.max_request_head_size, 1),
        ];
        let optional = [
            ("max_messages_per_second", settings.max_messages_per_second),
            ("max_bytes_per_second", settings.max_bytes_per_second),
            ("max_pings_per_second", settings.max_pings_per_second),
            ("max_sessions", settings.max_sessions),
            (
                "max_sessions_per_address",
                settings.max_sessions_per_address,
            ),
        ];
        let optional = optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?, 1)));
        for (name, value, least) in sizes.into_iter().chain(optional) {
            if value < least {
                return Err(InvalidSettings::TooSmall { name, value, least });
            }
            // No allocation can be larger. The read buffer is allocated once per thread, with the
            // first session.
            let most = match name {
                "read_buffer_size" => 16 << 20,
                _ => isize::MAX as usize,
            };
            if value > most {
                return Err(InvalidSettings::TooLarge { name, value, most });
            }
        }
        if !(1..=128).contains(&settings.ipv6_prefix_length) {
            return Err(InvalidSettings::NoPrefix(settings.ipv6_prefix_length));
        }
        if settings.max_frame_size > settings.max_message_size {
            return Err(InvalidSettings::FrameOverMessage {
                frame: settings.max_frame_size,
                message: settings.max_message_size,
            });
        }
        let times = [
            ("handshake_timeout", Some(settings.handshake_timeout)),
            ("closing_deadline", Some(settings.closing_deadline)),
            ("slow_consumer", settings.slow_consumer.closes_after()),
            ("ping_interval", settings.ping_interval),
            ("pong_timeout", Some(settings.pong_timeout)),
            ("idle_timeout", settings.idle_timeout),
            ("max_session_age", settings.max_session_age),
            ("message_timeout", Some(settings.message_timeout)),
            ("handler_grace", Some(settings.handler_grace)),
            ("answer_grace", Some(settings.answer_grace)),
            (
                "answer_grace_after_close",
                Some(settings.answer_grace_after_close),
            ),
        ];
        for (name, time) in times {
            match time {
                Some(time) if time < LEAST && !name.contains("grace") => {
                    return Err(InvalidSettings::NoTime(name));
                }
                Some(time) if time > MOST => return Err(InvalidSettings::TooLong(name)),
                _ => {}
            }
        }
        Ok(settings)
    }
}

/// The shortest time that a timer can measure.
const LEAST: Duration = Duration::from_millis(1);

/// The longest time that any clock can be set to.
const MOST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

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
    fn a_smaller_limit_for_messages_holds_for_frames() {
        let settings = WebSocketSettings::builder().with_max_message_size(100);
        assert_eq!(settings.build().unwrap().max_frame_size(), 100);
        let settings = WebSocketSettings::builder().with_max_message_size(16 << 20);
        assert_eq!(settings.build().unwrap().max_frame_size(), 1 << 20);
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
            .with_max_frame_size(101)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("max_frame_size"), "{error}");
    }

    #[test]
    fn times_and_rates_that_nothing_could_meet_are_refused_in_words() {
        let refused = |set: fn(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder| {
            let error = set(WebSocketSettings::builder()).build().unwrap_err();
            error.to_string()
        };
        for (told, expected) in [
            (
                refused(|settings| settings.with_ping_interval(Duration::ZERO)),
                "ping_interval is under a millisecond; nothing could meet it",
            ),
            (
                refused(|settings| settings.with_pong_timeout(Duration::ZERO)),
                "pong_timeout is under a millisecond; nothing could meet it",
            ),
            (
                refused(|settings| settings.with_idle_timeout(Duration::ZERO)),
                "idle_timeout is under a millisecond; nothing could meet it",
            ),
            (
                refused(|settings| settings.with_max_session_age(Duration::MAX)),
                "max_session_age is over ten years, the most that clocks are set to",
            ),
            (
                refused(|settings| {
                    let after = Duration::ZERO;
                    settings.with_slow_consumer(SlowConsumerPolicy::Close { after })
                }),
                "slow_consumer is under a millisecond; nothing could meet it",
            ),
            (
                refused(|settings| settings.with_max_messages_per_second(0)),
                "max_messages_per_second is 0, it must be at least 1",
            ),
            (
                refused(|settings| settings.with_ipv6_prefix_length(0)),
                "ipv6_prefix_length is 0, it must be 1 to 128",
            ),
            (
                refused(|settings| settings.with_ipv6_prefix_length(129)),
                "ipv6_prefix_length is 129, it must be 1 to 128",
            ),
        ] {
            assert_eq!(told, expected);
        }
        let without = WebSocketSettings::builder().with_ping_interval(None);
        assert_eq!(without.build().unwrap().ping_interval(), None);
    }
}
