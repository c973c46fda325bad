use std::time::Duration;

use switchwire_core::{RatePolicy, SlowConsumerPolicy, WebSocketSettings};

use super::choices::Choices;

/// The unit of time of a script: the finest that timers tell apart.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// The longest that a script lets the clock jump, in ticks.
pub(super) const JUMPS: [u32; 5] = [1, 2, 5, 12, 40];

pub(super) fn choose(choices: &mut Choices<'_>) -> WebSocketSettings {
    let slow_consumer = choices.of(&[
        SlowConsumerPolicy::Wait,
        SlowConsumerPolicy::Close { after: 6 * TICK },
        SlowConsumerPolicy::DropNewest,
        SlowConsumerPolicy::DropOldest,
    ]);
    WebSocketSettings::builder()
        .with_inbound_messages(choices.of(&[256, 4, 1]))
        .with_inbound_buffer_size(choices.of(&[64 << 10, 1_000, 1]))
        .with_outbound_messages(choices.of(&[1_024, 4, 1]))
        .with_outbound_buffer_size(choices.of(&[256 << 10, 20 << 10, 100]))
        .with_slow_consumer(slow_consumer)
        // The first ping comes after a random part of the interval; a tick hides which.
        .with_ping_interval(choices.of(&[None, Some(TICK)]))
        .with_pong_timeout(choices.of(&[8, 3]) * TICK)
        .with_idle_timeout(choices.of(&[None, None, Some(8 * TICK)]))
        .with_max_session_age(choices.of(&[None, None, None, Some(30 * TICK)]))
        .with_max_messages_per_second(choices.of(&[None, None, Some(2_000)]))
        .with_max_pings_per_second(choices.of(&[None, None, None, Some(500)]))
        .with_rate_policy(choices.of(&[RatePolicy::Wait, RatePolicy::Close]))
        .with_closing_deadline(choices.of(&[5, 2]) * TICK)
        .with_handler_grace(choices.of(&[7, 0, 1]) * TICK)
        .with_control_frames(choices.of(&[false, true]))
        .build()
        .expect("every choice is valid")
}
