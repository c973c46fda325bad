use std::time::{Duration, Instant};

use switchwire_core::{RatePolicy, WebSocketSettings, spi::ReadSummary};

use crate::connection::after;

/// Limits how fast a peer may send. It reads the clock once per read.
#[derive(Debug)]
pub(super) struct Rates {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
    pings: Option<Bucket>,
    waits: bool,
}

/// What a peer may send now. It refills over time, up to the amount of one second.
#[derive(Debug)]
struct Bucket {
    per_second: f64,
    left: f64,
    at: Instant,
}

/// The result of charging a read.
#[derive(Debug, PartialEq)]
pub(super) enum Rated {
    Allowed,
    /// Nothing may be read until this time.
    ReadFrom(Instant),
    /// The last message exceeded the limit.
    MessageOver,
    BytesOver,
    /// Only this many pings were allowed.
    PingsOver(usize),
}

impl Rates {
    /// The limits of the settings, if there are any.
    pub(super) fn new(settings: &WebSocketSettings, now: Instant) -> Option<Box<Self>> {
        let limits = [
            settings.max_messages_per_second(),
            settings.max_bytes_per_second(),
            settings.max_pings_per_second(),
        ];
        if limits.iter().all(Option::is_none) {
            return None;
        }
        let [messages, bytes, pings] =
            limits.map(|limit| limit.map(|limit| Bucket::new(limit, now)));
        Some(Box::new(Self {
            messages,
            bytes,
            pings,
            waits: settings.rate_policy() == RatePolicy::Wait,
        }))
    }

    /// How many messages and bytes may be read at once. A policy that closes allows one more, to
    /// detect the excess.
    pub(super) fn allowance(&self) -> (usize, usize) {
        let whole = |bucket: &Option<Bucket>| match bucket {
            // Rounding down is intended.
            Some(bucket) => (bucket.left as usize).max(1),
            None => usize::MAX,
        };
        (whole(&self.messages), whole(&self.bytes))
    }

    /// Charges a read.
    pub(super) fn charge(&mut self, received: ReadSummary, pings: usize, now: Instant) -> Rated {
        if let Some(bucket) = &mut self.pings
            && pings > 0
        {
            let allowed = bucket.refill(now) as usize;
            if pings > allowed {
                return Rated::PingsOver(allowed);
            }
            bucket.left -= pings as f64;
        }
        let mut read_from = now;
        if let Some(bucket) = &mut self.messages
            && received.messages > 0
        {
            bucket.refill(now);
            bucket.left -= received.messages as f64;
            if bucket.left < 0.0 && !self.waits {
                return Rated::MessageOver;
            }
            read_from = read_from.max(bucket.reaches(1.0));
        }
        if let Some(bucket) = &mut self.bytes {
            bucket.refill(now);
            bucket.left -= received.bytes as f64;
            if bucket.left < 0.0 && !self.waits {
                return Rated::BytesOver;
            }
            // Waits for at least a tenth of a second's worth, not for every byte.
            if bucket.left < 1.0 {
                read_from = read_from.max(bucket.reaches((bucket.per_second / 10.0).max(1.0)));
            }
        }
        if self.waits && read_from > now {
            Rated::ReadFrom(read_from)
        } else {
            Rated::Allowed
        }
    }

    /// Refills the amount for the time in which nothing was read.
    pub(super) fn refill(&mut self, now: Instant) {
        for bucket in [&mut self.messages, &mut self.bytes].into_iter().flatten() {
            bucket.refill(now);
        }
    }
}

impl Bucket {
    fn new(per_second: usize, now: Instant) -> Self {
        let per_second = per_second as f64;
        Self {
            per_second,
            left: per_second,
            at: now,
        }
    }

    fn refill(&mut self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        self.at = now;
        self.left
    }

    /// When this amount is available.
    fn reaches(&self, amount: f64) -> Instant {
        let missing = (amount - self.left).max(0.0);
        // Adds a millisecond against rounding, so that the amount is surely enough.
        let wait = Duration::try_from_secs_f64(missing / self.per_second).unwrap_or(Duration::MAX);
        after(
            self.at,
            wait.saturating_add(Duration::from_micros(u64::from(missing > 0.0))),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rates(policy: RatePolicy) -> Rates {
        let settings = WebSocketSettings::builder()
            .with_max_messages_per_second(10)
            .with_max_bytes_per_second(1_000)
            .with_max_pings_per_second(2)
            .with_rate_policy(policy)
            .build()
            .unwrap();
        *Rates::new(&settings, Instant::now()).unwrap()
    }

    fn received(messages: usize, bytes: usize) -> ReadSummary {
        let mut received = ReadSummary::default();
        (received.messages, received.bytes) = (messages, bytes);
        received
    }

    #[test]
    fn without_limits_there_is_nothing_to_account_for() {
        assert!(Rates::new(&WebSocketSettings::default(), Instant::now()).is_none());
    }

    #[test]
    fn a_second_of_messages_may_come_at_once_and_then_they_wait() {
        let mut rates = rates(RatePolicy::Wait);
        let now = rates.messages.as_ref().unwrap().at;
        assert_eq!(rates.allowance().0, 10);
        assert_eq!(rates.charge(received(9, 9), 0, now), Rated::Allowed);
        let Rated::ReadFrom(at) = rates.charge(received(1, 1), 0, now) else {
            panic!("there is nothing left");
        };
        let wait = at - now;
        assert!(wait >= SECOND / 10 && wait < SECOND / 9, "{wait:?}");
        rates.refill(at);
        assert_eq!(rates.allowance().0, 1);
        rates.refill(now + 60 * SECOND);
        assert_eq!(rates.allowance().0, 10, "no more than a second is saved up");
    }

    #[test]
    fn a_debt_of_bytes_is_waited_for() {
        let mut rates = rates(RatePolicy::Wait);
        let now = rates.bytes.as_ref().unwrap().at;
        let Rated::ReadFrom(at) = rates.charge(received(1, 3_000), 0, now) else {
            panic!("more than a second's worth came");
        };
        assert!(at - now >= 2 * SECOND && at - now < 3 * SECOND);
    }

    #[test]
    fn a_closing_policy_lets_one_more_in_to_see_it() {
        let mut rates = rates(RatePolicy::Close);
        let now = rates.messages.as_ref().unwrap().at;
        assert_eq!(rates.charge(received(10, 10), 0, now), Rated::Allowed);
        assert_eq!(rates.allowance().0, 1);
        assert_eq!(rates.charge(received(1, 1), 0, now), Rated::MessageOver);
        assert_eq!(rates.charge(received(0, 2_000), 0, now), Rated::BytesOver);
    }

    #[test]
    fn pings_over_the_limit_are_counted() {
        let mut rates = rates(RatePolicy::Wait);
        let now = rates.pings.as_ref().unwrap().at;
        assert_eq!(rates.charge(received(0, 0), 1, now), Rated::Allowed);
        assert_eq!(rates.charge(received(0, 0), 3, now), Rated::PingsOver(1));
    }
}
